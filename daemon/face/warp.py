"""Moves the mouth in a real face without any network: lips part, the jaw falls, teeth appear.

The picture is bent around the line between the lips, which Face Mesh finds: what is above it
follows the upper lip, what is below it the lower lip and the jaw, and the gap is drawn as in the
default face. With a mouth at rest the picture stays as it is, to the last pixel.

Places are (u, v): along and across the mouth from the middle between its corners, in halves of its
width, v down the face.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from daemon.face.footage import View
from daemon.face.lips import Contours, Lips, contours
from daemon.face.pixels import Floats, coverage, over
from daemon.face.shapes import PARAMETERS, VOICE
from daemon.media import Mouth

LEFT, RIGHT, CHIN, NOSE = 61, 291, 152, 2
ABOVE = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308)  # the inner edge of the upper lip
BELOW = (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308)  # and of the lower one
SKIN = (50, 280, 205, 425, 199)  # cheeks and chin: how light the face is

UNIT = 46.0  # half the width of the drawn face's mouth at rest, in its pixels
STRENGTH = (
    0.62  # of the drawn face's movements: a filmed mouth that opens as wide looks like a shout
)
WIDENING = 0.7
CORNERS = 0.3  # of the jaw's fall that the corners of the mouth follow
APART = 0.10  # halves of a mouth: lips of the film less far apart are closed
DEPTH, TEETH_DOWN = 0.75, 5.0  # teeth and tongue are this much closer together, and lower
STILL = 0.012  # a mouth vector below this is at rest
LIT = 205.0  # how light the drawn face's skin is, in levels

_REST = contours(np.zeros(PARAMETERS, np.float32))
_U = np.linspace(-1, 1, len(_REST.upper_inner), dtype=np.float32)


@dataclass(frozen=True, slots=True)
class _Frame:
    """Where the mouth is in a picture."""

    middle: Floats
    along: Floats
    """One half of its width to the right, in pixels."""
    half: float
    chin: float
    nose: float
    """Where these are, as v."""

    @classmethod
    def of(cls, points: Floats) -> "_Frame":
        left, right = points[LEFT], points[RIGHT]
        along = (right - left) / 2
        half = max(float(np.hypot(*along)), 1e-3)
        middle = (left + right) / 2
        down = np.array([-along[1], along[0]]) / half / half
        chin, nose = (float((points[i] - middle) @ down) for i in (CHIN, NOSE))
        return cls(middle, along, half, max(chin, 0.6), min(nose, -0.3))

    def places(self, points: Floats) -> tuple[Floats, Floats]:
        """Return u and v of points (n, 2) of the picture."""
        away = (points - self.middle) / (self.half * self.half)
        ax, ay = self.along
        return away @ np.array([ax, ay]), away @ np.array([-ay, ax])


class Warp:
    """Bends mouths; ``lips`` draws what is between them."""

    def __init__(self, lips: Lips) -> None:
        self._lips = lips

    def paint(self, view: View, mouth: Mouth) -> None:
        """Move the mouth of ``view`` as the vector says (see ``shapes.py``)."""
        if float(np.abs(mouth).max()) < STILL:
            return
        frame = _Frame.of(view.points)
        left, top, right, bottom = self._part(view, frame)
        if right - left < 8 or bottom - top < 8:
            return
        x = np.arange(left, right, dtype=np.float32)[None, :] - np.float32(frame.middle[0])
        y = np.arange(top, bottom, dtype=np.float32)[:, None] - np.float32(frame.middle[1])
        ax, ay = (np.float32(value / frame.half**2) for value in frame.along)
        u, v = x * ax + y * ay, y * ax - x * ay
        edge = contours(mouth)
        up, low, source_up, source_low = _slit(view.points, frame, edge, float(mouth[VOICE]))
        from_u, from_v, lines = _bend(u, v, frame, edge, (up, low, source_up, source_low))
        bx, by = (np.float32(value) for value in frame.along)
        map_x = from_u * bx - from_v * by + np.float32(frame.middle[0])
        map_y = from_u * by + from_v * bx + np.float32(frame.middle[1])
        part = view.image[top:bottom, left:right]
        found = cv2.remap(
            view.image, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        bent = np.asarray(found, np.uint8)
        self._fill(bent, view, frame, (u, v, *lines), edge, mouth)
        part[:] = bent

    def _part(self, view: View, frame: _Frame) -> tuple[int, int, int, int]:
        corners = np.array(
            [(u, v) for u in (-2.6, 2.6) for v in (frame.nose, frame.chin + 1.3)], np.float32
        )
        ax, ay = frame.along
        places = corners @ np.array([[ax, ay], [-ay, ax]]) + frame.middle
        rows, columns = view.image.shape[:2]
        left, top = np.floor(places.min(0)).astype(int)
        right, bottom = np.ceil(places.max(0)).astype(int)
        return max(0, int(left)), max(0, int(top)), min(columns, int(right)), min(rows, int(bottom))

    def _fill(
        self,
        bent: NDArray[np.uint8],
        view: View,
        frame: _Frame,
        lines: tuple[Floats, Floats, Floats, Floats, Floats],
        edge: Contours,
        mouth: Mouth,
    ) -> None:
        """Draw what is between the lips."""
        u, v, up, low, rest = lines
        rows, columns = np.nonzero((low - up > 0.01) & (v > up - 0.1) & (v < low + 0.1))
        if not len(rows):
            return
        box = slice(rows.min(), rows.max() + 1), slice(columns.min(), columns.max() + 1)
        u, v, up, low, rest = (line[box] for line in lines)
        scale = np.float32(UNIT)
        down = np.float32(UNIT / DEPTH)
        ink = self._lips.hollow(
            u * scale, (v - rest) * down - np.float32(TEETH_DOWN),
            (up - rest) * down - np.float32(TEETH_DOWN), (low - up) * down, edge, mouth,
        )  # fmt: skip
        light = _light(view)
        ink *= light[:, None, None]
        half = np.float32(frame.half)
        gap = (low - up) * half
        alpha = coverage((v - up) * half, 1.6) * coverage((low - v) * half, 1.6)
        alpha *= np.clip(gap / 1.5, 0, 1)
        part = bent[box]
        skin = part.transpose(2, 0, 1).astype(np.float32)
        over(skin, ink, alpha)
        part[:] = np.clip(skin + np.float32(0.5), 0, 255).astype(np.uint8).transpose(1, 2, 0)


def _slit(
    points: Floats, frame: _Frame, edge: Contours, voice: float
) -> tuple[Floats, Floats, Floats, Floats]:
    """Return over ``_U`` how far upper and lower lip move, and where they are in the picture."""
    lines = []
    for numbers in (ABOVE, BELOW):
        u, v = frame.places(points[list(numbers)])
        order = np.argsort(u)
        lines.append(np.interp(_U, u[order], v[order]).astype(np.float32))
    above, below = lines
    middle = (above + below) / 2
    apart = np.clip((below - above) / APART - 1, 0, 1)
    above, below = middle + (above - middle) * apart, middle + (below - middle) * apart
    up = (edge.upper_inner - _REST.upper_inner) * (STRENGTH / UNIT)
    low = (edge.lower_inner - _REST.lower_inner) * (STRENGTH / UNIT)
    corner = np.float32(CORNERS * STRENGTH / UNIT * edge.jaw)
    ends = np.abs(_U) ** 6
    up, low = up + (corner - up) * ends, low + (corner - low) * ends
    shut = np.float32(min(1.0, 3 * voice))  # a mouth that the film has open closes for the speech
    return (
        up + (middle - above) * shut,
        low + (middle - below) * shut,
        above.astype(np.float32),
        below.astype(np.float32),
    )


def _bend(
    u: Floats,
    v: Floats,
    frame: _Frame,
    edge: Contours,
    slit: tuple[Floats, Floats, Floats, Floats],
) -> tuple[Floats, Floats, tuple[Floats, Floats, Floats]]:
    """Return where in the picture each pixel comes from, and three lines over the pixels.

    The lines are those of the upper and of the lower lip as they now are, and the one between them
    in the picture.
    """
    up_by, low_by, up_at, low_at = slit
    wider = np.float32((edge.half_width / _REST.half_width - 1) * WIDENING)
    above = 1 - _smooth(v / np.float32(frame.nose * 0.95))
    near = np.exp(-((u / np.float32(1.6)) ** 4)) * above * (1 - _smooth(v / np.float32(1.3)))
    from_u = u / (1 + wider * near)
    place = np.clip((from_u + 1) * np.float32((len(_U) - 1) / 2), 0, len(_U) - 1)
    curves = np.stack([up_by, low_by, up_at, low_at], 1).astype(np.float32)
    found = cv2.remap(
        np.ascontiguousarray(curves[None]), place.astype(np.float32),
        np.zeros(place.shape, np.float32), cv2.INTER_LINEAR,
    )  # fmt: skip
    up_by, low_by, up_at, low_at = (np.asarray(found[:, :, i], np.float32) for i in range(4))
    beside = np.exp(-((np.maximum(np.abs(from_u) - 1, 0) / np.float32(0.55)) ** 2))
    up_by, low_by = up_by * beside, low_by * beside
    target_up, target_low = up_at + up_by, np.maximum(low_at + low_by, up_at + up_by)
    jaw = np.float32(STRENGTH * edge.jaw / UNIT) * np.exp(-((from_u / np.float32(1.9)) ** 4))
    above, below = target_up - v, v - target_low
    fade_up = 1 - _smooth(above / np.maximum(target_up - np.float32(frame.nose * 0.9), 0.2))
    with_jaw = _smooth(below / np.float32(0.55))
    under = 1 - _smooth((v - np.float32(frame.chin - 0.1)) / np.float32(1.2))
    lower = (low_by + (jaw - low_by) * with_jaw) * under
    upper_from = np.minimum(v - up_by * fade_up, up_at)
    lower_from = np.maximum(v - lower, low_at)
    from_v = np.where(v < (target_up + target_low) / 2, upper_from, lower_from)
    outside = np.abs(from_u) > 1  # beside the mouth there is no slit: one field for all
    if outside.any():
        both = np.where(v < target_up, up_by * fade_up, lower)
        from_v = np.where(outside, v - both, from_v)
    return from_u, from_v.astype(np.float32), (target_up, target_low, (up_at + low_at) / 2)


def _smooth(share: Floats) -> Floats:
    t = np.clip(share, 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)


def _light(view: View) -> Floats:
    """Return how light the face is, by colour, against the one that the teeth were drawn for."""
    places = np.round(view.points[list(SKIN)]).astype(int)
    rows, columns = view.image.shape[:2]
    x, y = np.clip(places[:, 0], 0, columns - 1), np.clip(places[:, 1], 0, rows - 1)
    level = float(np.median(view.image[y, x].mean(axis=1)))
    return np.full(3, np.clip(level / LIT, 0.35, 1.1), np.float32)
