"""A small card in a corner of the picture: what rings, the next timer, the next alarm.

It is drawn when what it says changes, once a second at most, and laid over its part of the picture
alone. A reminder's text is not on it: the picture may be in a video call.
"""

import math
import time
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final, Literal

import cv2
import numpy as np

from daemon.face.pixels import Floats
from daemon.i18n import tr
from daemon.media import Image

SOON_S = 3600.0  # an alarm that is further off is not shown
MAX_ROWS = 3
MAX_NAME = 14  # columns, of which a Chinese character takes two; more is cut
MAX_LOOKED_AT = 200  # characters of a name
UNDRAWN = ("C", "So", "Sk", "Z")  # what has no glyph, or turns the direction of others

FINE = 2  # drawn this much larger, so that edges are smooth after shrinking
# Lengths are parts of the picture's shorter side.
ROW, ROW_GAP, PAD, EDGE = 0.075, 0.012, 0.024, 0.036
DIGITS, LABEL = 0.036, 0.0215  # heights of a capital
MIN_LABEL_PX = 9  # below this Chinese is not legible; small pictures get a larger card
PAPER, LINE = (22, 25, 31), (255, 255, 255)
INK, SOFT = (246, 247, 250), (176, 184, 196)
ACCENTS: Final = {"timer": (108, 214, 198), "alarm": (150, 178, 255), "reminder": (206, 170, 255)}
RINGS = ((255, 190, 84), (255, 224, 168))  # by turns, second by second
PAPER_ALPHA, LINE_ALPHA = 0.80, 0.16
BOLD, PLAIN = 600, 500  # weights of OpenCV's font

CardKind = Literal["timer", "alarm", "reminder"]
Colour = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class CardEntry:
    """Something that is set, as far as the card shows it."""

    kind: CardKind
    name: str
    due: float
    """UNIX time, in seconds."""
    length_s: float = 0.0
    """Of a timer: the time it was set for."""
    ringing: bool = False


@dataclass(frozen=True, slots=True)
class CardRow:
    """A line of the card, as it is drawn."""

    kind: CardKind
    big: str
    """A time; "" where only a name is to be told."""
    small: str
    share: float = 0.0
    """What is left of a timer, 0 to 1, in steps that can be seen."""
    ringing: int = 0
    """Above 0 while it rings: another number each second."""


def card_rows(entries: Sequence[CardEntry], now: float) -> tuple[CardRow, ...]:
    """Choose what is shown at UNIX time ``now``: what rings, the next timer, an alarm soon."""
    coming = sorted((e for e in entries if not e.ringing), key=lambda entry: entry.due)
    timer = next((e for e in coming if e.kind == "timer"), None)
    alarm = next((e for e in coming if e.kind == "alarm" and e.due - now <= SOON_S), None)
    rows = [_ringing(entry, now) for entry in entries if entry.ringing]
    if timer is not None:
        left = max(0.0, timer.due - now)
        share = math.ceil(60 * left / timer.length_s) / 60 if timer.length_s else 0.0
        small = short_name(timer.name) or tr("Timer")
        rows.append(CardRow("timer", countdown(left), small, min(share, 1.0)))
    if alarm is not None:
        at = time.strftime("%H:%M", time.localtime(alarm.due))
        rows.append(CardRow("alarm", at, short_name(alarm.name) or tr("Alarm")))
    return tuple(rows[:MAX_ROWS])


def _ringing(entry: CardEntry, now: float) -> CardRow:
    kinds = {"timer": tr("Timer"), "alarm": tr("Alarm"), "reminder": tr("Reminder")}
    name = "" if entry.kind == "reminder" else short_name(entry.name)
    return CardRow(entry.kind, name or kinds[entry.kind], tr("ringing"), ringing=1 + int(now) % 2)


def countdown(left_s: float) -> str:
    """Return the time that is left as a clock shows it: ``9:05``, ``1:02:03``."""
    minutes, seconds = divmod(math.ceil(left_s), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes:02}:{seconds:02}"


def short_name(name: str) -> str:
    """Return as much of a name as there is room for, without what the font cannot draw."""
    plain = " ".join(name[:MAX_LOOKED_AT].split())
    text, columns = "", 0
    for character in filter(_drawn, plain):
        columns += 2 if unicodedata.east_asian_width(character) in "WF" else 1
        if columns > MAX_NAME:
            return text.strip() + "…"
        text += character
    return text.strip()


def _drawn(character: str) -> bool:
    return character == " " or not unicodedata.category(character).startswith(UNDRAWN)


class TimerCard:
    """The card, and the picture of it that is shown at the moment.

    ``entries`` is set by the event loop; everything else belongs to the camera's thread.
    """

    def __init__(self) -> None:
        self.entries: tuple[CardEntry, ...] = ()
        """All that is set; the card chooses from it."""
        self._shown: tuple[tuple[CardRow, ...], tuple[int, int]] | None = None
        self._ink = np.zeros((0, 0, 3), np.float32)
        self._keep = np.zeros((0, 0, 1), np.float32)

    def over(self, picture: Image, now: float) -> Image:
        """Return ``picture`` with the card at UNIX time ``now``; itself where there is none.

        The picture is left as it is: a face may show the same one again.
        """
        rows = card_rows(self.entries, now)
        if not rows:
            self._shown = None
            return picture
        height, width = picture.shape[:2]
        if self._shown != (rows, (width, height)):
            self._ink, self._keep = draw_card(rows, (width, height))
            self._shown = rows, (width, height)
        high, wide = self._keep.shape[:2]
        edge = round(min(height, width) * EDGE)
        out = picture.copy()
        left = max(0, width - edge - wide)
        part = out[edge : edge + high, left : left + wide]
        high, wide = part.shape[:2]
        part[:] = part * self._keep[:high, :wide] + self._ink[:high, :wide]
        return out


def draw_card(rows: Sequence[CardRow], size: tuple[int, int]) -> tuple[Floats, Floats]:
    """Draw the card for a picture of ``size``.

    Returns what is added, shape (h, w, 3), and what is kept of the picture, shape (h, w, 1); both
    float32.
    """
    unit = max(min(size), MIN_LABEL_PX / LABEL) * FINE  # a length of 1
    pad, row, gap = round(PAD * unit), round(ROW * unit), round(ROW_GAP * unit)
    label = max(_wide(r.small, LABEL * unit, PLAIN) for r in rows)
    big = max(_wide(r.big, _big_height(r) * unit, BOLD) for r in rows)
    text = max(label, big, round(0.12 * unit))
    wide = _even(pad * 2 + row + gap + text)
    high = _even(pad * 2 + len(rows) * row + (len(rows) - 1) * gap)
    colour, alpha = np.zeros((high, wide, 3), np.uint8), np.zeros((high, wide), np.uint8)
    colour[:] = PAPER
    radius = round(0.03 * unit)
    line = max(FINE, round(0.003 * unit))
    _round(alpha, (0, 0, wide - 1, high - 1), radius, round(255 * PAPER_ALPHA))
    rim = np.zeros_like(alpha)
    _round(rim, (0, 0, wide - 1, high - 1), radius, 255)
    inner = np.zeros_like(alpha)
    _round(inner, (line, line, wide - 1 - line, high - 1 - line), radius - line, 255)
    edge = (rim > 0) & (inner == 0)
    colour[edge] = [round(p + (q - p) * LINE_ALPHA) for p, q in zip(PAPER, LINE, strict=True)]
    for number, content in enumerate(rows):
        top = pad + number * (row + gap)
        _draw_row(colour, alpha, content, (pad, top), row, unit)
    shape = wide // FINE, high // FINE
    share = alpha.astype(np.float32)[..., None] / 255
    ink = cv2.resize(colour * share, shape, interpolation=cv2.INTER_AREA)
    keep = 1 - cv2.resize(share, shape, interpolation=cv2.INTER_AREA)
    return np.asarray(ink + 0.5, np.float32), np.asarray(keep, np.float32)[..., None]


def _draw_row(
    colour: Image, alpha: Image, row: CardRow, at: tuple[int, int], size: int, unit: float
) -> None:
    """Draw an icon, and beside it what is said; what is drawn is opaque."""
    x, y = at
    accent = RINGS[row.ringing - 1] if row.ringing else ACCENTS[row.kind]
    mark = np.zeros((size, size), np.uint8)
    middle = size // 2, size // 2
    if row.ringing or row.kind == "reminder":
        _bell(mark, middle, size, row.ringing)
    elif row.kind == "timer":
        _dial(mark, middle, size, row.share)
    else:
        _clock(mark, middle, size)
    _lay(colour, alpha, mark, at, accent)
    left = x + size + round(ROW_GAP * unit)
    tall, low = _big_height(row) * unit, LABEL * unit
    space = (size - tall - low) / 3
    for words, height, weight, ink, base in (
        (row.big, tall, BOLD, accent if row.ringing else INK, space + tall),
        (row.small, low, PLAIN, SOFT, 2 * space + tall + low),
    ):
        mark = np.zeros((size, alpha.shape[1] - left), np.uint8)
        cv2.putText(mark, words, (0, round(base)), (255,), _font(), round(height), weight)
        _lay(colour, alpha, mark, (left, y), ink)


def _lay(colour: Image, alpha: Image, mark: Image, at: tuple[int, int], ink: Colour) -> None:
    """Lay ``ink`` over the card where ``mark``, whose corner is ``at``, is."""
    (x, y), (high, wide) = at, mark.shape
    there, seen = colour[y : y + high, x : x + wide], alpha[y : y + high, x : x + wide]
    share = mark.astype(np.float32)[..., None] / 255
    there[:] = there + (np.array(ink, np.float32) - there) * share + np.float32(0.5)
    np.maximum(seen, mark, out=seen)


def _dial(mark: Image, middle: tuple[int, int], size: int, share: float) -> None:
    """Draw a ring of which as much is bright as is left."""
    radius, line = round(size * 0.37), max(2, round(size * 0.1))
    axes = radius, radius
    cv2.ellipse(mark, middle, axes, 0, 0, 360, 70, line, cv2.LINE_AA)
    if share > 0:
        cv2.ellipse(mark, middle, axes, -90, 0, 360 * share, 255, line, cv2.LINE_AA)
    cv2.circle(mark, middle, max(2, round(size * 0.07)), 255, cv2.FILLED, cv2.LINE_AA)


def _clock(mark: Image, middle: tuple[int, int], size: int) -> None:
    """Draw a clock's face with two hands."""
    x, y = middle
    radius, line = round(size * 0.37), max(2, round(size * 0.075))
    cv2.circle(mark, middle, radius, 255, line, cv2.LINE_AA)
    cv2.line(mark, middle, (x, y - round(size * 0.22)), 255, line, cv2.LINE_AA)
    cv2.line(mark, middle, (x + round(size * 0.15), y + round(size * 0.09)), 255, line, cv2.LINE_AA)


def _bell(mark: Image, middle: tuple[int, int], size: int, swing: int) -> None:
    """Draw a bell; while it rings, it swings to one side and the other."""
    x, y = middle
    r = size * 0.25
    turn = 0.0 if not swing else math.radians(12 if swing == 1 else -12)
    right = [(0.0, -1.25), (0.45, -1.15), (0.78, -0.8), (0.86, -0.2), (0.95, 0.35), (1.3, 0.85)]
    outline = right + [(-dx, dy) for dx, dy in reversed(right)]
    cos, sin = math.cos(turn), math.sin(turn)
    points = [(x + r * (dx * cos - dy * sin), y + r * (dx * sin + dy * cos)) for dx, dy in outline]
    cv2.fillPoly(mark, [np.array(points, np.int32)], 255, cv2.LINE_AA)
    clapper = round(x - r * 1.25 * sin), round(y + r * 1.25 * cos)
    cv2.circle(mark, clapper, max(2, round(r * 0.32)), 255, cv2.FILLED, cv2.LINE_AA)


def _round(mark: Image, box: tuple[int, int, int, int], radius: int, value: int) -> None:
    """Fill a box with round corners."""
    left, top, right, bottom = box
    cv2.rectangle(mark, (left + radius, top), (right - radius, bottom), value, cv2.FILLED)
    cv2.rectangle(mark, (left, top + radius), (right, bottom - radius), value, cv2.FILLED)
    for x in (left + radius, right - radius):
        for y in (top + radius, bottom - radius):
            cv2.circle(mark, (x, y), radius, value, cv2.FILLED)


def _wide(text: str, height: float, weight: int) -> int:
    return int(cv2.getTextSize((1, 1), text, (0, 0), _font(), round(height), weight)[2])


@cache
def _font() -> cv2.FontFace:
    """Return OpenCV's own font that has Chinese; to unpack it takes its time."""
    return cv2.FontFace("uni")


def _big_height(row: CardRow) -> float:
    return DIGITS if not row.ringing else DIGITS * 0.86


def _even(length: float) -> int:
    return math.ceil(length / FINE) * FINE
