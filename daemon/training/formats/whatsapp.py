"""WhatsApp: the text that "Export chat" writes.

Android writes ``12/31/23, 10:59 PM - Name: words``, an iPhone ``[31.12.23, 22:59:10] Name: words``;
date, clock, digits and language follow the telephone, so they are the same in all of a file. Lines
without a date go on with the message before. A message without a name comes from WhatsApp itself,
and so do many with one: ``whatsapp_words`` tells them apart.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from daemon.training.chats import ChatMessage, text_or_media
from daemon.training.formats.clock import moment
from daemon.training.formats.whatsapp_words import (
    MARKS,
    UNSEEN,
    Sorted,
    by_marks,
    by_words,
    folded,
    half_of_day,
    is_encryption,
    mentions_encryption,
    subject_of_notice,
)

NOTICE: Sorted = "", "system"
LEFT_TO_RIGHT = "\u200e"
MAX_STAMP_CHARS = 80  # characters
MAX_SENDER_CHARS = 120
SAMPLED_MESSAGES = 5_000  # messages by which the order of dates is decided
_BLANKS = str.maketrans("\u00a0\u202f\u2009\u2007", "    ")
_BEFORE = "\u200e\u200f\u202a\u202b\u202c\u2066\u2067\u2068\u2069 "
_BRACKET_END = re.compile(r"\] ?(?:[-–—] )?")
_DASH = re.compile(r"\s[-–—](?:\s|\Z)|(?<=\d\d):\s")
_DATE = r"(?P<a>\d{1,4}) ?(?P<mark>[./-]|年|년) ?(?P<b>\d{1,2}) ?(?:[./-]|月|월) ?(?P<c>\d{1,4})"
_TIME = r"(?P<hour>\d{1,2})[:.](?P<minute>\d{2})(?:[:.](?P<second>\d{2}))?"
_DATE_FIRST = re.compile(
    rf"{_DATE}(?P<before>[^\d\[\]]{{1,24}}){_TIME}(?P<after>[^\d\[\]]{{0,24}})"
)
_TIME_FIRST = re.compile(
    rf"(?P<before>[^\d\[\]]{{0,24}}){_TIME}(?P<after>[^\d\[\]]{{1,24}}){_DATE}\.?"
)
_QUOTES = (("“", "”"), ("„", "“”"), ("«", "»"), ("「", "」"), ('"', '"'))


class _Shape(NamedTuple):
    """What all stamps of a file have in common."""

    bracket: bool
    time_first: bool
    mark: str
    seconds: bool


class _Stamp(NamedTuple):
    date: tuple[int, int, int]
    """In the order in which they stand there."""
    time: tuple[int, int, int]
    half: str
    """A or P on a clock of twelve hours, else ""."""


class _Head(NamedTuple):
    shape: _Shape
    stamp: _Stamp
    ahead: bool
    rest: str


class _Message(NamedTuple):
    stamp: _Stamp
    ahead: bool
    """Whether a mark stands before the line, so that the message holds a file."""
    who: str
    """Empty for a notice."""
    text: str


def is_whatsapp(head: str) -> bool:
    """Whether a file that begins with ``head`` is such an export."""
    return _shape(head.split("\n", 50)[:50]) is not None


def read_whatsapp(head: str, lines: Iterable[str]) -> Iterator[ChatMessage]:
    """Yield the messages of a file that begins with ``head``."""
    shape = _shape(head.split("\n"))
    if not shape:
        return
    messages = _unmarked_where_all_are(list(_messages(lines, shape)))
    sort_out = _sorter(messages, shape.bracket)
    order = _order([message.stamp for message in messages[:SAMPLED_MESSAGES]])
    for message in messages:
        words, kind = sort_out(message)
        at = _at(message.stamp, order)
        if kind == "text":
            yield text_or_media("", message.who, "", at, words)
        else:
            yield ChatMessage("", message.who, "", at, "", kind)


def _unmarked_where_all_are(messages: list[_Message]) -> list[_Message]:
    """Forget marks before the lines where nearly all have one, as in Arabic: they tell nothing."""
    ahead = sum(message.ahead for message in messages)
    if ahead < 0.9 * len(messages):
        return messages
    return [message._replace(ahead=False) for message in messages]


def _sorter(messages: Sequence[_Message], bracket: bool) -> Callable[[_Message], Sorted]:
    """Return what tells WhatsApp's own words in this file."""
    if not bracket:
        return _of_android
    if any(message.who and message.text.startswith(MARKS) for message in messages):
        return _of_iphone
    return _of_old_iphone(messages)


def _of_android(message: _Message) -> Sorted:
    if not message.who:
        return NOTICE
    if message.text.startswith(LEFT_TO_RIGHT):
        return by_marks(message.text, ahead=True)
    return by_words(message.text)


def _of_iphone(message: _Message) -> Sorted:
    return by_marks(message.text, message.ahead) if message.who else NOTICE


def _of_old_iphone(messages: Sequence[_Message]) -> Callable[[_Message], Sorted]:
    """Return what tells them where neither marks do nor the lack of a name.

    What reads like an event is one if it tells of its sender, or if that is a group: whoever never
    says anything else.
    """
    first = messages[0] if messages and mentions_encryption(messages[0].text) else None
    people = {
        message.who
        for message in messages
        if message is not first
        and subject_of_notice(message.text) is None
        and by_words(message.text)[1] == "text"
    }

    def sort_out(message: _Message) -> Sorted:
        if not message.who or message is first:
            return NOTICE
        subject = subject_of_notice(message.text)
        if subject is None:
            return by_words(message.text)
        event = subject in ("", folded(message.who)) or message.who not in people
        return NOTICE if event else (message.text, "text")

    return sort_out


def _messages(lines: Iterable[str], shape: _Shape) -> Iterator[_Message]:
    begun: _Head | None = None
    words: list[str] = []
    group = ""
    for line in lines:
        head = _head(line)
        if head and head.shape == shape:
            if begun:
                yield _message(begun, words, group)
            elif shape.bracket:
                group = _name_with_colon(head.rest)
            begun, words = head, [head.rest]
        elif begun:
            words.append(line)
    if begun:
        yield _message(begun, words, group)


def _message(head: _Head, words: Sequence[str], group: str) -> _Message:
    text = "\n".join(words)
    who = group if group and text.startswith(group + ":") else _sender(words[0])
    rest = text[text.find(":", len(who) if who == group else 0) + 1 :] if who else ""
    return _Message(head.stamp, head.ahead, who.strip(_BEFORE + "~"), rest.removeprefix(" "))


def _sender(line: str) -> str:
    """Return who speaks in a line, "" where nobody does."""
    end = line.find(": ", 0, MAX_SENDER_CHARS)
    if end < 0 and line.rstrip().endswith(":") and len(line) < MAX_SENDER_CHARS:
        end = line.rfind(":")
    who = line[: max(end, 0)]
    if is_encryption(line) or any(_unclosed(who, *quotes) for quotes in _QUOTES):
        return ""  # a notice that quotes what has a colon in it, such as a group's new name
    return who


def _unclosed(text: str, begin: str, ends: str) -> bool:
    if begin in ends:
        return text.count(begin) % 2 == 1
    return text.count(begin) > sum(text.count(end) for end in ends)


def _name_with_colon(first: str) -> str:
    """Return the name of a group that has a colon in it: a chat begins with a notice under it."""
    name, mark, _ = first.partition(": " + LEFT_TO_RIGHT)
    return name if mark and ":" in name and len(name) < MAX_SENDER_CHARS else ""


def _shape(lines: Iterable[str]) -> _Shape | None:
    """Return the shape of most stamps among ``lines``; other dates are parts of messages."""
    found = Counter(head.shape for head in map(_head, lines) if head)
    return found.most_common(1)[0][0] if found else None


def _head(line: str) -> _Head | None:
    """Take a line that begins a message apart; None for another one."""
    start = line[:MAX_STAMP_CHARS]
    clean = start.lstrip(_BEFORE)
    if not clean or not (clean[0] == "[" or clean[0].isdigit() or clean[0].isalpha()):
        return None
    begin = len(start) - len(clean)
    bracket = clean[0] == "["
    end = _BRACKET_END.search(start, begin) if bracket else _DASH.search(start, begin)
    if not end:
        return None
    stamp = start[begin + bracket : end.start()].translate(UNSEEN).translate(_BLANKS).strip()
    found = _DATE_FIRST.fullmatch(stamp)
    time_first = not found
    found = found or _TIME_FIRST.fullmatch(stamp)
    if not found:
        return None
    a, b, c, hour, minute, second = (
        int(found[name] or 0) for name in ("a", "b", "c", "hour", "minute", "second")
    )
    if hour > 24 or minute > 59 or second > 59 or not b <= 31:
        return None
    half = half_of_day(found["before"]) or half_of_day(found["after"])
    shape = _Shape(bracket, time_first, found["mark"], found["second"] is not None)
    ahead = any(mark in start[:begin] for mark in MARKS)
    rest = line[end.end() :]
    return _Head(shape, _Stamp((a, b, c), (hour, minute, second), half), ahead, rest)


_ORDERS = {"dmy": (2, 1, 0), "mdy": (2, 0, 1), "ymd": (0, 1, 2)}  # where year, month, day stand
_Order = tuple[int, int, int]


def _order(stamps: Sequence[_Stamp]) -> _Order:
    """Return the order of dates: in which all exist, and the chat goes on rather than back.

    Of those that are alike in this, the one in which it took less time: people write day by day.
    """

    def cost(order: _Order) -> tuple[int, int, float]:
        times = [_at(stamp, order) for stamp in stamps]
        known = [at for at in times if at is not None]
        back = sum(after < before for before, after in pairwise(known))
        return len(times) - len(known), back, max(known, default=0) - min(known, default=0)

    return min(_ORDERS.values(), key=cost)


def _at(stamp: _Stamp, order: _Order) -> float | None:
    year, month, day = (stamp.date[place] for place in order)
    if year < 100:
        year += 2000
    elif year > 2400:
        year -= 543  # of the Buddhist calendar
    return moment(year, month, day, *stamp.time, stamp.half)
