"""Tensor types: an element type and a shape, written `f32[?,28,28,1]`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from kir.errors import DTypeError, ShapeError

Shape = tuple[int | None, ...]

# Every element type that TensorFlow and Keras programs name, and its short form in the text.
DTYPE_NAMES: dict[str, str] = {
    "float16": "f16",
    "bfloat16": "bf16",
    "float32": "f32",
    "float64": "f64",
    "int8": "i8",
    "int16": "i16",
    "int32": "i32",
    "int64": "i64",
    "uint8": "u8",
    "uint16": "u16",
    "uint32": "u32",
    "uint64": "u64",
    "bool": "bool",
    "complex64": "c64",
    "complex128": "c128",
    "string": "str",
}
DTYPES_BY_SHORT_NAME = {short: name for name, short in DTYPE_NAMES.items()}


def check_dtype(dtype: object) -> str:
    """Returns `dtype` as a dtype name such as ``'float32'``.

    Args:
        dtype: a name, a NumPy dtype or scalar class, or a TensorFlow dtype.

    Raises:
        DTypeError: it is no name, NumPy dtype or TensorFlow dtype that kir knows.
    """
    name = dtype if isinstance(dtype, str) else getattr(dtype, "name", None)
    if isinstance(name, str):
        name = name.removesuffix("_ref")  # TensorFlow 1's name of a variable's dtype
    if name not in DTYPE_NAMES:
        name = getattr(dtype, "__name__", name)  # a NumPy scalar class such as np.float32
    if name not in DTYPE_NAMES:
        raise DTypeError(f"Unknown dtype {dtype!r}; expected one of {', '.join(DTYPE_NAMES)}.")
    return str(name)


@dataclass(frozen=True, slots=True)
class TensorType:
    """The static type of a value.

    Attributes:
        dtype: the element type, a key of `DTYPE_NAMES`.
        shape: one size per axis, ``None`` where it is only known when the program runs;
            ``None`` instead of a tuple where not even the number of axes is known.
        sparse: whether the value is a sparse tensor.
    """

    dtype: str
    shape: Shape | None
    sparse: bool = False

    @property
    def rank(self) -> int | None:
        """The number of axes; None where it is unknown."""
        return None if self.shape is None else len(self.shape)

    @property
    def is_floating(self) -> bool:
        """Whether the elements are floating point numbers."""
        return "float" in self.dtype

    @property
    def is_static(self) -> bool:
        """Whether the size of every axis is known."""
        return self.shape is not None and None not in self.shape

    def with_shape(self, shape: Iterable[int | None] | None) -> TensorType:
        """The type with another shape; None is one of unknown rank."""
        return TensorType(self.dtype, None if shape is None else tuple(shape), self.sparse)

    def with_last(self, size: int | None) -> TensorType:
        """The type with another size of the last axis."""
        if not self.shape:
            raise ShapeError(f"{self} has no last axis.")
        return TensorType(self.dtype, (*self.shape[:-1], size), self.sparse)

    def with_dtype(self, dtype: str) -> TensorType:
        """The type with another dtype."""
        return TensorType(dtype, self.shape, self.sparse)

    def accepts(self, other: TensorType) -> bool:
        """Whether a value of type `other` may stand where this type is declared."""
        if self.dtype != other.dtype or self.sparse != other.sparse:
            return False
        if self.shape is None or other.shape is None:
            return True
        return len(self.shape) == len(other.shape) and all(
            a is None or b is None or a == b for a, b in zip(self.shape, other.shape, strict=True)
        )

    def __str__(self) -> str:
        if self.shape is None:
            dims = "*"
        else:
            dims = ",".join("?" if dim is None else str(dim) for dim in self.shape)
        prefix = "sparse " if self.sparse else ""
        return f"{prefix}{DTYPE_NAMES.get(self.dtype, self.dtype)}[{dims}]"
