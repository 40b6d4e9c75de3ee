"""The drawn eyes: lids that open and shut over a ball with a turning iris."""

import cv2
import numpy as np

from daemon.face.pixels import Floats, coverage, hill, looked_up, over, planes, sampled
from daemon.media import Image

SIZE = 1.15
SQUINT_PX = 4.5  # that the lower lid rises in a broad smile
REACH = (-52, -34, 52, 28)  # left, top, right, bottom: pixels from an eye's middle ever drawn
# The edges of the open lids and of the shut one, inner corner to outer: pixels from the middle.
_X = np.array([-31, -29, -24, -15, -4, 8, 18, 26, 31, 35], np.float32)
_UPPER = np.array([5.5, 1.5, -5.0, -11.5, -14.4, -13.8, -10.2, -5.4, -0.8, 2.6], np.float32)
_LOWER = np.array([5.5, 7.0, 8.4, 10.4, 11.8, 11.8, 10.3, 5.8, 0.8, 2.6], np.float32)
_SHUT = np.array([5.5, 7.0, 8.8, 10.8, 12.0, 11.8, 9.6, 5.6, 1.4, 3.0], np.float32)
_LASH = np.array([0.3, 0.7, 1.3, 1.9, 2.3, 2.6, 3.0, 3.1, 2.4, 0.2], np.float32)


_WHITE, _PINK, _GLINT = planes(246, 240, 234), planes(222, 150, 136), planes(255, 255, 255)
_LINE, _RIM = planes(46, 25, 19), planes(150, 84, 68)
_SHADE = planes(0.56, 0.47, 0.46)


def _smooth(table: Floats) -> Floats:
    """Return a finer table through the same points, so that no corner shows."""
    fine = np.linspace(_X[0], _X[-1], 137, dtype=np.float32)
    rough = np.interp(fine, _X, table).astype(np.float32)
    smooth = cv2.GaussianBlur(rough[None], (0, 0), 4, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(smooth[0], np.float32)


_CURVES = np.stack([_smooth(table) for table in (_UPPER, _LOWER, _SHUT, _LASH)], 1)


class Eyes:
    """Draws eyes; ``iris`` is a square with alpha, two texels a pixel."""

    def __init__(self, iris: Image) -> None:
        self._iris = iris

    def draw(
        self,
        skin: Floats,
        x: Floats,
        y: Floats,
        outward: int,
        lids: float,
        gaze: tuple[float, float],
        squint: float = 0.0,
    ) -> None:
        """Draw one eye into ``skin`` (3, h, w).

        ``x`` and ``y`` (h, w) are pixels from the eye's middle, ``outward`` is 1 for the eye whose
        outer corner is on the right, -1 for the other; ``lids`` 0 is open and 1 shut, ``squint``
        how far the cheek pushes the lower lid up, 0 to 1.
        """
        x, y = x * np.float32(1 / SIZE), y * np.float32(1 / SIZE)
        side = x * np.float32(outward)
        place = (side - _X[0]) / (_X[-1] - _X[0])
        upper, lower, shut, lash = looked_up(_CURVES, place)
        upper += np.float32(0.7 * gaze[1])
        upper += (shut - upper) * np.float32(lids)
        lower -= np.float32(1.2 * lids)
        # it bows up in its middle, and never beyond the upper one
        lower -= np.float32(SQUINT_PX * squint * (1 - max(lids, 0))) * hill(side - 2, 26)
        np.maximum(lower, upper, out=lower)
        ends = coverage(side + 30) * coverage(32.5 - side)
        ball = self._ball(x, y, side, upper, gaze)
        over(skin, ball, coverage(y - upper) * coverage(lower - y) * ends)
        over(skin, _RIM, 0.5 * hill(y - lower, 1.5) * coverage(y - upper - 2, 3) * ends)
        above = coverage(y - (upper - lash)) * coverage(upper + 0.9 - y)
        over(skin, _LINE, 0.94 * above * coverage(side + 29, 6) * coverage(35 - side, 2))

    def _ball(
        self, x: Floats, y: Floats, side: Floats, upper: Floats, gaze: tuple[float, float]
    ) -> Floats:
        ink = np.empty((3, *x.shape), np.float32)
        ink[:] = _WHITE
        over(ink, _PINK, np.clip(1 - ((side + 29) / 7) ** 2 - ((y - 4) / 6) ** 2, 0, 1) * 0.9)
        middle = np.float32(self._iris.shape[0] / 2 - 0.5)
        iris = sampled(
            self._iris,
            (x - np.float32(gaze[0])) * 2 + middle,
            (y - np.float32(gaze[1] - 0.5)) * 2 + middle,
            cv2.BORDER_CONSTANT,
        )
        over(ink, iris[:3], iris[3] * np.float32(1 / 255))
        lid_shadow = np.exp(np.minimum(upper - y, 0) * np.float32(1 / 4.6))
        curved = np.clip((np.abs(side - 1) - 13) / 24, 0, 1)
        ink *= 1 + (_SHADE - 1) * np.clip(0.85 * lid_shadow + 0.7 * curved, 0, 1)
        for cx, cy, radius, strength in ((-5.2, -5.6, 3.5, 0.96), (5.6, 5.4, 1.9, 0.42)):
            away = np.hypot(x - np.float32(0.6 * gaze[0] + cx), y - np.float32(0.6 * gaze[1] + cy))
            over(ink, _GLINT, coverage(radius - away, 1.6) * np.float32(strength))
        return ink
