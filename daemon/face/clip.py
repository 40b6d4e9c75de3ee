"""A filmed or photographed face that is ready to be shown: what ``prepare.py`` has made of it.

A clip is a folder. ``frames.jpg`` holds all pictures one after another, each a JPEG, so that any of
them is there in a few milliseconds while half a minute weighs megabytes instead of gigabytes, and
the system keeps in memory only what is shown. ``clip.npz`` tells where each begins, and where the
face is in it; ``faces.npy`` holds the small faces that Wav2Lip looks at.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from daemon.errors import SetupError
from daemon.i18n import tr
from daemon.media import Image

Floats = NDArray[np.float32]

VERSION = 1  # of the folder's layout
SIDE = 96  # pixels of the small faces
QUALITY = 93  # of the JPEGs: no difference is seen beside the film they were taken from


class Clip:
    """Pictures at a steady rate, with a face in each."""

    def __init__(self, directory: Path) -> None:
        """Open a clip; ``SetupError`` when it is damaged or of another version."""
        try:
            with np.load(directory / "clip.npz", allow_pickle=False) as kept:
                if int(kept["version"]) != VERSION:
                    raise ValueError(f"version {kept['version']}")
                self._ends = kept["ends"]
                self.points: Floats = kept["points"]
                """Where the face's points are, (n, 468, 2), in pixels."""
                self.boxes: Floats = kept["boxes"]
                """What Wav2Lip sees of each picture, (n, 4): left, top, right, bottom."""
                self.runs: list[tuple[int, int]] = [(int(a), int(b)) for a, b in kept["runs"]]
                """Stretches of pictures that follow each other: first, and one past the last."""
                self.fps = float(kept["fps"])
            self._pictures = np.memmap(directory / "frames.jpg", np.uint8, "r")
            self._faces = np.load(directory / "faces.npy", mmap_mode="r", allow_pickle=False)
            if len(self._pictures) != self._ends[-1] or len(self._faces) != len(self._ends):
                raise ValueError("frames.jpg")
            height, width = self.picture(0).shape[:2]
        except (OSError, ValueError, KeyError, IndexError, cv2.error) as error:
            raise SetupError(
                tr("The clip in {path} is damaged, or was prepared by another version.").format(
                    path=directory
                ),
                tr("remove the face and add it again"),
            ) from error
        self.size = width, height

    def __len__(self) -> int:
        return len(self._ends)

    def picture(self, number: int) -> Image:
        """Return a picture; it is the caller's own."""
        begin = int(self._ends[number - 1]) if number else 0
        kept = np.asarray(self._pictures[begin : int(self._ends[number])])
        found = cv2.imdecode(kept, cv2.IMREAD_COLOR_RGB)
        if found is None:
            raise ValueError(f"picture {number}")
        return np.asarray(found, np.uint8)

    def face(self, number: int) -> NDArray[np.uint8]:
        """Return the small face of a picture, (96, 96, 3) RGB."""
        return np.asarray(self._faces[number])


class ClipWriter:
    """Writes a clip's folder; the caller gives it its name when it is whole."""

    def __init__(self, directory: Path, fps: float) -> None:
        self._directory, self._fps = directory, fps
        directory.mkdir(parents=True, exist_ok=True)
        self._file = (directory / "frames.jpg").open("wb")
        self._ends: list[int] = []

    def add(self, image: Image) -> None:
        """Append a picture (RGB)."""
        made, data = cv2.imencode(".jpg", image[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
        assert made
        self._file.write(data.tobytes())
        self._ends.append(self._file.tell())

    def picture(self, number: int) -> Image:
        """Return a picture that has been added."""
        self._file.flush()
        begin = self._ends[number - 1] if number else 0
        with (self._directory / "frames.jpg").open("rb") as file:
            file.seek(begin)
            data = np.frombuffer(file.read(self._ends[number] - begin), np.uint8)
        return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR_RGB), np.uint8)

    def finish(self, found: "Found") -> None:
        """Write what was found in the pictures."""
        faces = [_cut(self.picture(i), box) for i, box in enumerate(found.boxes)]
        self.close()
        np.save(self._directory / "faces.npy", np.stack(faces))
        arrays: dict[str, Any] = {
            "version": VERSION, "ends": np.array(self._ends, np.int64), "fps": self._fps,
            "points": found.points, "boxes": found.boxes, "runs": np.array(found.runs, np.int64),
        }  # fmt: skip
        np.savez(self._directory / "clip.npz", **arrays)

    def close(self) -> None:
        """Close the file."""
        self._file.close()


@dataclass(frozen=True, slots=True)
class Found:
    """Where the face is in a clip's pictures; the fields are those of ``Clip``."""

    points: Floats
    boxes: Floats
    runs: list[tuple[int, int]]


def _cut(image: Image, box: Floats) -> NDArray[np.uint8]:
    """Return what is in ``box`` as a small face."""
    scale_x, scale_y = SIDE / (box[2] - box[0]), SIDE / (box[3] - box[1])
    shrink = max(1.0, 0.5 / max(scale_x, scale_y))
    if shrink > 1:  # warpAffine does not average
        image = np.asarray(
            cv2.resize(image, None, fx=1 / shrink, fy=1 / shrink, interpolation=cv2.INTER_AREA)
        )
        box, scale_x, scale_y = box / shrink, scale_x * shrink, scale_y * shrink
    matrix = np.array(
        [
            [scale_x, 0, -box[0] * scale_x + scale_x / 2 - 0.5],
            [0, scale_y, -box[1] * scale_y + scale_y / 2 - 0.5],
        ],
        np.float32,
    )
    blurred = cv2.GaussianBlur(image, (0, 0), 0.4 / scale_x) if scale_x < 0.9 else image
    return np.asarray(
        cv2.warpAffine(
            blurred, matrix, (SIDE, SIDE), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        ),
        np.uint8,
    )
