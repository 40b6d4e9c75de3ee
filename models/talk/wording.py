"""Wordings: what stands in brackets is chosen, what stands in braces is drawn.

``[Hello|Hi] {name}`` is one of two greetings, with a name. ``{capital.1}`` is the second column of
a row, ``{capital2.1}`` that of another row, ``{zh:q.0}`` is drawn from the other language.
"""

import random
import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

from models.talk.sums import ROWS

FOLDER = Path(__file__).parent
LANGUAGES = ("en", "zh")
CHINESE = re.compile(r"[\u4e00-\u9fff]")

_CHOICE = re.compile(r"\[([^\[\]]*)\]")
_SLOT = re.compile(r"\{(?:(en|zh):)?([a-z_]+)(\d?)(?:\.(\d))?(cap|short|low|an)?\}")
_MINE = "="  # "my coat=your coat": what the person says, and what the assistant says
_REPAIRS = (
    (r"\s+([.,!?])", r"\1"),
    (r"([。！？])，", r"\1"),
    (r"，([。！？])", r"\1"),
    (r" {2,}", " "),
)

Row = str | Sequence[str]


def load(name: str) -> dict[str, dict[str, object]]:
    """Read a file of this folder."""
    return tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))


def _lists() -> dict[str, dict[str, list[Row]]]:
    values, tables, both = load("values"), load("tables"), load("both")["rows"]["q"]
    lists = {language: {**values[language], **tables[language]} for language in LANGUAGES}
    for language in LANGUAGES:
        lists[language]["both"] = both
    return lists  # type: ignore[return-value]  # what TOML holds is not known to the checker


LISTS = _lists()


def choose(text: str, rng: random.Random) -> str:
    """Choose one of what stands in each pair of brackets, the inner ones first."""
    while found := _CHOICE.search(text):
        chosen = rng.choice(found[1].split("|"))
        text = text[: found.start()] + chosen + text[found.end() :]
    return text


class Draw:
    """What was drawn for one dialogue: the same slot has the same value all through it."""

    def __init__(self, language: str, rng: random.Random, fixed: Mapping[str, str]) -> None:
        """Draw nothing yet; ``fixed`` are slots that are not drawn, such as the persona's name."""
        self.language = language
        self.rng = rng
        self._fixed = fixed
        self._drawn: dict[tuple[str, str, str], Row] = {}

    def again(self, kept: Sequence[str]) -> "Draw":
        """Return another drawing, which has only ``kept`` slots alike and all others unlike."""
        other = Draw(self.language, self.rng, self._fixed)
        for (language, name, number), row in self._drawn.items():
            other._drawn[language, name, number if name in kept else f"not {number}"] = row
        return other

    def person(self, text: str) -> str:
        """Return a wording as the person says it."""
        return self._worded(text, 0)

    def assistant(self, text: str) -> str:
        """Return a wording as the assistant says it."""
        return self._worded(text, -1)

    def plain(self, text: str, speaker: int = -1) -> str:
        """Return a text with its choices made and its slots filled, and nothing else done to it."""
        text = choose(text, self.rng)
        while True:
            filled = _SLOT.sub(lambda found: self._value(found, speaker), text)
            if filled == text:
                return text
            text = choose(filled, self.rng)

    def _worded(self, text: str, speaker: int) -> str:
        return tidy(self.plain(text, speaker), self.language)

    def _value(self, found: re.Match[str], speaker: int) -> str:
        language, name, number, column, form = found.groups()
        if name in self._fixed:
            return self._fixed[name]
        row = self._row(language or self.language, name, number)
        value = row if isinstance(row, str) else row[int(column or 0)]
        return _formed(value.split(_MINE)[speaker], form)

    def _row(self, language: str, name: str, number: str) -> Row:
        key = (language, name, number or "1")
        if key not in self._drawn:
            others = [row for (_, other, _), row in self._drawn.items() if other == name]
            if name in ROWS:
                self._drawn[key] = ROWS[name](language, self.rng, self._drawn)
            else:
                rows = LISTS[language][name]
                self._drawn[key] = self.rng.choice(
                    [row for row in rows if row not in others] or rows
                )
        return self._drawn[key]


def _formed(value: str, form: str | None) -> str:
    if form == "cap":
        return value[:1].upper() + value[1:]
    if form == "an":
        return f"{'an' if value[0] in 'aeiou' else 'a'} {value}"
    if form == "short":
        return value.rstrip(".。")
    if form == "low" and value.split(" ")[0] in ("The", "A", "There", "We", "You", "It", "That's"):
        return value[:1].lower() + value[1:]
    return value


def tidy(text: str, language: str) -> str:
    """Mend what choosing left: doubled spaces and marks, small letters after full stops."""
    for wrong, right in _REPAIRS:
        text = re.sub(wrong, right, text)
    text = text.strip().removesuffix("，")
    if text and (CHINESE.match(text[-1]) or text[-1] == "”"):
        text += "。"
    if language == "en":
        text = re.sub(r"(^|[.!?] )([a-z])", lambda found: found[1] + found[2].upper(), text)
    return text
