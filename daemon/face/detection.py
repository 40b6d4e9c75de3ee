"""Finds faces, and 468 points on a face: BlazeFace and Face Mesh, run by LiteRT.

BlazeFace (Bazarevsky et al., 2019, arXiv:1907.05047) in its short-range form; Face Mesh (Kartynnik
et al., 2019, arXiv:1907.06724). Both as MediaPipe publishes them; what is around the networks
follows their model cards.
"""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from daemon.errors import SetupError
from daemon.i18n import tr
from daemon.media import Image
from daemon.native import quiet_stderr

Floats = NDArray[np.float32]

SIDE = 128  # pixels, BlazeFace's input
ANCHORS = ((16, 2), (8, 6))  # cells a side, guesses a cell
SURE = 0.5  # probability above which a guess is a face
SAME = 0.3  # two guesses overlapping more than this are one face
MESH_SIDE = 192
MESH_SCALE = 1.5  # times the face's box that Face Mesh wants to see
POINTS = 468
LEFT_EYE, RIGHT_EYE = (33, 133), (263, 362)  # outer and inner corner, as seen in the picture
PRESENT = 0.5  # probability that what Face Mesh looked at is a face


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in pixels of a picture."""

    left: float
    top: float
    right: float
    bottom: float
    score: float = 1.0

    @property
    def area(self) -> float:
        """Square pixels."""
        return max(0.0, self.right - self.left) * max(0.0, self.bottom - self.top)

    def overlap(self, other: "Box") -> float:
        """Return the part that both share, of what either covers."""
        shared = Box(
            max(self.left, other.left), max(self.top, other.top),
            min(self.right, other.right), min(self.bottom, other.bottom),
        ).area  # fmt: skip
        return shared / max(self.area + other.area - shared, 1e-9)


@dataclass(frozen=True, slots=True)
class _Region:
    """A turned square of a picture."""

    x: float
    y: float
    side: float
    angle: float

    def matrix(self, size: int) -> Floats:
        """Return the map from the picture's pixels to those of a square of ``size``."""
        scale = size / self.side
        cos, sin = np.cos(self.angle) * scale, np.sin(self.angle) * scale
        half = size / 2
        return np.array(
            [
                [cos, sin, half - cos * self.x - sin * self.y],
                [-sin, cos, half + sin * self.x - cos * self.y],
            ],
            np.float32,
        )


class Detector:
    """Both networks; ``blazeface`` and ``mesh`` are their files. Raises ``SetupError``."""

    def __init__(self, blazeface: Path, mesh: Path) -> None:
        self._finder, self._mesh = load_network(blazeface), load_network(mesh)
        self._anchors = np.concatenate(
            [
                np.repeat(np.stack(np.meshgrid(middles, middles), -1).reshape(-1, 2), guesses, 0)
                for cells, guesses in ANCHORS
                for middles in [(np.arange(cells) + 0.5) / cells]
            ]
        ).astype(np.float32)

    def find(self, image: Image) -> list[Box]:
        """Return the faces in a picture, the largest first.

        A face that is small in the whole picture is looked for again in parts of it.
        """
        height, width = image.shape[:2]
        found = self._find(image, Box(0, 0, width, height))
        if not found:
            side = min(width, height) * 0.6
            for top in (0.0, (height - side) / 2, height - side):
                for left in np.linspace(0, width - side, 4 if width > height else 3):
                    found += self._find(
                        image, Box(float(left), top, float(left) + side, top + side)
                    )
        return sorted(_apart(found), key=lambda box: -box.area)

    def points(self, image: Image, box: Box) -> Floats | None:
        """Return the points (468, 2) of the face in ``box``; ``None`` if none is there.

        Looks twice: the second time at the face as it was found, upright.
        """
        region = _Region(
            (box.left + box.right) / 2,
            (box.top + box.bottom) / 2,
            MESH_SCALE * max(box.right - box.left, box.bottom - box.top),
            0.0,
        )
        first = self._points(image, region)
        return None if first is None else self.track(image, first)

    def track(self, image: Image, before: Floats) -> Floats | None:
        """Return the points (468, 2) of a face that was at ``before``; ``None`` if it has gone."""
        left, right = before[list(LEFT_EYE)].mean(0), before[list(RIGHT_EYE)].mean(0)
        angle = float(np.arctan2(right[1] - left[1], right[0] - left[0]))
        low, high = before.min(0), before.max(0)
        x, y = (low + high) / 2
        return self._points(
            image, _Region(float(x), float(y), MESH_SCALE * float(max(high - low)), angle)
        )

    def _find(self, image: Image, part: Box) -> list[Box]:
        side = max(part.right - part.left, part.bottom - part.top)
        region = _Region((part.left + part.right) / 2, (part.top + part.bottom) / 2, side, 0.0)
        seen = _seen(image, region, SIDE) / np.float32(127.5) - 1
        outputs = {output.shape[-1]: output[0] for output in run_network(self._finder, seen)}
        scores = 1 / (1 + np.exp(-np.clip(outputs[1][:, 0], -80, 80)))
        sure = np.flatnonzero(scores > SURE)
        guesses = outputs[16][sure, :4] / SIDE
        middles = guesses[:, :2] + self._anchors[sure]
        scale, x0, y0 = side, region.x - side / 2, region.y - side / 2
        boxes = []
        for (x, y), (w, h), score in zip(middles, guesses[:, 2:], scores[sure], strict=True):
            boxes.append(
                Box(
                    float(x0 + (x - w / 2) * scale),
                    float(y0 + (y - h / 2) * scale),
                    float(x0 + (x + w / 2) * scale),
                    float(y0 + (y + h / 2) * scale),
                    float(score),
                )
            )
        return _apart(boxes)

    def _points(self, image: Image, region: _Region) -> Floats | None:
        seen = _seen(image, region, MESH_SIDE) / np.float32(255)
        outputs = {output.size: output.ravel() for output in run_network(self._mesh, seen)}
        if 1 / (1 + np.exp(-float(outputs[1][0]))) < PRESENT:
            return None
        points = outputs[POINTS * 3].reshape(POINTS, 3)[:, :2]
        back = cv2.invertAffineTransform(region.matrix(MESH_SIDE))
        return np.asarray(points @ back[:, :2].T + back[:, 2], np.float32)


def _apart(boxes: list[Box]) -> list[Box]:
    """Keep the surest of boxes that are the same face."""
    kept: list[Box] = []
    for box in sorted(boxes, key=lambda box: -box.score):
        if all(box.overlap(other) < SAME for other in kept):
            kept.append(box)
    return kept


def _seen(image: Image, region: _Region, size: int) -> Floats:
    flags = cv2.INTER_AREA if region.side > size * 2 else cv2.INTER_LINEAR
    if region.side > size * 2:  # warpAffine does not average: shrink first
        scale = size * 1.5 / region.side
        image = np.asarray(cv2.resize(image, None, fx=scale, fy=scale, interpolation=flags))
        region = _Region(region.x * scale, region.y * scale, region.side * scale, region.angle)
    warped = cv2.warpAffine(image, region.matrix(size), (size, size), flags=cv2.INTER_LINEAR)
    return warped[None].astype(np.float32)


def load_network(path: Path) -> Interpreter:
    """Open a network of LiteRT; ``SetupError``."""
    try:
        with quiet_stderr():  # LiteRT tells of its delegate
            net = Interpreter(str(path), num_threads=1)
            net.allocate_tensors()
    except (OSError, ValueError, RuntimeError) as error:
        raise SetupError(
            tr("The model {path} cannot be read: {reason}").format(path=path, reason=error),
            "digital-life models verify",
        ) from error
    return net


def run_network(net: Interpreter, seen: Floats) -> list[Floats]:
    """Return a network's outputs."""
    net.set_tensor(net.get_input_details()[0]["index"], seen)
    net.invoke()
    return [net.get_tensor(detail["index"]) for detail in net.get_output_details()]
