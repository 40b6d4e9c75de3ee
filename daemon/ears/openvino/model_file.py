"""The weights in a CTranslate2 model file, mapped and not copied.

The format is the one that CTranslate2's ``ModelSpec.save`` writes, version 6: a header, then for
each variable its name, shape, type and bytes, then names for the same bytes. Numbers are
little-endian.
"""

import mmap
import struct
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

VERSION = 6
SPEC = "WhisperSpec"
MAX_VARIABLES, MAX_RANK = 20_000, 8  # large-v3 has some 1,500, of at most three dimensions
_TYPES = (np.float32, np.int8, np.int16, np.int32, np.float16)
_PLAIN = (np.float16, np.float32)


class ModelFile:
    """One opened model; its arrays live as long as they are used."""

    def __init__(self, path: Path) -> None:
        """Map the file. Raises ``ValueError`` for what is none of Whisper's, ``OSError``."""
        with path.open("rb") as file:
            self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        self._bytes = memoryview(self._map)
        self._at = 0
        try:
            version, spec, _revision = self._number("I"), self._text(), self._number("I")
            if version != VERSION or spec != SPEC:
                raise ValueError(f"version {version} of {spec!r}")
            count = self._number("I")
            if count > MAX_VARIABLES:
                raise ValueError(f"{count} variables")
            self._variables = dict(self._variable() for _ in range(count))
        except (struct.error, IndexError, UnicodeDecodeError) as error:
            raise ValueError(f"not a whole model: {error}") from error

    def __contains__(self, name: str) -> bool:
        return name in self._variables

    def __getitem__(self, name: str) -> NDArray[np.float32]:
        """Return a weight as float32, in its own shape; ``ValueError`` if it is not there."""
        return self.mapped(name).astype(np.float32)

    def mapped(self, name: str) -> NDArray[np.float16 | np.float32]:
        """Return a weight as the file has it. ``ValueError`` for a missing or quantised one."""
        array = self._variables.get(name)
        if array is None:
            raise ValueError(f"it has no {name}")
        if array.dtype not in _PLAIN:
            raise ValueError(f"{name} is {array.dtype}")
        return array  # type: ignore[return-value]  # that was looked at just now

    def integer(self, name: str) -> int:
        """Return a setting of the network, such as its number of heads."""
        if name not in self._variables:
            raise ValueError(f"it has no {name}")
        return int(self._variables[name])

    def layers(self, part: str) -> int:
        """Return how many layers ``encoder`` or ``decoder`` has."""
        begin = f"{part}/layer_"
        numbers = {
            name[len(begin) :].partition("/")[0]
            for name in self._variables
            if name.startswith(begin)
        }
        return sum(number.isdecimal() for number in numbers)  # layer_norm is none

    def give_back(self) -> None:
        """Give the pages that were read back to the system; they are read again when needed."""
        self._map.madvise(mmap.MADV_DONTNEED)

    def _variable(self) -> tuple[str, NDArray[np.generic]]:
        name, rank = self._text(), self._number("B")
        if rank > MAX_RANK:
            raise ValueError(f"{name} has {rank} dimensions")
        shape = [self._number("I") for _ in range(rank)]
        kind, size = _TYPES[self._number("B")], self._number("I")
        data = np.frombuffer(self._take(size), kind)
        return name, data.reshape(shape)

    def _take(self, size: int) -> memoryview:
        piece = self._bytes[self._at : self._at + size]
        if len(piece) < size:
            raise ValueError("it ends too soon")
        self._at += size
        return piece

    def _number(self, form: str) -> int:
        (number,) = struct.unpack(f"<{form}", self._take(struct.calcsize(f"<{form}")))
        return int(number)

    def _text(self) -> str:
        return bytes(self._take(self._number("H"))).rstrip(b"\0").decode()
