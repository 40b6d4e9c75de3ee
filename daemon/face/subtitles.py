"""Subtitles: which words are shown at a moment, and how they look.

Two lines of at most 42 columns, as broadcasters have it; a Chinese character takes two. A long
sentence is shown part after part while it is spoken. OpenCV's own font draws them; what it has no
sign for (emoji, some scripts) is left out. Hebrew and Arabic stand in the order in which they are
read; Arabic letters are not joined.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from itertools import groupby

import cv2
import numpy as np

from daemon.face.pixels import Floats
from daemon.media import Image

MAX_TEXT = 5000  # characters of a text that are looked at
COLUMNS, LINES = 42, 2
HEIGHT = 0.038  # of a capital, as a part of the picture's shorter side
MIN_PX = 9  # below this Chinese is not legible
EDGE = 0.05  # of the shorter side, to the picture's rim
PAD, GAP = 0.6, 0.75  # around the text and between its lines, in capitals
WIDEST = 0.92  # of the picture's width
WEIGHT = 560  # of the font
INK, PAPER, PAPER_ALPHA = (248, 248, 250), (12, 13, 16), 0.66
FINE = 2  # drawn this much larger, so that edges are smooth after shrinking

_MISSING = "\uffff"
_TOKEN = re.compile(r"\s+|[^\s\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef]+|.")
_NO_BEGINNING = "，。！？；：、）》」』”’…,.!?;:)"  # marks that no line begins with


@lru_cache(maxsize=64)
def parts(text: str, columns: int = COLUMNS) -> tuple[tuple[str, ...], ...]:
    """Return what is shown of a text, part after part: lines in the order of reading."""
    plain = " ".join("".join(filter(_drawn, text[:MAX_TEXT])).split())
    lines, line, wide = list[str](), "", 0
    for token in _tokens(plain, columns):
        width = columns_of(token)
        if wide + width > columns and token not in _NO_BEGINNING and not token.isspace():
            lines.append(line.strip())
            line, wide = "", 0
        line, wide = line + token, wide + width
    lines = [one for one in [*lines, line.strip()] if one]
    return tuple(tuple(lines[i : i + LINES]) for i in range(0, len(lines), LINES))


def _tokens(text: str, columns: int) -> Iterator[str]:
    """Yield words, spaces and single wide characters; words longer than a line in pieces."""
    for token in _TOKEN.findall(text):
        for begin in range(0, len(token), columns):
            yield token[begin : begin + columns]


def columns_of(text: str) -> int:
    """Return how many columns a text takes."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def part_at(text: str, share: float) -> tuple[str, ...]:
    """Return the lines that are shown when so much of a text, 0 to 1, has been spoken."""
    shown = parts(text)
    spoken = share * sum(columns_of(line) for part in shown for line in part)
    for part in shown:
        spoken -= sum(map(columns_of, part))
        if spoken < 0:
            return part
    return shown[-1] if shown else ()


@cache
def _font() -> cv2.FontFace:
    """Return OpenCV's own font that has Chinese; to unpack it takes its time."""
    return cv2.FontFace("uni")


def _sign(char: str) -> bytes:
    mark = np.zeros((40, 48), np.uint8)
    cv2.putText(mark, char, (4, 30), (255,), _font(), 24, WEIGHT)
    return mark.tobytes()


@lru_cache(maxsize=4096)
def _drawn(char: str) -> bool:
    """Whether the font has a sign for a character."""
    if char.isspace() or char == "?":  # which stands for what is missing, too
        return True
    if unicodedata.category(char).startswith(("C", "So", "Sk", "M")):
        return False
    return _sign(char) != _sign(_MISSING)


def as_drawn(line: str) -> str:
    """Return a line as it is drawn from left to right: runs of Hebrew or Arabic are turned."""
    if not any(_right_to_left(char) for char in line):
        return line
    strong = [_right_to_left(char) if char.isalnum() else None for char in line]
    first = next((way for way in strong if way is not None), False)
    ways, before = list[bool](), first
    for number, way in enumerate(strong):
        if way is None:  # between two of one direction it is theirs, else that of the line
            after = next((one for one in strong[number:] if one is not None), first)
            way = before if before == after else first
        else:
            before = way
        ways.append(way)
    both = list[str]()
    for way, run in groupby(zip(ways, line, strict=True), key=lambda pair: pair[0]):
        text = "".join(char for _, char in run)
        both.append(text[::-1] if way else text)
    return "".join(reversed(both) if first else both)


def _right_to_left(char: str) -> bool:
    return unicodedata.bidirectional(char) in ("R", "AL")


def draw(lines: Sequence[str], size: tuple[int, int], scale: float) -> tuple[Floats, Floats]:
    """Draw lines for a picture of ``size``, ``scale`` times as large as usual.

    Returns what is added, shape (h, w, 3), and what is kept of the picture, shape (h, w, 1); both
    float32, and no wider than the picture.
    """
    shown = [as_drawn(line) for line in lines]
    height = max(MIN_PX, HEIGHT * min(size) * scale) * FINE
    widest = max(_width(line, height) for line in shown)
    height *= min(1.0, WIDEST * FINE * size[0] / (widest + 2 * PAD * height))
    widest = max(_width(line, height) for line in shown)
    pad, step = round(PAD * height), height * (1 + GAP)
    high = _even(2 * pad + height + step * (len(shown) - 1))
    wide = min(_even(widest + 2 * pad), size[0] * FINE)
    mark = np.zeros((high, wide), np.uint8)
    for number, line in enumerate(shown):
        left = (wide - _width(line, height)) // 2
        base = round(pad + height + number * step)
        cv2.putText(mark, line, (left, base), (255,), _font(), round(height), WEIGHT)
    shape = wide // FINE, high // FINE
    ink = cv2.resize(mark, shape, interpolation=cv2.INTER_AREA).astype(np.float32)[..., None] / 255
    paper = np.float32(PAPER_ALPHA) * (1 - ink)
    added = ink * np.array(INK, np.float32) + paper * np.array(PAPER, np.float32)
    return np.asarray(added + 0.5, np.float32), np.asarray(1 - ink - paper, np.float32)


def _width(text: str, height: float) -> int:
    return int(cv2.getTextSize((1, 1), text, (0, 0), _font(), round(height), WEIGHT)[2])


def _even(length: float) -> int:
    return -(-round(length) // FINE) * FINE


def lay(picture: Image, drawn: tuple[Floats, Floats], at: tuple[int, int]) -> None:
    """Lay what was drawn over ``picture`` with its corner at ``at``; what lies outside is left."""
    ink, keep = drawn
    (x, y), (rows, columns) = at, picture.shape[:2]
    left, top = max(0, x), max(0, y)
    right, bottom = min(columns, x + ink.shape[1]), min(rows, y + ink.shape[0])
    if right <= left or bottom <= top:
        return
    part = picture[top:bottom, left:right]
    box = slice(top - y, bottom - y), slice(left - x, right - x)
    part[:] = part * keep[box] + ink[box]
