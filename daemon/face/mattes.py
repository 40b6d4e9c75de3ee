"""The mattes of a film: who is the person in each of a clip's pictures, found once and kept.

``mattes.jpg`` lies in the clip's folder and holds them one after another, each a grey JPEG, as
``frames.jpg`` holds the pictures; ``mattes.npy`` tells where each ends, and is written last.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from daemon.face.kept_pictures import KeptPictures
from daemon.face.matte import cleaned
from daemon.files import atomic_write
from daemon.media import Image

if TYPE_CHECKING:
    from daemon.face.clip import Clip

QUALITY = 90  # of the JPEGs: what it changes in a matte is not seen
PICTURES, ENDS = "mattes.jpg", "mattes.npy"


class Mattes:
    """The mattes in a clip's folder."""

    def __init__(self, directory: Path, count: int) -> None:
        """Open them; ``ValueError`` or ``OSError`` where they are damaged."""
        self._kept = KeptPictures(directory / PICTURES, np.load(directory / ENDS), count)

    def matte(self, number: int) -> Image:
        """Return how much of each pixel is the person, (h, w). Raises ``DamagedPicture``."""
        found = self._kept.picture(number, cv2.IMREAD_GRAYSCALE)
        return cleaned(found)


def mattes_of(directory: Path, count: int) -> Mattes | None:
    """Return the mattes in a clip's folder; ``None`` where there are none."""
    return Mattes(directory, count) if (directory / ENDS).is_file() else None


def write_mattes(
    clip: "Clip",
    directory: Path,
    matte_of: Callable[[Image], Image],
    went_on: Callable[[float], None],
) -> None:
    """Find the person in every picture of a clip; ``StorageError``."""
    ends: list[int] = []
    with atomic_write(directory / PICTURES) as part, part.open("wb") as file:
        for number in range(len(clip)):
            matte = matte_of(clip.picture(number))
            made, data = cv2.imencode(".jpg", matte, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
            assert made
            file.write(data.tobytes())
            ends.append(file.tell())
            went_on((number + 1) / len(clip))
    with atomic_write(directory / ENDS) as part, part.open("wb") as file:
        np.save(file, np.array(ends, np.int64))
