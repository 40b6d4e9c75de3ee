"""The fields that files of protocol buffers are made of, read and written.

A message is a row of fields, each with a number, a kind and a content
(https://protobuf.dev/programming-guides/encoding).
"""

from collections.abc import Iterator

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
_FIXED_SIZES = {FIXED64: 8, FIXED32: 4}


def fields(content: memoryview) -> Iterator[tuple[int, "int | memoryview", memoryview]]:
    """Yield number, value and bytes of each field. Raises ``ValueError`` where there is none."""
    place = 0
    while place < len(content):
        begin = place
        key, place = varint(content, place)
        kind = key & 7
        value: int | memoryview
        if kind == VARINT:
            value, place = varint(content, place)
        else:
            if kind == BYTES:
                size, place = varint(content, place)
            elif kind in _FIXED_SIZES:
                size = _FIXED_SIZES[kind]
            else:
                raise ValueError("not a file of protocol buffers")
            value = content[place : place + size]
            place += size
            if place > len(content):
                raise ValueError("the file has been cut off")
        yield key >> 3, value, content[begin:place]


def varint(content: memoryview, place: int) -> tuple[int, int]:
    """Return the number of variable length at ``place``, and where the next thing begins."""
    value = shift = 0
    while place < len(content) and shift < 64:
        byte = content[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place
        shift += 7
    raise ValueError("the file has been cut off")


def message(value: "int | memoryview | bytes") -> memoryview:
    """Return the fields within a field. Raises ``ValueError`` where it is a number."""
    if isinstance(value, int):
        raise ValueError("a number where a part of the network was expected")
    return memoryview(value)


def field(number: int, content: bytes) -> bytes:
    """Write a field of bytes, text or other fields."""
    return written(number << 3 | BYTES) + written(len(content)) + content


def number_field(number: int, value: int) -> bytes:
    """Write a field that is a number, 0 or more."""
    return written(number << 3 | VARINT) + written(value)


def written(value: int) -> bytes:
    """Write a number of variable length."""
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*found, value])
