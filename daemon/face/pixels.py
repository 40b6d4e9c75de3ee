"""Small tools for drawing in a part of a picture with smooth edges.

Parts are worked on as float32 of shape (3, height, width): with the colours outermost, every
operation runs along whole rows, several times faster than over triples.
"""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
"""In fact always float32, for speed; numpy's types take a Python factor for a wider one."""


def planes(*ink: float) -> Floats:
    """Return a colour (0 to 255) that spreads over any part."""
    return np.array(ink, np.float32)[:, None, None]


def coverage(distance: Floats, softness: float = 1.0) -> Floats:
    """Return how much of each pixel lies inside an edge that is ``distance`` pixels away."""
    return np.asarray(np.clip(distance * np.float32(1 / softness) + np.float32(0.5), 0, 1))


def hill(distance: Floats, width: float) -> Floats:
    """Return a Gaussian: 1 at distance 0, 1/e at ``width``."""
    scaled = distance * np.float32(1 / width)
    return np.asarray(np.exp(-scaled * scaled))


def smooth(value: Floats) -> Floats:
    """Return 0 to 1 for 0 to 1, with a gentle begin and end; beyond, it stays at these."""
    t = np.clip(value, 0, 1)
    return np.asarray(t * t * (3 - 2 * t))


def over(part: Floats, ink: Floats, alpha: Floats) -> None:
    """Lay ``ink`` (a colour or a part) over ``part`` with ``alpha`` (height, width)."""
    part += (ink - part) * alpha


def sampled(texture: NDArray[np.uint8], x: Floats, y: Floats, border: int) -> Floats:
    """Return the texture's channels at texel places ``x`` and ``y``, shape (channels, h, w)."""
    found = cv2.remap(texture, x, y, cv2.INTER_LINEAR, borderMode=border)
    return np.stack([channel.astype(np.float32) for channel in cv2.split(found)])


def looked_up(curves: Floats, place: Floats) -> list[Floats]:
    """Return the columns of ``curves`` at ``place``: 0 is the first row, 1 the last."""
    index = np.clip(place, 0, 1) * np.float32(len(curves) - 1)
    found = cv2.remap(curves[None], index, np.zeros_like(index), cv2.INTER_LINEAR)
    return [np.asarray(column, np.float32) for column in cv2.split(found)]
