"""Moves the mouth in a real face without any network: lips part, the jaw falls, teeth appear.

The picture is bent around the line between the lips, which Face Mesh finds: what is above it
follows the upper lip, what is below it the lower lip and the jaw, and the gap is drawn as in the
default face. Teeth that the picture shows stay where they are, behind the lips. With a mouth at
rest the picture stays as it is, to the last pixel.

Places are (u, v): along and across the mouth from the middle between its corners, in halves of its
width, v down the face.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from daemon.face.corners import fade_corners
from daemon.face.footage import View
from daemon.face.lips import Contours, Lips, contours
from daemon.face.pixels import Floats, coverage, over, planes
from daemon.face.shapes import PARAMETERS, PRESS, ROUND, VOICE
from daemon.media import Image, Mouth

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
OWN_EDGE = 2.5  # pixels over which what the picture shows between the lips becomes the drawing
LENS = 0.7  # pixels, the width of a Gaussian
THINNER, FULLER = 0.6, 0.35  # pressed lips roll inwards, rounded ones come forward
LIP = 0.22  # halves of a mouth: so far from the slit that is seen
LEVEL = 0.5  # of a smile's bend that rounded lips lose
COVERED, BARE = 0.9, 0.6  # of half-bare teeth that "oo" covers; less round lips, none
NARROWED = 0.4  # of the narrowing that is left to a mouth that smiles with its teeth bare
SHADED = 0.5  # of the light that falls below the picture's own teeth
THIN, THIN_OWN = 1.5, 4.0  # pixels: a slit that is lower fades; where teeth are bare, sooner
TONGUE_UP = 3.0  # pixels of the drawn face from the lower lip to the middle of the tongue
STILL = 0.012  # a mouth vector below this is at rest
LIT = 205.0  # how light the drawn face's skin is, in levels
WARM = 0.4  # power of the skin's colour that falls on the teeth, too
COLOURED = 0.12  # of the lightest colour: skin that differs less is that of a grey picture

_LEAST = planes(70, 36, 34)  # the dark below bare teeth, where light comes in

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
        moves = _moves(view.points, frame, edge, mouth)
        fuller = FULLER * float(mouth[ROUND]) - THINNER * float(mouth[PRESS])
        from_u, from_v, slit = _bend(u, v, frame, edge, moves, fuller)
        bx, by = (np.float32(value) for value in frame.along)
        map_x = from_u * bx - from_v * by + np.float32(frame.middle[0])
        map_y = from_u * by + from_v * bx + np.float32(frame.middle[1])
        part = view.image[top:bottom, left:right]
        before = part.copy()
        fade_corners(view.image, frame.middle, frame.along, slit.own * _shut(mouth))
        found = cv2.remap(
            view.image, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        bent = np.asarray(found, np.uint8)
        self._fill(bent, before, slit, (u, v, frame.half), edge, mouth, _light(view))
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
        bent: Image,
        before: Image,
        slit: "_Slit",
        place: tuple[Floats, Floats, float],
        edge: Contours,
        mouth: Mouth,
        light: Floats,
    ) -> None:
        """Draw what is between the lips: what was seen there before, and around it the drawing."""
        u, v, half = place
        rows, columns = np.nonzero(
            (slit.low - slit.up > 0.01) & (v > slit.up - 0.1) & (v < slit.low + 0.1)
        )
        if not len(rows):
            return
        box = slice(rows.min(), rows.max() + 1), slice(columns.min(), columns.max() + 1)
        u, v, slit, pixels = u[box], v[box], slit.cut(box), np.float32(half)
        rest = (slit.up_at + slit.low_at) / 2
        down = np.float32(UNIT / DEPTH)
        top, gap = (slit.up - rest) * down - np.float32(TEETH_DOWN), (slit.low - slit.up) * down
        ink = self._lips.hollow(
            u * np.float32(UNIT), (v - rest) * down - np.float32(TEETH_DOWN), top, gap, edge,
            mouth, 1 - slit.own, float((top + gap).max()) - TONGUE_UP,
        )  # fmt: skip
        below_teeth = np.exp(np.minimum(slit.low_at - v, 0) * np.float32(4))
        ink *= 1 - np.float32(SHADED * slit.own) * below_teeth
        ink = np.maximum(ink, _LEAST * np.float32(slit.own))
        ink = _lit(_softened(ink), light)
        hidden = COVERED * float(np.clip((mouth[ROUND] - BARE) / (1 - BARE), 0, 1))
        own = np.float32(1 - hidden * (1 - slit.own)) * np.ones_like(v)
        own *= _uncovered(v - slit.up_at, slit.up_at - slit.up, half)
        own *= _uncovered(slit.low_at - v, slit.low - slit.low_at, half)
        over(ink, before[box].transpose(2, 0, 1).astype(np.float32), own)
        alpha = coverage((v - slit.up) * pixels, 1.6) * coverage((slit.low - v) * pixels, 1.6)
        thin = np.float32(THIN + (THIN_OWN - THIN) * slit.own * _shut(mouth))
        alpha *= np.clip((slit.low - slit.up) * pixels / thin, 0, 1)
        part = bent[box]
        skin = part.transpose(2, 0, 1).astype(np.float32)
        over(skin, ink, alpha)
        part[:] = np.clip(skin + np.float32(0.5), 0, 255).astype(np.uint8).transpose(1, 2, 0)


@dataclass(frozen=True, slots=True)
class _Slit:
    """The lines of the lips over the pixels of a part, as v."""

    up: Floats
    low: Floats
    up_at: Floats
    low_at: Floats
    """Where both were in the picture; equal where it has them closed."""
    own: float
    """How open the picture's mouth is, 0 to 1: then its own teeth are seen."""

    def cut(self, box: tuple[slice, slice]) -> "_Slit":
        return _Slit(self.up[box], self.low[box], self.up_at[box], self.low_at[box], self.own)


def _moves(
    points: Floats, frame: _Frame, edge: Contours, mouth: Mouth
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
    shut = np.float32(_shut(mouth))
    return (
        up + (middle - above) * shut + level,
        low + (middle - below) * shut + level,
        above.astype(np.float32),
        below.astype(np.float32),
    )


def _bend(
    u: Floats,
    v: Floats,
    frame: _Frame,
    edge: Contours,
    moves: tuple[Floats, Floats, Floats, Floats],
    fuller: float,
) -> tuple[Floats, Floats, _Slit]:
    """Return where in the picture each pixel comes from, and where the lips are now."""
    up_by, low_by, up_at, low_at = moves
    own = float(np.clip((low_at - up_at).max() / (2 * APART), 0, 1))
    widening = (edge.half_width / _REST.half_width - 1) * WIDENING
    wider = np.float32(widening * (1 - (1 - NARROWED) * own * (widening < 0)))
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
    upper_from = np.minimum(v - up_by * fade_up + _nearer(above, fuller), up_at)
    lower_from = np.maximum(v - lower - _nearer(below, fuller), low_at)
    from_v = np.where(v < (target_up + target_low) / 2, upper_from, lower_from)
    outside = np.abs(from_u) > 1  # beside the mouth there is no slit: one field for all
    if outside.any():
        both = np.where(v < target_up, up_by * fade_up, lower)
        from_v = np.where(outside, v - both, from_v)
    return from_u, from_v.astype(np.float32), _Slit(target_up, target_low, up_at, low_at, own)


def _shut(mouth: Mouth) -> float:
    """Return how far a mouth that the picture has open closes for the speech, 0 to 1."""
    return min(1.0, 3 * float(mouth[VOICE]))


def _uncovered(inside: Floats, moved: Floats, half: float) -> Floats:
    """Return how much of the picture's own mouth is seen so far within one of its lips' lines.

    A lip that has ``moved`` away from what it covered bares what the picture does not show; one
    that has not hides the seam, and then what the picture shows reaches up to the lip.
    """
    pixels, most = np.float32(half), np.float32(1 + OWN_EDGE / 2)
    seam = np.clip(moved * pixels, 0, most)
    return coverage(inside * pixels + np.float32(OWN_EDGE / 2) - seam, OWN_EDGE)


def _nearer(away: Floats, fuller: float) -> Floats:
    """Return by how much nearer to the slit a lip's pixels come from, so far away from it."""
    positive = np.maximum(away, 0)
    return np.asarray(positive * np.exp(-np.square(positive / np.float32(LIP))) * fuller)


def _smooth(share: Floats) -> Floats:
    t = np.clip(share, 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)


def _light(view: View) -> Floats:
    """Return the colour of the light on the face, against that which the teeth were drawn in."""
    places = np.round(view.points[list(SKIN)]).astype(int)
    rows, columns = view.image.shape[:2]
    x, y = np.clip(places[:, 0], 0, columns - 1), np.clip(places[:, 1], 0, rows - 1)
    skin = np.median(view.image[y, x], axis=0).astype(np.float32)
    level = np.clip(float(skin.mean()) / LIT, 0.35, 1.1)
    return np.asarray(level * (skin / max(float(skin.max()), 1.0)) ** WARM, np.float32)


def _softened(ink: Floats) -> Floats:
    """Return a drawing (3, h, w) as a lens would show it: the film is not as sharp."""
    return np.stack([cv2.GaussianBlur(plane, (0, 0), LENS) for plane in ink])


def _lit(ink: Floats, light: Floats) -> Floats:
    """Return a drawing (3, h, w) in that light; in a grey picture it is grey, too."""
    coloured = min(1.0, (1 - float(light.min() / light.max())) / (COLOURED * WARM))
    grey = ink.mean(axis=0, keepdims=True)
    return np.asarray((grey + (ink - grey) * np.float32(coloured)) * light[:, None, None])
