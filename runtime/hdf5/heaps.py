"""A check of the heaps in which HDF5 keeps text, before the library reads them.

The library walks through the objects of a heap by the sizes that they declare. A free object of
size 0 in the middle, which only a damaged file has, makes it walk on the spot for ever.
"""

from __future__ import annotations

import mmap
import struct

from kir.errors import FileFormatError

_SIGNATURE = b"GCOL"
_PREFIX = struct.Struct("<4sB3sQ")  # signature, version, zeros, size of the whole heap
_OBJECT = struct.Struct("<HHIQ")  # number (0: free space), references, zeros, size


def check_heaps(content: bytes | mmap.mmap, name: str) -> None:
    """Refuses a file with a heap that the library would never finish reading.

    Args:
        content: all bytes of an HDF5 file.
        name: of the file, for messages.

    Raises:
        FileFormatError: there is such a heap.
    """
    at = content.find(_SIGNATURE)
    while at >= 0:
        if not _is_finite(content, at):
            raise FileFormatError(
                f"{name} is damaged: its heap of texts at byte {at} has an object without a size. "
                "Copy it again or take an earlier checkpoint."
            )
        at = content.find(_SIGNATURE, at + 1)


def _is_heap(content: bytes | mmap.mmap, at: int) -> bool:
    """Whether the bytes are a heap's, and not numbers that look like its signature."""
    if at + _PREFIX.size > len(content):
        return False
    _, version, zeros, _ = _PREFIX.unpack_from(content, at)
    return version == 1 and not any(zeros)


def _is_finite(content: bytes | mmap.mmap, at: int) -> bool:
    if not _is_heap(content, at):
        return True
    size = _PREFIX.unpack_from(content, at)[3]
    end = min(at + size, len(content))
    position = at + _PREFIX.size
    while position + _OBJECT.size <= end:
        number, _, _, size = _OBJECT.unpack_from(content, position)
        # A free object's size includes its header, others' are rounded up to words.
        step = size if number == 0 else _OBJECT.size + (size + 7) // 8 * 8
        if step == 0 or step >= 1 << 63:
            return False
        position += step
    return True
