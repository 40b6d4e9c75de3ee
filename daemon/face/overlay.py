"""What is laid over the face for calls and streams: subtitles, and a sign for muted or thinking.

All of it is off unless the settings ask for it. Subtitles are words: they are drawn into the
picture, and kept nowhere else.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, Protocol

import cv2
import numpy as np

from daemon.face.pixels import Floats
from daemon.face.subtitles import EDGE, PAPER, PAPER_ALPHA, draw, lay
from daemon.media import Image

Sign = Literal["", "muted", "thinking"]
SIGN = 0.085  # of the picture's shorter side
SIGN_INK = {"muted": (255, 128, 112), "thinking": (226, 230, 240)}
FINE = 4  # drawn this much larger, so that edges are smooth after shrinking


@dataclass(frozen=True, slots=True)
class Caption:
    """What is to be shown at a moment."""

    lines: tuple[str, ...] = ()
    sign: Sign = ""


class Look(Protocol):
    """Those settings of the face that say how it is shown."""

    @property
    def mirror(self) -> bool:
        """Whether left and right change places."""

    @property
    def subtitle_size(self) -> float:
        """Times the usual size."""

    @property
    def subtitle_place(self) -> str:
        """``bottom`` or ``top``."""


NOTHING = Caption()


class PictureOverlay:
    """Lays it over pictures. ``scene`` is the event loop's, the rest the camera's thread's."""

    def __init__(
        self, look: Callable[[], Look] | None = None, now: Callable[[], Caption] | None = None
    ) -> None:
        """``now`` tells what is to be shown at this moment."""
        self.look = look
        self.now: Callable[[], Caption] = now or (lambda: NOTHING)
        self._caption = NOTHING

    def scene(self) -> object:
        """Choose what the next picture shows, and return all that it depends on."""
        self._caption = self.now()
        look = self.look() if self.look is not None else None
        return self._caption, look and (look.mirror, look.subtitle_size, look.subtitle_place)

    @property
    def mirror(self) -> bool:
        """Whether left and right change places."""
        return self.look is not None and self.look().mirror

    def mirrored(self, picture: Image) -> Image:
        """Return ``picture``, or what a mirror would show."""
        return np.ascontiguousarray(picture[:, ::-1]) if self.mirror else picture

    def over(self, picture: Image) -> Image:
        """Return ``picture`` with what is laid over it; itself where that is nothing.

        The picture is left as it is: a face may show the same one again.
        """
        look, caption = self.look() if self.look is not None else None, self._caption
        if look is None or caption == NOTHING:
            return picture
        out = picture.copy()
        height, width = out.shape[:2]
        edge = round(EDGE * min(height, width))
        if caption.sign:
            lay(out, sign(caption.sign, round(SIGN * min(height, width))), (edge, edge))
        if caption.lines:
            drawn = _drawn(caption.lines, (width, height), look.subtitle_size)
            high, wide = drawn[0].shape[:2]
            top = edge if look.subtitle_place == "top" else height - edge - high
            lay(out, drawn, ((width - wide) // 2, top))
        return out


@lru_cache(maxsize=2)
def _drawn(lines: tuple[str, ...], size: tuple[int, int], scale: float) -> tuple[Floats, Floats]:
    return draw(lines, size, scale)


@lru_cache(maxsize=4)
def sign(kind: Sign, side: int) -> tuple[Floats, Floats]:
    """Draw a sign: a microphone struck through, or three dots.

    Returns what is added, shape (side, side, 3), and what is kept, shape (side, side, 1).
    """
    fine = max(8, side) * FINE
    disc, mark = np.zeros((fine, fine), np.uint8), np.zeros((fine, fine), np.uint8)
    middle, line = fine // 2, max(2, fine // 18)
    cv2.circle(disc, (middle, middle), middle - 2, 255, cv2.FILLED, cv2.LINE_AA)
    if kind == "thinking":
        for place in (0.3, 0.5, 0.7):
            at = round(fine * place), middle
            cv2.circle(mark, at, fine // 14, 255, cv2.FILLED, cv2.LINE_AA)
    else:
        body, low = fine // 10, round(fine * 0.5)
        cv2.line(mark, (middle, round(fine * 0.33)), (middle, low), 255, 2 * body, cv2.LINE_AA)
        axes = round(fine * 0.18), round(fine * 0.18)
        cv2.ellipse(mark, (middle, low), axes, 0, 0, 180, 255, line, cv2.LINE_AA)
        foot = round(fine * 0.68)
        cv2.line(mark, (middle, foot), (middle, round(fine * 0.77)), 255, line, cv2.LINE_AA)
        ends = (round(fine * 0.26),) * 2, (round(fine * 0.74),) * 2
        cv2.line(mark, *ends, 0, 3 * line, cv2.LINE_AA)
        cv2.line(mark, *ends, 255, line, cv2.LINE_AA)
    shape = max(8, side), max(8, side)
    ink, paper = (
        cv2.resize(part, shape, interpolation=cv2.INTER_AREA).astype(np.float32)[..., None] / 255
        for part in (mark, disc)
    )
    paper = paper * np.float32(PAPER_ALPHA) * (1 - ink)
    colour = np.array(SIGN_INK[kind], np.float32)
    added = ink * colour + paper * np.array(PAPER, np.float32)
    return np.asarray(added + 0.5, np.float32), np.asarray(1 - ink - paper, np.float32)
