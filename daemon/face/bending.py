"""Where each pixel of a picture comes from when the mouth in it moves.

The picture is bent around the line between the lips, which Face Mesh finds: what is above it
follows the upper lip, what is below it the lower lip and the jaw.

Places are (u, v): along and across the mouth from the middle between its corners, in halves of its
width, v down the face.
"""

from dataclasses import dataclass

import numpy as np

from daemon.face.lips import Contours, contours
from daemon.face.pixels import Floats, looked_up, smooth
from daemon.face.shapes import PARAMETERS, PRESS, ROUND, VOICE
from daemon.media import Mouth

LEFT, RIGHT, CHIN, NOSE = 61, 291, 152, 2
ABOVE = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308)  # the inner edge of the upper lip
BELOW = (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308)  # and of the lower one

UNIT = 46.0  # half the width of the drawn face's mouth at rest, in its pixels
STRENGTH = (
    0.62  # of the drawn face's movements: a filmed mouth that opens as wide looks like a shout
)
WIDENING = 0.7
CORNERS = 0.3  # of the jaw's fall that the corners of the mouth follow
APART = 0.10  # halves of a mouth: lips of the film less far apart are closed
THINNER, FULLER = 0.6, 0.35  # pressed lips roll inwards, rounded ones come forward
LIP = 0.22  # halves of a mouth: so far from the slit that is seen
LEVEL = 0.5  # of a smile's bend that rounded lips lose
NARROWED = 0.4  # of the narrowing that is left to a mouth that smiles with its teeth bare

_REST = contours(np.zeros(PARAMETERS, np.float32))
_U = np.linspace(-1, 1, len(_REST.upper_inner), dtype=np.float32)


@dataclass(frozen=True, slots=True)
class MouthFrame:
    """Where the mouth is in a picture."""

    middle: Floats
    along: Floats
    """One half of its width to the right, in pixels."""
    half: float
    chin: float
    nose: float
    """Where these are, as v."""

    @classmethod
    def of(cls, points: Floats) -> "MouthFrame":
        """Return where the mouth of a face is whose points (468, 2) are given, in pixels."""
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


@dataclass(frozen=True, slots=True)
class Slit:
    """The lines of the lips over the pixels of a part, as v."""

    up: Floats
    low: Floats
    up_at: Floats
    low_at: Floats
    """Where both were in the picture; equal where it has them closed."""
    own: float
    """How open the picture's mouth is, 0 to 1: then its own teeth are seen."""

    def cut(self, box: tuple[slice, slice]) -> "Slit":
        """Return the lines over a part of those pixels."""
        return Slit(self.up[box], self.low[box], self.up_at[box], self.low_at[box], self.own)


def _moves(
    points: Floats, frame: MouthFrame, edge: Contours, mouth: Mouth
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
    level = (middle.mean() - middle) * np.float32(LEVEL * float(mouth[ROUND]))
    shut = np.float32(how_shut(mouth))
    return (
        up + (middle - above) * shut + level,
        low + (middle - below) * shut + level,
        above.astype(np.float32),
        below.astype(np.float32),
    )


def bend(
    u: Floats,
    v: Floats,
    frame: MouthFrame,
    points: Floats,
    edge: Contours,
    mouth: Mouth,
) -> tuple[Floats, Floats, Slit]:
    """Return where each pixel, at (u, v), comes from, and where the lips are now.

    ``points`` are the picture's; ``edge`` are the contours of ``mouth``.
    """
    up_by, low_by, up_at, low_at = moves = _moves(points, frame, edge, mouth)
    fuller = FULLER * float(mouth[ROUND]) - THINNER * float(mouth[PRESS])
    own = float(np.clip((low_at - up_at).max() / (2 * APART), 0, 1))
    widening = (edge.half_width / _REST.half_width - 1) * WIDENING
    wider = np.float32(widening * (1 - (1 - NARROWED) * own * (widening < 0)))
    above = 1 - smooth(v / np.float32(frame.nose * 0.95))
    near = np.exp(-((u / np.float32(1.6)) ** 4)) * above * (1 - smooth(v / np.float32(1.3)))
    from_u = u / (1 + wider * near)
    place = ((from_u + 1) / 2).astype(np.float32)
    up_by, low_by, up_at, low_at = looked_up(np.stack(moves, 1).astype(np.float32), place)
    beside = np.exp(-((np.maximum(np.abs(from_u) - 1, 0) / np.float32(0.55)) ** 2))
    up_by, low_by = up_by * beside, low_by * beside
    target_up, target_low = up_at + up_by, np.maximum(low_at + low_by, up_at + up_by)
    jaw = np.float32(STRENGTH * edge.jaw / UNIT) * np.exp(-((from_u / np.float32(1.9)) ** 4))
    above, below = target_up - v, v - target_low
    fade_up = 1 - smooth(above / np.maximum(target_up - np.float32(frame.nose * 0.9), 0.2))
    with_jaw = smooth(below / np.float32(0.55))
    under = 1 - smooth((v - np.float32(frame.chin - 0.1)) / np.float32(1.2))
    lower = (low_by + (jaw - low_by) * with_jaw) * under
    upper_from = np.minimum(v - up_by * fade_up + _nearer(above, fuller), up_at)
    lower_from = np.maximum(v - lower - _nearer(below, fuller), low_at)
    from_v = np.where(v < (target_up + target_low) / 2, upper_from, lower_from)
    outside = np.abs(from_u) > 1  # beside the mouth there is no slit: one field for all
    if outside.any():
        both = np.where(v < target_up, up_by * fade_up, lower)
        from_v = np.where(outside, v - both, from_v)
    return from_u, from_v.astype(np.float32), Slit(target_up, target_low, up_at, low_at, own)


def how_shut(mouth: Mouth) -> float:
    """Return how far a mouth that the picture has open closes for the speech, 0 to 1."""
    return min(1.0, 3 * float(mouth[VOICE]))


def _nearer(away: Floats, fuller: float) -> Floats:
    """Return by how much nearer to the slit a lip's pixels come from, so far away from it."""
    positive = np.maximum(away, 0)
    return np.asarray(positive * np.exp(-np.square(positive / np.float32(LIP))) * fuller)
