"""Moves the mouth in a real face without any network: lips part, the jaw falls, teeth appear.

The picture is bent (``bending.py``), and the gap between the lips is drawn as in the default face.
Teeth that the picture shows stay where they are, behind the lips. With a mouth at rest the picture
stays as it is, to the last pixel.
"""

import cv2
import numpy as np

from daemon.face.bending import UNIT, MouthFrame, Slit, bend, how_shut
from daemon.face.corners import fade_corners
from daemon.face.footage import View
from daemon.face.lips import Contours, Lips, contours
from daemon.face.pixels import Floats, coverage, over, planes
from daemon.face.shapes import ROUND
from daemon.media import Image, Mouth

SKIN = (50, 280, 205, 425, 199)  # cheeks and chin: how light the face is

DEPTH, TEETH_DOWN = 0.75, 5.0  # teeth and tongue are this much closer together, and lower
OWN_EDGE = 2.5  # pixels over which what the picture shows between the lips becomes the drawing
LENS = 0.7  # pixels, the width of a Gaussian
COVERED, BARE = 0.9, 0.6  # of half-bare teeth that "oo" covers; less round lips, none
SHADED = 0.5  # of the light that falls below the picture's own teeth
THIN, THIN_OWN = 1.5, 4.0  # pixels: a slit that is lower fades; where teeth are bare, sooner
TONGUE_UP = 3.0  # pixels of the drawn face from the lower lip to the middle of the tongue
STILL = 0.012  # a mouth vector below this is at rest
LIT = 205.0  # how light the drawn face's skin is, in levels
WARM = 0.4  # power of the skin's colour that falls on the teeth, too
COLOURED = 0.12  # of the lightest colour: skin that differs less is that of a grey picture

_LEAST = planes(70, 36, 34)  # the dark below bare teeth, where light comes in


class Warp:
    """Bends mouths; ``lips`` draws what is between them."""

    def __init__(self, lips: Lips) -> None:
        self._lips = lips

    def paint(self, view: View, mouth: Mouth) -> None:
        """Move the mouth of ``view`` as the vector says (see ``shapes.py``)."""
        if float(np.abs(mouth).max()) < STILL:
            return
        frame = MouthFrame.of(view.points)
        left, top, right, bottom = self._part(view, frame)
        if right - left < 8 or bottom - top < 8:
            return
        x = np.arange(left, right, dtype=np.float32)[None, :] - np.float32(frame.middle[0])
        y = np.arange(top, bottom, dtype=np.float32)[:, None] - np.float32(frame.middle[1])
        ax, ay = (np.float32(value / frame.half**2) for value in frame.along)
        u, v = x * ax + y * ay, y * ax - x * ay
        edge = contours(mouth)
        from_u, from_v, slit = bend(u, v, frame, view.points, edge, mouth)
        bx, by = (np.float32(value) for value in frame.along)
        map_x = from_u * bx - from_v * by + np.float32(frame.middle[0])
        map_y = from_u * by + from_v * bx + np.float32(frame.middle[1])
        part = view.image[top:bottom, left:right]
        before = part.copy()
        fade_corners(view.image, frame.middle, frame.along, slit.own * how_shut(mouth))
        found = cv2.remap(
            view.image, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        bent = np.asarray(found, np.uint8)
        self._fill(bent, before, slit, (u, v, frame.half), edge, mouth, _light(view))
        part[:] = bent

    def _part(self, view: View, frame: MouthFrame) -> tuple[int, int, int, int]:
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
        slit: Slit,
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
        own = _uncovered(v - slit.up_at, slit.up_at - slit.up, half)
        own *= np.float32(1 - hidden * (1 - slit.own))
        own *= _uncovered(slit.low_at - v, slit.low - slit.low_at, half)
        over(ink, before[box].transpose(2, 0, 1).astype(np.float32), own)
        alpha = coverage((v - slit.up) * pixels, 1.6) * coverage((slit.low - v) * pixels, 1.6)
        thin = np.float32(THIN + (THIN_OWN - THIN) * slit.own * how_shut(mouth))
        alpha *= np.clip((slit.low - slit.up) * pixels / thin, 0, 1)
        part = bent[box]
        skin = part.transpose(2, 0, 1).astype(np.float32)
        over(skin, ink, alpha)
        part[:] = np.clip(skin + np.float32(0.5), 0, 255).astype(np.uint8).transpose(1, 2, 0)


def _uncovered(inside: Floats, moved: Floats, half: float) -> Floats:
    """Return how much of the picture's own mouth is seen so far within one of its lips' lines.

    A lip that has ``moved`` away from what it covered bares what the picture does not show; one
    that has not hides the seam, and then what the picture shows reaches up to the lip.
    """
    pixels, most = np.float32(half), np.float32(1 + OWN_EDGE / 2)
    seam = np.clip(moved * pixels, 0, most)
    return coverage(inside * pixels + np.float32(OWN_EDGE / 2) - seam, OWN_EDGE)


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
