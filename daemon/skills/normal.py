"""Words as grammars see them: no case, no punctuation, no traditional characters.

Each remembers where it stood, so that what a person said is given back as they said it.
"""

import functools
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field

from daemon.skills.when import Span, When

CHINESE = re.compile(r"[㐀-鿿]")
MAX_LENGTH = 300  # characters; whoever says more does not set a timer

# What times are replaced by: one character each, which no text of a person's has.
SPAN_MARK = "[\ue000-\ue7ff]"
"""A pattern: the mark of a length of time."""
WHEN_MARK = "[\ue800-\uefff]"
"""A pattern: the mark of a time or a day."""
_APOSTROPHES = "'’‘`´"
_INVISIBLE = re.compile(r"[\ud800-\udfff\ue000-\uf8ff\u200b-\u200f\ufeff]")


@dataclass(slots=True)
class Marked:
    """A normal text in which what has been understood is replaced by marks.

    English words stand between single spaces; Chinese has none.
    """

    original: str
    text: str
    starts: list[int]
    """Of each character, where it began in ``original`` …"""
    ends: list[int]
    """… and where it ended."""
    values: list[Span | When] = field(default_factory=list)
    """Of each mark, by its number."""

    def said(self, start: int, end: int) -> str:
        """Return the words of the original between two places of the text."""
        while start < end and self.text[start] == " ":
            start += 1
        while end > start and self.text[end - 1] == " ":
            end -= 1
        return self.original[self.starts[start] : self.ends[end - 1]] if start < end else ""

    def part(self, start: int, end: int) -> "Marked":
        """Return what is between two places, marks included."""
        return Marked(
            self.original,
            self.text[start:end],
            self.starts[start:end],
            self.ends[start:end],
            list(self.values),
        )

    def spans(self, text: str) -> list[Span]:
        """Return the lengths of time whose marks are in a piece of text."""
        found = (self.values[ord(mark) & 0x7FF] for mark in text if "\ue000" <= mark <= "\uefff")
        return [value for value in found if isinstance(value, Span)]

    def whens(self, text: str) -> list[When]:
        """Return the times and days whose marks are in a piece of text."""
        found = (self.values[ord(mark) & 0x7FF] for mark in text if "\ue000" <= mark <= "\uefff")
        return [value for value in found if isinstance(value, When)]

    def without(self, pattern: re.Pattern[str]) -> "Marked":
        """Return it without what ``pattern`` matches."""
        out = [place for match in pattern.finditer(self.text) for place in range(*match.span())]
        keep = sorted(set(range(len(self.text))) - set(out))
        return Marked(
            self.original,
            "".join(self.text[place] for place in keep),
            [self.starts[place] for place in keep],
            [self.ends[place] for place in keep],
            list(self.values),
        )

    def rewrite(
        self, pattern: re.Pattern[str], make: Callable[[re.Match[str]], Span | When | None]
    ) -> None:
        """Put a mark where ``pattern`` matches and ``make`` returns something."""
        pieces: list[str] = []
        starts: list[int] = []
        ends: list[int] = []
        done = 0
        for match in pattern.finditer(self.text):
            start, end = match.span()
            if start == end or start < done or (value := make(match)) is None:
                continue
            self.values.append(value)
            mark = len(self.values) - 1 + (0xE000 if isinstance(value, Span) else 0xE800)
            pieces += self.text[done:start], chr(mark)
            starts += *self.starts[done:start], self.starts[start]
            ends += *self.ends[done:start], self.ends[end - 1]
            done = end
        if pieces:
            self.text = "".join((*pieces, self.text[done:]))
            self.starts = starts + self.starts[done:]
            self.ends = ends + self.ends[done:]


def is_chinese(text: str) -> bool:
    """Whether it is to be understood by the Chinese grammar."""
    return CHINESE.search(text) is not None


@functools.cache
def _to_simplified() -> Callable[[str], str]:
    from opencc import OpenCC  # only whoever types traditional characters waits for its tables

    convert: Callable[[str], str] = OpenCC("t2s").convert
    return convert


def _simplify(text: str) -> str:
    """Return the text in simplified characters, each at its place."""
    try:
        text.encode("gb2312")  # has all of the simplified ones in use
        return text
    except UnicodeEncodeError:
        converted = _to_simplified()(text)
        return converted if len(converted) == len(text) else text


def normalised(text: str) -> Marked:
    """Return what is compared with the grammar; without marks."""
    text = _INVISIBLE.sub(" ", text)
    chinese = is_chinese(text)
    plain = _simplify(text) if chinese else text
    out: list[str] = []
    starts: list[int] = []
    for place in range(len(plain)):
        for letter in _letters(plain, place, chinese):
            if letter == " " and (not out or out[-1] == " "):
                continue
            out.append(letter)
            starts.append(place)
    while out and out[-1] == " ":
        del out[-1], starts[-1]
    keep = [i for i in range(len(out)) if not (chinese and _is_gap(out, i))]
    starts = [starts[i] for i in keep]
    return Marked(text, "".join(out[i] for i in keep), starts, [start + 1 for start in starts])


def _is_gap(letters: list[str], place: int) -> bool:
    """Whether a space stands beside Chinese."""
    if letters[place] != " ":
        return False
    return bool(CHINESE.match(letters[place - 1]) or CHINESE.match(letters[place + 1]))


def _letters(text: str, place: int, chinese: bool) -> str:
    """Return what a character counts as."""
    letter = unicodedata.normalize("NFKC", text[place]).lower()
    letter = letter if len(letter) == 1 else text[place]
    before = text[place - 1] if place else " "
    after = text[place + 1] if place + 1 < len(text) else " "
    if letter.isalnum():
        return letter
    if letter in _APOSTROPHES:
        return ""
    if letter in ".:" and before.isdigit() and after.isdigit():
        return letter
    if letter == "." and after.isalpha() and before.isalpha():  # a.m.
        return ""
    if letter == "," and before.isdigit() and text[place + 1 : place + 4].isdigit():  # 1,000
        return ""
    if letter == "%":
        return "percent" if chinese else " percent "
    if letter in "-−" and after.isdigit() and not before.isalnum():
        return " minus "
    return {"&": " and ", "+": " plus "}.get(letter, " ")
