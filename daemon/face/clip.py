"""A filmed or photographed face that is ready to be shown: what ``prepare.py`` has made of it.

A clip is a folder. ``frames.jpg`` holds all pictures one after another, each a JPEG, so that any of
them is there in a few milliseconds while half a minute weighs megabytes instead of gigabytes, and
the system keeps in memory only what is shown. ``clip.npz`` tells where each begins, and where the
face is in it; ``faces.npy`` holds the small faces that Wav2Lip looks at. A film has mattes, too
(``mattes.py``).
"""

from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from daemon.face.catalogue import NoFace
from daemon.face.kept_pictures import DamagedPicture, KeptBytes, KeptPictures
from daemon.face.mattes import mattes_of
from daemon.i18n import tr
from daemon.media import Image

Floats = NDArray[np.float32]

VERSION = 1  # of the folder's layout
SIDE = 96  # pixels of the small faces that are kept
FASTEST = 1000.0  # pictures a second
FACE_BYTES = SIDE * SIDE * 3
QUALITY = 93  # of the JPEGs: no difference is seen beside the film they were taken from


class Clip:
    """Pictures at a steady rate, with a face in each."""

    def __init__(self, directory: Path) -> None:
        """Open a clip; ``NoFace`` when it is damaged or of another version."""
        try:
            # From memory: numpy leaves a damaged file open.
            held = BytesIO((directory / "clip.npz").read_bytes())
            with np.load(held, allow_pickle=False) as kept:
                if int(kept["version"]) != VERSION:
                    raise ValueError(f"version {kept['version']}")
                ends = kept["ends"]
                self.points: Floats = kept["points"]
                """Where the face's points are, (n, 468, 2), in pixels."""
                self.boxes: Floats = kept["boxes"]
                """What Wav2Lip sees of each picture, (n, 4): left, top, right, bottom."""
                self.runs: list[tuple[int, int]] = [(int(a), int(b)) for a, b in kept["runs"]]
                """Stretches of pictures that follow each other: first, and one past the last."""
                self.fps = float(kept["fps"])
            self._pictures = KeptPictures(directory / "frames.jpg", ends, len(self.points))
            self._faces = KeptBytes(directory / "faces.npy")
            self.mattes = mattes_of(directory, len(self.points))
            """Who is the person in each picture; ``None`` where nobody has looked."""
            self._check()
            height, width = self.picture(0).shape[:2]
        # A damaged archive leads its reader into errors of any class.
        except Exception as error:
            raise NoFace(
                tr("The clip in {path} is damaged, or was prepared by another version.").format(
                    path=directory
                ),
                tr("remove the face and add it again"),
            ) from error
        self.size = width, height

    def _check(self) -> None:
        """Raise ``ValueError`` unless all parts agree with each other."""
        count = len(self)
        agreed = (
            self.points.shape == (count, 468, 2)
            and self.boxes.shape == (count, 4)
            and np.isfinite(self.points).all()
            and np.isfinite(self.boxes).all()
            and self.runs
            and all(0 <= first < end <= count for first, end in self.runs)
            and (count == 1 or 1 <= self.fps <= FASTEST)
            and self._faces.size >= count * FACE_BYTES
        )
        if not agreed:
            raise ValueError("clip.npz")

    def __len__(self) -> int:
        return len(self.points)

    def picture(self, number: int) -> Image:
        """Return a picture; it is the caller's own. Raises ``DamagedPicture``."""
        return self._pictures.picture(number)

    def face(self, number: int, side: int = SIDE) -> NDArray[np.uint8]:
        """Return the small face of a picture, (side, side, 3) RGB. Raises ``DamagedPicture``.

        Those of 96 pixels are kept; larger ones are cut out of the picture.
        """
        if side != SIDE:
            return cut_out(self.picture(number), self.boxes[number], side)
        place = self._faces.size - (len(self) - number) * FACE_BYTES  # behind numpy's header
        try:
            kept = self._faces.read(place, FACE_BYTES)
        except OSError as error:
            raise DamagedPicture(number) from error
        return np.frombuffer(kept, np.uint8).reshape(SIDE, SIDE, 3)


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

    def finish(self, found: "FaceTrack") -> None:
        """Write what was found in the pictures."""
        faces = [cut_out(self.picture(i), box) for i, box in enumerate(found.boxes)]
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
class FaceTrack:
    """Where the face is in a clip's pictures; the fields are those of ``Clip``."""

    points: Floats
    boxes: Floats
    runs: list[tuple[int, int]]


def cut_out(image: Image, box: Floats, side: int = SIDE) -> NDArray[np.uint8]:
    """Return what is in ``box`` as a small face."""
    scale_x, scale_y = side / (box[2] - box[0]), side / (box[3] - box[1])
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
            blurred, matrix, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        ),
        np.uint8,
    )
