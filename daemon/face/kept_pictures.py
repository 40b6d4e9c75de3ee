"""Pictures in one file, one JPEG after another, read when they are shown.

They are not mapped: a disk that fails would end the process.
"""

import errno
import os
import weakref
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from daemon.media import Image

_JPEG = b"\xff\xd8\xff\xd9"  # how one begins and ends


class DamagedPicture(Exception):
    """A picture of a clip cannot be read."""


class KeptBytes:
    """A file that stays open as long as this is used; any thread may read."""

    def __init__(self, path: Path) -> None:
        self._handle = os.open(path, os.O_RDONLY)
        self._finish = weakref.finalize(self, os.close, self._handle)
        self.size = os.fstat(self._handle).st_size

    def read(self, begin: int, count: int) -> bytes:
        """Return ``count`` bytes from ``begin`` on; ``OSError`` when there are fewer."""
        found = os.pread(self._handle, count, begin)
        if len(found) != count:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return found


class KeptPictures:
    """The pictures of such a file."""

    def __init__(self, path: Path, ends: NDArray[np.int64], count: int) -> None:
        """Open it; ``ValueError`` unless ``ends`` tells where each of ``count`` pictures ends."""
        self._ends, self._bytes = ends, KeptBytes(path)
        agreed = (
            ends.shape == (count,)
            and count > 0
            and (np.diff(ends, prepend=0) >= len(_JPEG)).all()
            and self._bytes.size == ends[-1]
        )
        if not agreed:
            raise ValueError(path.name)
        for begin, end in pairwise([0, *ends.tolist()]):
            if self._bytes.read(begin, 2) + self._bytes.read(end - 2, 2) != _JPEG:
                raise ValueError(path.name)

    def picture(self, number: int, flags: int = cv2.IMREAD_COLOR_RGB) -> Image:
        """Return a picture, decoded as OpenCV's ``flags`` say. Raises ``DamagedPicture``."""
        begin = int(self._ends[number - 1]) if number else 0
        try:
            kept = np.frombuffer(self._bytes.read(begin, int(self._ends[number]) - begin), np.uint8)
            found = cv2.imdecode(kept, flags)
        except (OSError, cv2.error) as error:
            raise DamagedPicture(number) from error
        if found is None:
            raise DamagedPicture(number)
        return np.asarray(found, np.uint8)
