"""The drawn mouth: lips, teeth, tongue and the dark behind them, from a mouth vector.

Every outline of the mouth (outer and inner edge of both lips) is a function of x, so a pixel's
place is found by comparing its y with four curves; edges are smooth because the distance to the
curve becomes the coverage. Any in-between of two mouths is again a mouth.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from daemon.face.pixels import Floats, coverage, hill, looked_up, over, planes, sampled
from daemon.face.shapes import BITE, OPEN, PRESS, ROUND, TEETH, TONGUE, WIDE
from daemon.media import Image, Mouth

SMILE_RAISES, SMILE_WIDENS = 7.0, 6.0  # pixels of the mouth's corners
JAW_DROP = 31.0  # pixels the lower jaw falls when fully open
_U = np.linspace(-1, 1, 161, dtype=np.float32)  # along the mouth, corner to corner
_DARK, _DEEP = planes(46, 13, 16), planes(92, 30, 32)
_SHADE = planes(0.60, 0.38, 0.34)


@dataclass(frozen=True, slots=True)
class Contours:
    """The four edges over ``u`` in [-1, 1] from corner to corner, y down from the lips' line."""

    half_width: float
    upper: Floats
    upper_inner: Floats
    lower_inner: Floats
    lower: Floats
    jaw: float
    """How far the jaw has fallen, in pixels."""

    @property
    def reach(self) -> tuple[int, int, int, int]:
        """Left, top, right, bottom of what is drawn, in pixels from the mouth's middle."""
        across = int(self.half_width) + 12
        return -across, int(self.upper.min()) - 6, across, int(self.lower.max()) + 16


def _arch(u: Floats, power: float, bend: float) -> Floats:
    return np.maximum(1 - np.abs(u) ** power, 0) ** bend


def contours(mouth: Mouth, smile: float = 0.0) -> Contours:
    """Return the lips' edges for a mouth vector; ``smile`` raises the corners, below 0 they hang.

    Lips that are rounded or pressed together for a sound smile less.
    """
    opened, wide, rounded, press, bite, teeth = (
        float(mouth[i]) for i in (OPEN, WIDE, ROUND, PRESS, BITE, TEETH)
    )
    jaw = JAW_DROP * opened
    smile *= max(0.0, 1 - 0.7 * rounded - 0.2 * press)
    half_width = 46 + 8 * wide - 18 * rounded - 3 * opened - 1.5 * press + SMILE_WIDENS * smile
    corner = -6.5 - 0.8 * wide + 4 * rounded + 0.38 * jaw - SMILE_RAISES * smile
    line = corner * np.abs(_U) ** 1.9 + 1.3 * np.exp(-((_U / 0.2) ** 2)) * (1 - opened)
    lift = max(3.5 * opened + 4.2 * bite + 4.0 * teeth + 1.6 * wide * opened + 2 * rounded, 0.0)
    drop = max(0.93 * jaw + 5.5 * teeth + 2.4 * rounded - 3.0 * bite, 0.0)
    apart = max(1 - 1.2 * press, 0.0)
    lift, drop = lift * apart, drop * apart
    inside = _arch(_U / (0.94 - 0.16 * rounded), 2.3 - 0.3 * rounded, 0.78 - 0.24 * rounded)
    outside = _arch(_U, 2.2, 0.62 - 0.1 * rounded)
    upper_thick = 11.5 * (1 + 0.22 * rounded - 0.1 * wide - 0.25 * press - 0.1 * opened)
    lower_thick = 15.5 * (
        1 + 0.2 * rounded - 0.1 * wide - 0.25 * press - 0.14 * opened - 0.25 * bite
    )
    sharp = 1 - 0.7 * rounded
    bow = _arch(_U, 1.75 + 0.3 * rounded, 0.95 - 0.4 * rounded)
    bow += sharp * 0.13 * np.exp(-(((np.abs(_U) - 0.24) / 0.15) ** 2))
    bow -= sharp * 0.16 * np.exp(-((_U / 0.1) ** 2))
    top = np.minimum(line - lift * inside, line)
    bottom = np.maximum(line + drop * inside, top)
    return Contours(
        half_width=half_width,
        upper=np.minimum(line - lift * outside - upper_thick * bow, top),
        upper_inner=top,
        lower_inner=bottom,
        lower=np.maximum(
            line + drop * outside + lower_thick * _arch(_U, 2.5, 0.8 - 0.28 * rounded), bottom
        ),
        jaw=jaw,
    )


class Lips:
    """Draws mouths with the textures of a face.

    ``lips`` holds the upper lip above the lower one, each unrolled: across from corner to corner,
    down as in the face. ``teeth`` holds the upper row above the lower one; they and ``tongue`` have
    alpha, two texels a pixel, and lie around the point that is moved.
    """

    def __init__(self, lips: Image, teeth: Image, tongue: Image) -> None:
        half, rows = lips.shape[0] // 2, teeth.shape[0] // 2
        self._upper, self._lower = lips[:half].copy(), lips[half:].copy()
        self._above, self._below = teeth[:rows].copy(), teeth[rows:].copy()
        self._tongue = tongue

    def draw(self, skin: Floats, x: Floats, y: Floats, edge: Contours, mouth: Mouth) -> None:
        """Draw into ``skin`` (3, h, w); ``x``, ``y`` (h, w) are pixels from the mouth's middle."""
        u = x * np.float32(1 / edge.half_width)
        curves = np.stack([edge.upper, edge.upper_inner, edge.lower_inner, edge.lower], 1)
        upper, top, bottom, lower = looked_up(curves, u * np.float32(0.5) + np.float32(0.5))
        within = coverage((1 - np.abs(u)) * np.float32(edge.half_width))
        _shadows(skin, x, y, edge, lower)
        gap = bottom - top
        if edge.lower_inner.max() > edge.upper_inner.max() + 0.1:
            seen = within * np.clip(gap, 0, 1) * coverage(y - top + 2) * coverage(bottom + 2 - y)
            over(skin, self.hollow(x, y, top, gap, edge, mouth), seen)
        for texture, first, last in ((self._upper, upper, top), (self._lower, bottom, lower)):
            thick = np.maximum(last - first, 0.5)
            height, width = texture.shape[:2]
            ink = sampled(
                texture,
                (u * np.float32(0.5) + np.float32(0.5)) * np.float32(width - 1),
                np.clip((y - first) / thick, 0, 1) * np.float32(height - 1),
                cv2.BORDER_REPLICATE,
            )
            outer, inner = (2.2, 1.0) if texture is self._upper else (1.0, 2.2)
            alpha = coverage(y - first, outer) * coverage(last - y, inner) * within
            over(skin, ink, alpha * np.minimum(thick * np.float32(0.5), 1))
        closed = np.clip(1 - gap / 3, 0, 1) * np.clip((1.04 - np.abs(u)) * 6, 0, 1)
        over(skin, _DARK, np.float32(0.8) * hill(y - (top + bottom) / 2, 1.1) * closed)

    def hollow(
        self,
        x: Floats,
        y: Floats,
        top: Floats,
        gap: Floats,
        edge: Contours,
        mouth: Mouth,
        teeth: float = 1.0,
        tongue_at: float | None = None,
    ) -> Floats:
        """Return the inside of the mouth: the dark, the tongue, both rows of teeth.

        ``teeth`` less than 1 lets the upper row fade; ``tongue_at`` is where the middle of a tongue
        that lies down is, if not in the drawn face's place.
        """
        depth = np.clip((y - top) / np.maximum(gap, 6), 0, 1)
        ink = _DARK + (_DEEP - _DARK) * depth
        tip, hidden = float(mouth[TONGUE]), 7 * float(mouth[ROUND])
        lying = 9 + 0.6 * edge.jaw * (1 - 0.35 * tip) if tongue_at is None else tongue_at
        _stamp(ink, self._tongue, x, y - (lying - 11 * tip))
        _stamp(ink, self._below, x, y - (6.5 + 0.93 * edge.jaw + 0.6 * hidden))
        if teeth > 0:
            _stamp(ink, self._above, x, y - (4 - hidden), teeth)
        shadow = np.exp(np.minimum(top - y, 0) * np.float32(0.25)) * np.float32(0.5)
        sides = np.float32(0.75) * np.square(np.square(x * np.float32(1 / edge.half_width)))
        light = np.clip(
            gap * np.float32(1 / 6), 0.35, 1
        )  # little gets in between lips barely apart
        ink *= (1 - shadow) * np.clip(1 - sides, 0.2, 1) * light
        return np.asarray(ink, np.float32)


def _shadows(skin: Floats, x: Floats, y: Floats, edge: Contours, lower: Floats) -> None:
    """Darken the skin under the lower lip and at the corners."""
    below = hill(y - lower - 4, 5.5) * hill(x, 24)
    corner = float(edge.upper_inner[0])
    corners = hill(np.abs(x) - edge.half_width, 4.5) * hill(y - corner, 4)
    skin *= 1 + (_SHADE - 1) * (np.float32(0.42) * below + np.float32(0.5) * corners)


def _stamp(ink: Floats, texture: Image, x: Floats, y: Floats, share: float = 1.0) -> None:
    """Lay a texture with alpha over ``ink``, its middle where ``x`` and ``y`` are 0."""
    height, width = texture.shape[:2]
    part = sampled(
        texture,
        x * 2 + np.float32(width / 2),
        y * 2 + np.float32(height / 2),
        cv2.BORDER_CONSTANT,
    )
    over(ink, part[:3], part[3] * np.float32(share / 255))
