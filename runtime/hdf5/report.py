"""What loading weights found: which of the model's weights the file had, and what was left over."""

from __future__ import annotations

from dataclasses import dataclass, field

from kir.errors import FileFormatError


@dataclass(repr=False)
class LoadReport:
    """The weights of a model and of a file, compared.

    Attributes:
        matched: names of the model's weights that were loaded.
        missing: names of those for which the file holds nothing; they are as they were.
        unused: names of arrays in the file that nothing took, as ``layer/array``.
        mismatched: names of weights of another shape or number than the file's; they are as they
            were.
    """

    matched: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    unused: list[str] = field(default_factory=list)
    mismatched: list[str] = field(default_factory=list)

    @property
    def is_complete(self) -> bool:
        """Whether every weight was loaded and every array used."""
        return not (self.missing or self.unused or self.mismatched)

    def require_complete(self) -> LoadReport:
        """The report itself, if the file and the model held the same.

        Raises:
            FileFormatError: they did not; says what differs.
        """
        if self.is_complete:
            return self
        raise FileFormatError(f"The weights and the model are not of the same layers. {self}")

    def __repr__(self) -> str:
        """Short, as a notebook shows what the last call of a cell returns."""
        return f"<{self}>"

    def __str__(self) -> str:
        """The counts, and the first names of what did not match."""
        parts = [f"{len(self.matched)} weights loaded"]
        for what, names in (
            ("missing from the file", self.missing),
            ("in the file and not used", self.unused),
            ("of another shape", self.mismatched),
        ):
            if names:
                shown = ", ".join(map(repr, names[:5])) + (", ..." if len(names) > 5 else "")
                parts.append(f"{len(names)} {what} ({shown})")
        return "; ".join(parts) + "."
