"""A check of the heaps in which HDF5 keeps text, before the library reads them.

The library walks through the objects of a heap by the sizes that they declare. A free object of
size 0 in the middle, which only a damaged file has, makes it walk on the spot for ever. An
attribute refers to a text by its length, the heap's address and its number there; the library takes
memory for that length, up to 4 GiB, before it looks at the heap.
"""

from __future__ import annotations

import mmap
import struct

import numpy as np

from kir.errors import FileFormatError, UnsafeFileError

_SIGNATURE = b"GCOL"
_PREFIX = struct.Struct("<4sB3sQ")  # signature, version, zeros, size of the whole heap
_OBJECT = struct.Struct("<HHIQ")  # number (0: free space), references, zeros, size
_REFERENCE = struct.Struct("<IQI")  # length of the text, address of the heap, number in it
_UNDEFINED = 0xFFFFFFFF  # undefined addresses are all ones, and stand beside others

_Content = bytes | mmap.mmap


def check_heaps(content: _Content, name: str) -> None:
    """Refuses a file with texts that the library could not read in bounded time and memory.

    Args:
        content: all bytes of an HDF5 file.
        name: of the file, for messages.

    Raises:
        FileFormatError: a heap would never be read to its end.
        UnsafeFileError: a text is declared to be longer than it is.
    """
    heaps: dict[int, dict[int, int]] = {}
    at = content.find(_SIGNATURE)
    while at >= 0:
        if _is_heap(content, at):
            heaps[at] = _objects(content, at, name)
        at = content.find(_SIGNATURE, at + 1)
    if heaps:
        _check_references(content, heaps, name)


def _is_heap(content: _Content, at: int) -> bool:
    """Whether the bytes are a heap's, and not numbers that look like its signature."""
    if at + _PREFIX.size > len(content):
        return False
    _, version, zeros, _ = _PREFIX.unpack_from(content, at)
    return version == 1 and not any(zeros)


def _objects(content: _Content, at: int, name: str) -> dict[int, int]:
    """The sizes of a heap's objects by their numbers."""
    found: dict[int, int] = {}
    end = min(at + _PREFIX.unpack_from(content, at)[3], len(content))
    position = at + _PREFIX.size
    while position + _OBJECT.size <= end:
        number, _, _, size = _OBJECT.unpack_from(content, position)
        # A free object's size includes its header, others' are rounded up to words.
        step = size if number == 0 else _OBJECT.size + (size + 7) // 8 * 8
        if step == 0 or step >= 1 << 63:
            raise FileFormatError(
                f"{name} is damaged: its heap of texts at byte {at} has an object without a size. "
                "Copy it again or take an earlier checkpoint."
            )
        if number:
            found[number] = size
        position += step
    return found


def _check_references(content: _Content, heaps: dict[int, dict[int, int]], name: str) -> None:
    """Compares the length in each reference with that of the text; references are aligned."""
    for at in _places_of(content, heaps):
        if at + _REFERENCE.size > len(content):
            continue
        length, heap, number = _REFERENCE.unpack_from(content, at)
        size = heaps[heap].get(number)
        if size is None:
            is_long = 0 < number < 1 << 16 and len(content) < length < _UNDEFINED
        else:
            is_long = length > size
        if is_long:
            raise UnsafeFileError(
                f"{name} declares a text of {length} bytes at byte {at}, which it does not hold. "
                "The file is damaged or made to exhaust the memory; save it again."
            )


def _places_of(content: _Content, heaps: dict[int, dict[int, int]]) -> list[int]:
    """Where references to heaps may start: four bytes before an address."""
    # In a function of its own: a map of a file cannot be closed while an array looks into it.
    words = np.frombuffer(content, "<u8", max(0, len(content) - 4) // 8, offset=4)
    # Most numbers are no addresses in the file, so that few are looked at one by one.
    places = np.flatnonzero((words >= min(heaps)) & (words <= max(heaps)))
    found: list[int] = (8 * places[np.isin(words[places], list(heaps))]).tolist()
    return found
