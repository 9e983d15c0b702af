"""Static shapes as programs for TensorFlow 1 read them: `x.get_shape()[1].value`."""

from __future__ import annotations

import math
from typing import Any, SupportsIndex, overload

from kir.errors import ShapeError


class Dimension(int):
    """A size that is known: an int that has it as `value` too."""

    __slots__ = ()

    @property
    def value(self) -> int:
        """The size as a plain int."""
        return int(self)


class UnknownDimension:
    """A size that is not known, which equals None."""

    __slots__ = ()
    value = None

    def __eq__(self, other: object) -> bool:
        return other is None or isinstance(other, UnknownDimension)

    def __hash__(self) -> int:
        return hash(None)

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "None"


_UNKNOWN = UnknownDimension()


def plain_sizes(shape: Any) -> tuple[int | None, ...]:
    """The sizes of a shape that a program gives as plain ints and None."""
    values = (getattr(n, "value", n) for n in shape)
    return tuple(None if n is None else int(n) for n in values)


class StaticShape(tuple[Any, ...]):
    """A tuple of sizes, None where one is not known, that also answers as `tf.TensorShape` did.

    Attributes:
        rank: the number of axes, or None.
    """

    rank: int | None

    def __new__(cls, sizes: Any) -> StaticShape:
        """Makes the shape of some sizes, or with None that of an unknown number of axes."""
        found = () if sizes is None else (None if n is None else Dimension(n) for n in sizes)
        made = super().__new__(cls, found)
        made.rank = None if sizes is None else len(made)
        return made

    @overload
    def __getitem__(self, key: SupportsIndex) -> Any: ...
    @overload
    def __getitem__(self, key: slice) -> StaticShape: ...
    def __getitem__(self, key: Any) -> Any:
        found = super().__getitem__(key)
        if isinstance(key, slice):
            return StaticShape(found)
        return _UNKNOWN if found is None else found

    @property
    def ndims(self) -> int | None:
        """The number of axes, or None."""
        return self.rank

    @property
    def dims(self) -> list[Any] | None:
        """The sizes, each with a `value`, or None."""
        return None if self.rank is None else [self[i] for i in range(len(self))]

    def as_list(self) -> list[int | None]:
        """The sizes as a list.

        Raises:
            ShapeError: the number of axes is not known.
        """
        if self.rank is None:
            raise ShapeError("as_list() is not defined on an unknown TensorShape.")
        return list(plain_sizes(self))

    def is_fully_defined(self) -> bool:
        """Whether every size is known."""
        return self.rank is not None and None not in tuple(self)

    def num_elements(self) -> int | None:
        """The number of elements, or None."""
        return math.prod(self) if self.is_fully_defined() else None

    def is_compatible_with(self, other: Any) -> bool:
        """Whether a tensor could have both shapes."""
        if self.rank is None or other is None or getattr(other, "rank", 0) is None:
            return True
        sizes = plain_sizes(other)
        return len(sizes) == len(self) and all(
            a is None or b is None or a == b for a, b in zip(self, sizes, strict=True)
        )

    def assert_is_compatible_with(self, other: Any) -> None:
        """Checks that a tensor could have both shapes.

        Raises:
            ShapeError: it could not.
        """
        if not self.is_compatible_with(other):
            raise ShapeError(f"Shapes {self} and {tuple(other)} are incompatible.")
