"""Puts a small painted face into a large picture so that no box is seen around the mouth.

Only the lower face is taken, through a mask that follows the jaw and is soft at its edge. The paint
is given the light of the picture around the seam, the picture's own skin where it shows the same,
and, where it has fewer pixels than the picture, a little sharpness, for it would look like a blur.
"""

from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from daemon.face.footage import View, alignment
from daemon.media import Image

Floats = NDArray[np.float32]

# Face Mesh's points: the jaw from one ear to the other, then back over the cheeks below the nose.
JAW = (58, 172, 136, 150, 149, 176, 148, 152, 377, 400, 378, 379, 365, 397, 288)
CHEEKS = (352, 280, 425, 327, 2, 98, 205, 50, 123)
NOSE, CHIN, FOREHEAD = 2, 152, 10

SOFT = 0.045  # the width of the mask's edge, as a Gaussian's, in heights of the face
INWARD = (
    0.93  # the jaw's sides are drawn in by this towards the mouth, so that the edge stays on skin
)
BELOW = 0.03  # heights of the face that the mask reaches below the chin, which falls with the jaw
RIM = 1 / 32  # of the small face, over which the paint ends
SHARPEN = 0.6  # where a pixel of the paint covers two or more of the picture's
SHRINK = 1.4  # paint that is larger than its place by more than this is averaged down to it
SAME = 14.0  # levels: where paint and picture differ by less, the picture's own grain is kept
STEADY = 0.7  # kept of the last picture's light
GRID = 32  # samples a side of the part in which the light is compared


class Compositor:
    """Remembers the light from picture to picture, so that it does not flicker."""

    def __init__(self) -> None:
        self._light: Floats | None = None

    def paste(
        self, view: View, face: NDArray[np.uint8], box: Floats, points: Floats, weight: float
    ) -> None:
        """Paint ``face`` (side, side, 3) RGB into ``view``.

        It was made from what is in ``box`` of a picture whose face is at ``points``; where the head
        of ``view`` is elsewhere, it follows. ``weight`` 0 leaves the picture as it is.
        """
        if weight <= 0:
            self._light = None
            return
        left, top, right, bottom = region(view)
        if right - left < 8 or bottom - top < 8:
            return
        part = view.image[top:bottom, left:right]
        face = _fitting(face, box)
        to_part = _matrix(box, alignment(points, view.points), left, top, len(face))
        scale = float(np.sqrt(abs(np.linalg.det(to_part[:, :2]))))
        size = part.shape[1::-1]
        paint = cv2.warpAffine(
            face, to_part, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
        ).astype(np.float32)
        mask = mask_of(view, (left, top, right, bottom))
        mask *= cv2.warpAffine(_painted(len(face)), to_part, size, flags=cv2.INTER_LINEAR)
        own = part.astype(np.float32)
        paint += self._matched(own, paint, mask)
        paint = _with_grain(paint, own, scale)
        mask *= np.float32(min(weight, 1.0))
        own += (paint - own) * mask[:, :, None]
        np.clip(own + np.float32(0.5), 0, 255, out=own)
        part[:] = own.astype(np.uint8)

    def _matched(self, own: Floats, paint: Floats, mask: Floats) -> Floats:
        """Return the light to add: a plane for each colour, fitted where the seam is."""
        small = (GRID, GRID)
        a, b, m = (cv2.resize(x, small, interpolation=cv2.INTER_AREA) for x in (own, paint, mask))
        ring = (4 * m * (1 - m)).ravel()
        y, x = np.mgrid[-1 : 1 : GRID * 1j, -1 : 1 : GRID * 1j].astype(np.float32)
        planes = np.stack([np.ones(GRID * GRID, np.float32), x.ravel(), y.ravel()], 1)
        weighted = planes * ring[:, None]
        away = (a - b).reshape(-1, 3)
        normal = weighted.T @ planes + np.eye(3, dtype=np.float32) * 1e-3
        light = np.linalg.solve(normal, weighted.T @ away).astype(np.float32)
        if self._light is not None:
            light += (self._light - light) * np.float32(STEADY)
        self._light = light
        corners = (planes @ light).reshape(GRID, GRID, 3)[[0, 0, -1, -1], [0, -1, 0, -1]]
        return _plane(corners, own.shape[1], own.shape[0])


def region(view: View) -> tuple[int, int, int, int]:
    """Return the part of the picture that is painted: left, top, right, bottom."""
    points = view.points
    height = float(np.linalg.norm(points[CHIN] - points[FOREHEAD]))
    edge = points[[*JAW, *CHEEKS]]
    margin = 3 * SOFT * height
    left, top = np.floor(edge.min(0) - margin).astype(int)
    right, bottom = np.ceil(edge.max(0) + margin + [0, BELOW * height]).astype(int)
    rows, columns = view.image.shape[:2]
    return max(0, int(left)), max(0, int(top)), min(columns, int(right)), min(rows, int(bottom))


def mask_of(view: View, part: tuple[int, int, int, int]) -> Floats:
    """Return how much of each pixel in ``part`` is painted, (h, w) in [0, 1]."""
    points = view.points
    height = float(np.linalg.norm(points[CHIN] - points[FOREHEAD]))
    down = (points[CHIN] - points[FOREHEAD]) / max(height, 1e-6)
    middle = points[NOSE] + (points[CHIN] - points[NOSE]) * np.float32(0.5)
    jaw = middle + (points[list(JAW)] - middle) * np.float32(INWARD)
    lowest = np.hanning(len(JAW))[:, None]
    jaw = jaw + down * (BELOW + (1 - INWARD) * 0.5) * height * lowest
    outline = np.concatenate([jaw, points[list(CHEEKS)]]) - np.array(part[:2], np.float32)
    size = part[2] - part[0], part[3] - part[1]
    coarse = max(1, int(SOFT * height / 3))  # its edge is so soft that fewer pixels hold it
    mask = np.zeros((-(-size[1] // coarse) + 1, -(-size[0] // coarse) + 1), np.uint8)
    outline = (outline + np.float32(0.5)) / coarse - np.float32(0.5)
    cv2.fillPoly(mask, [np.round(outline * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    soft = cv2.GaussianBlur(mask.astype(np.float32) / 255, (0, 0), SOFT * height / coarse)
    full = (mask.shape[1] * coarse, mask.shape[0] * coarse)
    return np.asarray(cv2.resize(soft, full)[: size[1], : size[0]], np.float32)


@cache
def _painted(side: int) -> Floats:
    """Return where there is paint: all of a small face but its rim."""
    rim = max(1, round(side * RIM))
    inner = np.ones((side - 2 * rim, side - 2 * rim), np.float32)
    whole = cv2.copyMakeBorder(inner, rim, rim, rim, rim, cv2.BORDER_CONSTANT)
    return np.asarray(cv2.GaussianBlur(whole, (0, 0), rim / 2.5), np.float32)


def _fitting(face: NDArray[np.uint8], box: Floats) -> NDArray[np.uint8]:
    """Shrink a face that is larger than its place in the picture, for warping only samples it."""
    wanted = max(8, round(float(max(box[2] - box[0], box[3] - box[1]))))
    if len(face) <= SHRINK * wanted:
        return face
    return np.asarray(cv2.resize(face, (wanted, wanted), interpolation=cv2.INTER_AREA), np.uint8)


def _matrix(box: Floats, follow: Floats, left: int, top: int, side: int) -> Floats:
    """Return the map from the small face's pixels to those of the part."""
    wide, high = (box[2] - box[0]) / side, (box[3] - box[1]) / side
    place = np.array(
        [[wide, 0, box[0] + wide / 2 - 0.5], [0, high, box[1] + high / 2 - 0.5], [0, 0, 1]],
        np.float32,
    )
    matrix = follow @ place
    matrix[:, 2] -= (left, top)
    return np.asarray(matrix, np.float32)


def _with_grain(paint: Floats, own: Floats, scale: float) -> Floats:
    """Sharpen, and keep the picture's own fine structure where both show the same.

    ``scale`` is how many of the picture's pixels one of the paint's covers, to a side.
    """
    width = 0.8 * max(scale, 0.6)
    smooth = cv2.GaussianBlur(paint, (0, 0), width)
    broad = cv2.GaussianBlur(own, (0, 0), width)
    unlike = (broad - smooth).astype(np.float32)
    away = cv2.GaussianBlur((unlike * unlike).sum(axis=2), (0, 0), width)
    same = np.exp(away * np.float32(-1 / (SAME * SAME)))[:, :, None]
    sharp = paint + (paint - smooth) * np.float32(SHARPEN * min(max(scale - 1, 0), 1))
    grained = smooth + (own - broad)
    return np.asarray(sharp + (grained - sharp) * same, np.float32)


def _plane(corners: Floats, width: int, height: int) -> Floats:
    """Return the plane (h, w, 3) through four corners: both upper ones, then both lower ones."""
    across = np.linspace(0, 1, width, dtype=np.float32)[None, :, None]
    down = np.linspace(0, 1, height, dtype=np.float32)[:, None, None]
    right, below = corners[1] - corners[0], corners[2] - corners[0]
    return np.asarray(corners[0] + right * across + below * down, np.float32)


def seam(image: Image, part: tuple[int, int, int, int], mask: Floats) -> float:
    """Return the mean gradient across the mask's edge, in levels per pixel.

    That of the untouched picture beside it tells whether a seam is seen.
    """
    grey = cv2.cvtColor(image[part[1] : part[3], part[0] : part[2]], cv2.COLOR_RGB2GRAY)
    grey = grey.astype(np.float32)
    edge_x, edge_y = np.gradient(mask)[1], np.gradient(mask)[0]
    x, y = np.gradient(grey)[1], np.gradient(grey)[0]
    length = np.hypot(edge_x, edge_y)
    across = np.abs(x * edge_x + y * edge_y) / np.maximum(length, 1e-6)
    return float((across * length).sum() / length.sum())


def sharpness(image: Image, part: tuple[int, int, int, int], mask: Floats) -> float:
    """Return the mean gradient where ``mask`` is, in levels per pixel.

    That of a picture in which nothing is painted tells whether the paint is blurred.
    """
    grey = cv2.cvtColor(image[part[1] : part[3], part[0] : part[2]], cv2.COLOR_RGB2GRAY)
    down, across = np.gradient(grey.astype(np.float32))
    return float((np.hypot(down, across) * mask).sum() / mask.sum())
