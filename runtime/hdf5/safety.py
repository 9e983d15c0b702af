"""What is checked before anything is read: a file may come from anyone.

HDF5 can do more than hold arrays. A link may lead into another file, a data set may keep its
numbers in any file of the host or be composed of other files, and a few bytes can declare
terabytes. Keras writes none of these, so a file that holds them is refused.
"""

from __future__ import annotations

from collections.abc import Sequence

import h5py
from h5py import h5d, h5l  # pyright: ignore[reportAttributeAccessIssue]  # not in its stubs

from kir.errors import FileFormatError, KirError, UnsafeFileError

SIZE_LIMIT = 1 << 30
"""Declared bytes up to which arrays are read however little of them is stored."""

RATIO_LIMIT = 1000
"""Declared over stored bytes beyond which a large file is refused; deflate reaches about 1000."""

ATTRIBUTE_ELEMENTS = 1 << 20
"""Elements that an attribute may declare; 64 kB hold a sixteenth of that."""

_LINK_NAMES = {h5l.TYPE_SOFT: "soft link", h5l.TYPE_EXTERNAL: "external link"}


def check_links(group: h5py.Group) -> None:
    """Refuses a group that holds, at any depth, something other than hard links.

    Raises:
        UnsafeFileError: names the first such link.
    """
    # One walk in C over the whole tree; looking each name up by itself costs ten times as much.
    found = group.id.links.visit(_other_than_hard, info=True)
    if found is not None:
        name, kind = found
        raise UnsafeFileError(
            f"{name!r} in {_where(group)} is {kind}, which can lead into other files; Keras files "
            "have none. Copy the data into the file itself (h5repack does not; h5py's `copy` with "
            "expand_soft=True, expand_external=True does)."
        )


def _other_than_hard(name: bytes, info: h5l.LinkInfo) -> tuple[str, str] | None:
    if info.type == h5l.TYPE_HARD:
        return None
    return name.decode(errors="replace"), "a " + _LINK_NAMES.get(info.type, "user-defined link")


def check_attributes(group: h5py.Group) -> None:
    """Refuses a group with an attribute that declares an absurd number of elements."""
    for name in group.attrs:
        shape = group.attrs.get_id(name).shape
        count = 1
        for size in shape:
            count *= size
        if count > ATTRIBUTE_ELEMENTS:
            raise UnsafeFileError(
                f"Attribute {name!r} of {group.name!r} in {_where(group)} declares {count} "
                f"elements; at most {ATTRIBUTE_ELEMENTS} are read."
            )


def check_datasets(datasets: Sequence[h5py.Dataset]) -> None:
    """Refuses data sets that are not plain arrays of numbers inside the file, or far too large.

    Raises:
        UnsafeFileError: names the data set.
        FileFormatError: the file is damaged.
    """
    declared = stored = 0
    for dataset in datasets:
        try:
            _check_plain(dataset)
            declared += dataset.nbytes
            stored += dataset.id.get_storage_size()
        except KirError:
            raise
        except (OSError, RuntimeError, KeyError, TypeError, ValueError) as error:
            raise FileFormatError(
                f"{_where(dataset)} is damaged: the type of {dataset.name!r} cannot be read "
                f"({error}). Copy it again or take an earlier checkpoint."
            ) from error
    if declared > SIZE_LIMIT and declared > RATIO_LIMIT * stored:
        raise UnsafeFileError(
            f"The data sets of {_where(datasets[-1])} declare {declared} bytes, but only {stored} "
            "are stored for them. The file is damaged or made to exhaust the memory; save it again."
        )


def _check_plain(dataset: h5py.Dataset) -> None:
    properties = dataset.id.get_create_plist()
    if properties.get_external_count() > 0:
        fault = "keeps its values in another file (external storage)"
    elif properties.get_layout() == h5d.VIRTUAL:
        fault = "is composed of other data sets (virtual layout)"
    elif dataset.dtype.kind not in "biufc":
        fault = f"holds {dataset.dtype}, not numbers"
    elif dataset.shape is None:
        fault = "holds no array"
    else:
        return
    raise UnsafeFileError(
        f"Data set {dataset.name!r} of {_where(dataset)} {fault}; a weight is an array of numbers "
        "inside the file. Save the weights again with `save_weights`."
    )


def _where(item: h5py.Group | h5py.Dataset) -> str:
    name = item.file.filename
    return repr(name.decode(errors="replace") if isinstance(name, bytes) else str(name))
