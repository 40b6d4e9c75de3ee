"""S3FD, the face detector that Wav2Lip was trained behind; slow, so used only while adding a clip.

Zhang et al., 2017, "S³FD: Single shot scale-invariant face detector", arXiv:1708.05237.
"""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from daemon.face.detection import Box
from daemon.face.engine import OpenVinoNetwork, Precision, engine_file
from daemon.media import Image
from daemon.store.engines import engines_directory

Floats = NDArray[np.float32]

MEAN = np.array([104, 117, 123], np.float32)  # taken from blue, green and red
SURE = 0.5  # probability above which a guess is a face
WORTH = 0.05  # probability above which a guess is looked at
SAME = 0.3
MAX_SIDE_PX = 480  # pixels a picture is shrunk to: a face that talks to a camera is large


class S3FD:
    """The detector; ``path`` is its checkpoint. Raises ``SetupError``."""

    def __init__(
        self, path: Path, engines: Path | None = None, precision: Precision = "auto"
    ) -> None:
        file = engine_file(path, _convert, engines or engines_directory())
        self._engine = OpenVinoNetwork(file, precision)

    def outputs(self, image: Image) -> list[Floats]:
        """Return the network's twelve outputs for a picture (RGB), as it is."""
        seen = image[:, :, ::-1].astype(np.float32) - MEAN
        return self._engine(np.ascontiguousarray(seen.transpose(2, 0, 1)[None]))

    def find(self, image: Image) -> list[Box]:
        """Return the faces in a picture, the largest first."""
        scale = min(1.0, MAX_SIDE_PX / max(image.shape[:2]))
        small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        found = guesses(self.outputs(np.asarray(small, np.uint8)))
        kept: list[Box] = []
        for row in found[np.argsort(-found[:, 4])]:
            left, top, right, bottom = (float(value) / scale for value in row[:4])
            box = Box(left, top, right, bottom, float(row[4]))
            if box.score > SURE and all(box.overlap(other) <= SAME for other in kept):
                kept.append(box)
        return sorted(kept, key=lambda box: -box.area)


def guesses(outputs: list[Floats]) -> Floats:
    """Return boxes worth looking at, (n, 5): left, top, right, bottom, probability."""
    found = []
    for scale in range(len(outputs) // 2):
        classes, places = outputs[2 * scale][0], outputs[2 * scale + 1][0]
        face = 1 / (1 + np.exp(np.clip(classes[0] - classes[1], -80, 80)))
        rows, columns = np.nonzero(face > WORTH)
        stride = 4 << scale
        middle = np.stack([columns, rows], 1) * stride + stride / 2
        place = places[:, rows, columns].T
        size = stride * 4 * np.exp(np.clip(place[:, 2:] * 0.2, -80, 80))
        corner = middle + place[:, :2] * 0.1 * (stride * 4) - size / 2
        found.append(np.concatenate([corner, corner + size, face[rows, columns][:, None]], axis=1))
    return np.concatenate(found).astype(np.float32)


def _convert(checkpoint: Path, to: Path) -> None:
    from daemon.face.s3fd_network import convert

    convert(checkpoint, to)
