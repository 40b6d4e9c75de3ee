"""Sentences as they are written in ``sentences/*.toml``, and what they are compared by.

``[a] b`` may be left out, ``(a|b)`` is either, ``<rule>`` stands for another piece of a sentence,
and ``{slot}`` for what is looked for: a mark (see ``normal.py``), a number, or some words.
"""

import functools
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any

from daemon.skills.normal import SPAN_MARK, WHEN_MARK
from daemon.skills.numbers import CHINESE_NUMBER, ENGLISH_NUMBER, ENGLISH_SMALL

_SENTENCES = resources.files("daemon.skills").joinpath("sentences")
_CHOICE = re.compile(r"\(([^()\[\]{}<>]*)\)")
_PIECE = re.compile(
    r"\{(?P<slot>\w+)\}|<(?P<rule>\w+)>|(?P<mark>[()\[\]|])|(?P<word>[^\s{}<>()\[\]|]+)"
)

# An English slot begins with the space before it, as every word does.
_IN_ENGLISH = r"(?: (?:at|on|by|for|around|about|in|from|starting|until|till|to))?"
_ENGLISH_SLOTS = {
    "duration": rf" {SPAN_MARK}",
    "when": rf"{_IN_ENGLISH} {WHEN_MARK}(?:(?: and)?{_IN_ENGLISH} {WHEN_MARK})*",
    "clock": rf"{_IN_ENGLISH} (?:{WHEN_MARK}|{SPAN_MARK}|\d{{1,4}}|{ENGLISH_SMALL})"
    rf"(?:{_IN_ENGLISH} (?:{WHEN_MARK}|{ENGLISH_SMALL}|\d\d?))*",
    "number": rf" {ENGLISH_NUMBER}",
    "name": r"(?: [^\s\ue000-\uefff]+){1,3}?",
    "place": r"(?: \S+){1,4}?",
    "list": r"(?: \S+){1,2}?",
    "items": r"(?: \S+)+?",
    "tail": r" (?:about|with|for|regarding|because|before|after|from)(?: [^\s\ue000-\uefff]+)+?",
    "text": r"(?: \S+)+?",
}
_CHINESE_SLOTS = {
    "duration": SPAN_MARK,
    "when": rf"(?:[在到于就]?{WHEN_MARK}的?)+",
    "clock": rf"(?:[在到于就]?(?:{WHEN_MARK}|{SPAN_MARK})的?)+",
    "number": CHINESE_NUMBER,
    "name": r"[^\ue000-\uefff]{1,8}?",
    "place": r".{1,10}?",
    "list": r".{1,6}?",
    "items": r".+?",
    "text": r".+?",
}

SPAN, WHEN = "{duration}", "{when}"
"""Stand among the words of a sentence where it has such marks."""

Requirement = frozenset[str]
"""Words, one of which is in a sentence, or it is another."""


@dataclass(slots=True)
class Wording:
    """One wording. Its pattern is made when a sentence comes that has its words."""

    text: str
    required: tuple[Requirement, ...]
    _compile: Callable[[], re.Pattern[str]]
    _pattern: re.Pattern[str] | None = None

    def may_be(self, has: Callable[[str], bool]) -> bool:
        """Whether a sentence can be this one, by the words that it ``has``."""
        return all(any(map(has, words)) for words in self.required)

    def match(self, text: str) -> re.Match[str] | None:
        """Return how a sentence can be read as this one."""
        if self._pattern is None:
            self._pattern = self._compile()
        return self._pattern.fullmatch(text)


@dataclass(frozen=True, slots=True)
class Order:
    """Ways to say one thing."""

    intent: str
    """What builds it, see ``building.py``."""
    sentences: tuple[Wording, ...]
    values: Mapping[str, object]
    """What else the file says of it."""
    timed: bool
    """Whether times are looked for; where not, 一点 is "a little"."""


@dataclass(frozen=True, slots=True)
class Grammar:
    """All that is understood in one language."""

    orders: tuple[Order, ...]
    followups: tuple[Order, ...]
    """What is only understood after something else."""
    before: re.Pattern[str]
    """What may stand before an order, and means nothing …"""
    after: re.Pattern[str]
    """… and after it."""
    words: Mapping[str, Sequence[str]]


@functools.cache
def grammar(language: str) -> Grammar:
    """Return the grammar of ``en`` or ``zh``."""
    table = tomllib.loads(_SENTENCES.joinpath(f"{language}.toml").read_text(encoding="utf-8"))
    chinese, rules = language == "zh", table["rules"]
    ends = "" if chinese else "(?= )"
    before = "|".join(_pattern(text, rules, chinese) for text in table["before"])
    after = "|".join(_pattern(text, rules, chinese) for text in table["after"])
    return Grammar(
        tuple(_order(order, rules, chinese) for order in table["order"]),
        tuple(_order(order, rules, chinese) for order in table["followup"]),
        re.compile(rf"(?:{before}){ends}"),
        re.compile(rf"(?:{after})$"),
        table["words"],
    )


def _order(table: Mapping[str, Any], rules: Mapping[str, str], chinese: bool) -> Order:
    """Return what a table of the file says."""
    texts: list[str] = table["sentences"]
    return Order(
        table["intent"],
        tuple(_sentence(text, rules, chinese) for text in texts),
        {key: value for key, value in table.items() if key not in ("intent", "sentences")},
        bool(re.search(r"\{(?:when|clock|duration)", "".join(texts))),
    )


def _sentence(text: str, rules: Mapping[str, str], chinese: bool) -> Wording:
    required = _required(list(_PIECE.finditer(text)), rules)
    return Wording(text, tuple(required), lambda: re.compile(_pattern(text, rules, chinese)))


def _required(pieces: list[re.Match[str]], rules: Mapping[str, str]) -> list[Requirement]:
    """Return the words that are in every sentence of this form.

    ``pieces`` are taken from the list up to the end of the group that they belong to.
    """
    branches: list[list[Requirement]] = [[]]
    while pieces:
        piece = pieces.pop(0)
        if word := piece["word"]:
            branches[-1].append(frozenset((word,)))
        elif rule := piece["rule"]:
            branches[-1] += _required(list(_PIECE.finditer(rules[rule])), rules)
        elif slot := piece["slot"]:
            mark = {"duration": SPAN, "when": WHEN}.get(slot.rstrip("0123456789"))
            branches[-1] += [frozenset((mark,))] if mark else []
        elif piece["mark"] == "[":
            _required(pieces, rules)
        elif piece["mark"] == "(":
            branches[-1] += _required(pieces, rules)
        elif piece["mark"] == "|":
            branches.append([])
        else:
            break
    if len(branches) == 1:
        return branches[0]
    if not all(branches):
        return []
    return [frozenset().union(*(min(branch, key=_commonness) for branch in branches))]


def _commonness(words: Requirement) -> tuple[int, int]:
    """Return how often one of these words is likely to be in a sentence, by their number."""
    return len(words), -min(map(len, words))


def _longest_first(choice: re.Match[str]) -> str:
    """Return a choice so that of 念 and 念一下 the longer is tried before."""
    return f"({'|'.join(sorted(choice[1].split('|'), key=len, reverse=True))})"


def _pattern(sentence: str, rules: Mapping[str, str], chinese: bool) -> str:
    """Return a sentence as a regular expression."""
    slots = _CHINESE_SLOTS if chinese else _ENGLISH_SLOTS
    sentence = _CHOICE.sub(_longest_first, sentence)
    pieces: list[str] = []
    slotted: list[bool] = []  # of each open group, whether it has a slot
    for piece in _PIECE.finditer(sentence):
        if slot := piece["slot"]:
            slotted = [True] * len(slotted)
            kind = slot.rstrip("0123456789")
            pieces.append(f"(?P<{slot}>{slots[kind]})")
        elif rule := piece["rule"]:
            pieces.append(f"(?:{_pattern(rules[rule], rules, chinese)})")
        elif word := piece["word"]:
            pieces.append(re.escape(word) if chinese else f" {re.escape(word)}")
        else:
            mark = piece["mark"]
            if mark in "([":
                slotted.append(False)
            # "the timer" has no name "timer": what may be left out gives way to what follows.
            lazy = mark in ")]" and slotted.pop()
            pieces.append({"[": "(?:", "(": "(?:", "]": ")??" if lazy else ")?"}.get(mark, mark))
    return "".join(pieces)
