"""A sentence that was recognised, and what its slots hold."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from daemon.skills import times_en, times_zh
from daemon.skills.intents import Impossible, Names, Reason
from daemon.skills.normal import Marked, normalised
from daemon.skills.numbers import ENGLISH_SMALL, chinese_number, english_number
from daemon.skills.templates import Grammar, Order
from daemon.skills.when import Purpose, Span, When, merged, moment

MAX_NAME = 40  # characters
MAX_TEXT = 200  # characters
MAX_TIMER_S = 366 * 86400.0
_PERSONS = {
    "i am": "you are", "i was": "you were", "am i": "are you", "was i": "were you",
    "i'm": "you're", "i've": "you've", "i'll": "you'll", "i'd": "you'd",
    "i": "you", "me": "you", "my": "your", "mine": "yours", "myself": "yourself",
}  # fmt: skip
_PERSON = re.compile(rf"\b(?:{'|'.join(_PERSONS)})\b(?!['’])", re.IGNORECASE)
_AROUND_CHINESE_NAME = re.compile(
    r"^(?:一个|个|的|叫|名叫|从?现在开始|[设定来开]个|我?那个(?=.))|(?:的|用的|再|那个)+$"
)
_ASKS_IN_CHINESE = re.compile(
    "^是?(?:一[下声]$|几|星期几|周几|礼拜几|什么|多少|哪|日期$)|(?:几号|周几|星期几)$"
)
_EMPTY_CHINESE = re.compile(r"^(?:一下|要|记得|别忘了?|该)?(?=.)")


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to read a sentence."""

    order: Order
    match: re.Match[str]
    marked: Marked
    grammar: Grammar
    now: datetime
    names: Names
    chinese: bool

    def said(self, slot: str) -> str:
        """Return the words in a slot as they were said; empty if it is not there."""
        if (self.match.groupdict().get(slot)) is None:
            return ""
        start, end = self.match.span(slot)
        shift = 0 if self.chinese else 1  # before the first English word a space was put
        return self.marked.said(max(start - shift, 0), end - shift)

    def plain(self, *slots: str) -> str:
        """Return the words in the first of these slots that is there, in small letters."""
        found = next((said for slot in slots if (said := self.said(slot))), "")
        return normalised(found).text

    def has(self, word: str) -> bool:
        """Whether a word is in the sentence."""
        return word in self.match[0] if self.chinese else word in self.match[0].split()

    def words(self, name: str) -> Sequence[str]:
        """Return a list of words from the grammar's file."""
        return self.grammar.words.get(name, ())

    def name(self, *slots: str) -> str | None:
        """Return what something is called, empty if not said; ``None`` if that is no name."""
        plain = self.plain(*slots)
        if self.chinese:
            plain = _AROUND_CHINESE_NAME.sub("", plain)
            if self.order.intent in ("set_timer", "extend"):
                plain = re.sub(r"^给|[要得]$", "", plain)
            if plain in self.words("empty_names"):
                return ""
            return None if any(word in plain for word in self.words("no_names")) else plain
        words = plain.split()
        while words and words[0] in (*self.words("articles"), *self.words("empty_names")):
            del words[0]
        if (
            len(plain) > MAX_NAME
            or re.search(rf"\d|\b{ENGLISH_SMALL}", plain)
            or any(word in self.words("no_names") for word in words)
        ):
            return None
        return " ".join(words)

    def spans(self, slot: str = "duration") -> list[Span]:
        """Return the lengths of time in a slot."""
        return self.marked.spans(self.match.groupdict().get(slot) or "")

    def seconds(self, slot: str = "duration") -> float | Impossible | None:
        """Return a length of time; ``None`` if it is not there."""
        if not (spans := self.spans(slot)):
            return None
        total = spans[0].total_s
        if total <= 0:
            return Impossible(Reason.NOT_POSITIVE, self.said(slot))
        return total if total <= MAX_TIMER_S else Impossible(Reason.TOO_LONG, self.said(slot))

    def number(self, *slots: str) -> float | None:
        """Return the number in the first of these slots that is there."""
        groups = self.match.groupdict()
        text = next((found for slot in slots if (found := groups.get(slot))), "").strip()
        if not text:
            return None
        return chinese_number(text) if self.chinese else english_number(text)

    def when(self, *slots: str) -> When | None:
        """Return the time in these slots together; ``None`` if there is none, or nonsense."""
        parts = [part for slot in slots for part in self._parts(slot)]
        return merged(parts) if parts and None not in parts else None  # type: ignore[arg-type]

    def _parts(self, slot: str) -> list[When | None]:
        """Return the times in a slot; numbers count as times, a length as "in" that length."""
        text = self.match.groupdict().get(slot) or ""
        found: list[When | None] = []
        numbers: list[str] = []
        small = ("at", "on", "by", "for", "around", "about", "in", "from", "starting", "until",
                 "till", "to", "and")  # fmt: skip
        for word in [*(re.findall(r"[\ue000-\uefff]", text) if self.chinese else text.split()), ""]:
            marks: list[When | Span] = [*self.marked.whens(word), *self.marked.spans(word)]
            if not marks and word and word not in small:
                numbers.append(word)
                continue
            if numbers:
                found.append(
                    (times_zh if self.chinese else times_en).clock_number(" ".join(numbers))
                )
                numbers = []
            found += (mark if isinstance(mark, When) else When(after=mark) for mark in marks)
        return found

    def moment(self, purpose: Purpose, *slots: str) -> datetime | Impossible | None:
        """Return the moment that is told in these slots; ``None`` if too little was said."""
        when = self.when(*slots)
        if when is None:
            return None
        found = moment(when, self.now, purpose)
        if isinstance(found, Reason):
            return Impossible(found, " ".join(filter(None, map(self.said, slots))))
        return found

    def text(self, slot: str = "text") -> str | None:
        """Return what the person is to be told, in words to them; ``None`` if that is no text."""
        said = self.said(slot).strip(" ,.;:!?，。；：！？、")
        if not said or len(said) > MAX_TEXT:
            return None
        if self.chinese:
            said = said.replace("我们", "\0").replace("我", "你").replace("\0", "你们")
            bare = _EMPTY_CHINESE.sub("", said)
            asks = _ASKS_IN_CHINESE.search(bare)
            return None if asks or bare.startswith(tuple(self.words("no_texts"))) else bare
        plain = self.plain(slot)
        if plain.split()[0] in self.words("no_texts") or any(
            f" {phrase} " in f" {plain} " for phrase in self.words("everywhere")
        ):
            return None
        return to_second_person(said)


def to_second_person(text: str) -> str:
    """Return what somebody says of themselves as it is said to them: "my keys", "your keys"."""
    return _PERSON.sub(lambda match: _PERSONS[match[0].lower()], text.replace("’", "'"))
