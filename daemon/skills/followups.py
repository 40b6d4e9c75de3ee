"""Understands what is said after something else: answers, corrections, and "another one"."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from daemon.skills import times_en, times_zh
from daemon.skills.building_others import items, time_at
from daemon.skills.intents import (
    AddToList,
    Cancel,
    Correct,
    Impossible,
    Intent,
    Kind,
    Names,
    ReadList,
    Reason,
    Reschedule,
    SetAlarm,
    SetPace,
    SetReminder,
    SetTimer,
    SetVolume,
    Snooze,
    TellDate,
    TellTime,
)
from daemon.skills.memory_intents import Consent, Remember
from daemon.skills.normal import Marked
from daemon.skills.numbers import (
    CHINESE_NUMBER,
    ENGLISH_NUMBER,
    chinese_number,
    english_number,
)
from daemon.skills.reading import MAX_TIMER_S, Reading
from daemon.skills.templates import Grammar
from daemon.skills.when import moment

MAX_ANSWER = 120  # characters: whoever says more has begun to talk of something else
_KIND_OF: dict[type[Intent], Kind] = {
    SetTimer: "timer", SetAlarm: "alarm", SetReminder: "reminder", Snooze: "alarm",
}  # fmt: skip


def understand(
    text: Marked, previous: Intent, known: Grammar, now: datetime, names: Names, chinese: bool
) -> Intent | None:
    """Return what is wanted, given what was wanted before; ``None`` if that is not told."""
    previous = previous.by if isinstance(previous, Correct) else previous
    if isinstance(previous, Remember):
        given, refused = text.text in known.words["yes"], text.text in known.words["nothing"]
        return Consent(previous, given) if given or refused else None
    if text.text in known.words["nothing"]:
        if isinstance(previous, (AddToList, Reschedule, Snooze, *_SETTING)):
            return Cancel(_KIND_OF.get(type(previous)), getattr(previous, "name", ""))
        return None
    marked = text.part(0, len(text.text))
    (times_zh if chinese else times_en).mark_times(marked, now.date())
    for order in known.followups:
        make = _MAKERS[order.intent]
        chosen = marked if order.timed else text
        for sentence in order.sentences:
            match = sentence.match(chosen.text if chinese else f" {chosen.text}")
            if match is None:
                continue
            reading = Reading(order, match, chosen, known, now, names, chinese)
            if (intent := make(previous, reading)) is not None:
                return intent
    return None


_SETTING = (SetTimer, SetAlarm, SetReminder)


def _again(previous: Intent, reading: Reading) -> Intent | None:
    """Return the intent before with another time."""
    match previous:
        case SetTimer():
            return _timer(previous, reading)
        case SetAlarm() | SetReminder():
            return _at(previous, reading)
    return None


def _timer(previous: SetTimer, reading: Reading) -> Intent | None:
    seconds = reading.seconds("clock")
    if isinstance(seconds, Impossible):
        return seconds
    when = reading.when("clock")
    if seconds is None and when is not None and when.after is not None:  # "in ten minutes"
        seconds = when.after.total_s
    if seconds is None:
        number = _bare_number(reading)
        if number is None:
            return None
        seconds = number * _unit_of(previous.seconds)
    if seconds <= 0:
        return Impossible(Reason.NOT_POSITIVE, reading.said("clock"))
    if seconds > MAX_TIMER_S:
        return Impossible(Reason.TOO_LONG, reading.said("clock"))
    return replace(previous, seconds=seconds)


def _bare_number(reading: Reading) -> float | None:
    """Return a number without a unit: "fifteen"."""
    said = reading.match.groupdict().get("clock") or reading.match.groupdict().get("number") or ""
    number = re.sub(r"^ (?:at|for|to|about|around) ", "", said).strip()
    if not re.fullmatch(CHINESE_NUMBER if reading.chinese else ENGLISH_NUMBER, number):
        return None
    return chinese_number(number) if reading.chinese else english_number(number)


def _unit_of(seconds: float | None) -> int:
    """Return the seconds in the unit in which a length was told."""
    if seconds is None or seconds % 60 == 0:
        return 3600 if seconds is not None and seconds % 3600 == 0 else 60
    return 1


def _at(previous: SetAlarm | SetReminder, reading: Reading) -> Intent | None:
    when = reading.when("clock")
    if when is None:
        return None
    before = previous.at
    if before is not None and when.after is None:
        if when.clock is None and when.part is None and when.day is not None:
            when = replace(when, clock=before.time(), sure=True)  # "no, tomorrow"
        elif when.day is None and not when.repeat and before.date() != reading.now.date():
            when = replace(when, day=before.date())  # "no, at eight"
    purpose = "alarm" if isinstance(previous, SetAlarm) else "reminder"
    found = moment(when, reading.now, "alarm" if purpose == "alarm" else "reminder")
    if found is None:
        return None
    if isinstance(found, Reason):
        return Impossible(found, reading.said("clock"))
    return replace(previous, at=found, repeat=when.repeat or previous.repeat)


def _answer(previous: Intent, reading: Reading) -> Intent | None:
    match previous:
        case SetTimer(seconds=None) | SetAlarm(at=None) | SetReminder(at=None):
            return _again(previous, reading)
    return None


def _correct(previous: Intent, reading: Reading) -> Intent | None:
    again = _again(previous, reading)
    return Correct(again) if isinstance(again, _SETTING) else again


def _another(previous: Intent, reading: Reading) -> Intent | None:
    name = reading.name("name")
    if name is None or not isinstance(previous, SetTimer | SetAlarm):
        return None
    if isinstance(previous, SetAlarm):
        previous = replace(previous, repeat=())
    return _again(replace(previous, name=name), reading)


def _text(previous: Intent, reading: Reading) -> Intent | None:
    match previous:
        case SetReminder(at=at, text="") if not _asks(reading, "text"):
            text = reading.text()
            return SetReminder(at, text, previous.repeat) if text else None
    return None


def _items(previous: Intent, reading: Reading) -> Intent | None:
    match previous:
        case AddToList(list=name, items=()) if added := _things(reading):
            return AddToList(name, added)
    return None


def _another_item(previous: Intent, reading: Reading) -> Intent | None:
    if isinstance(previous, AddToList | ReadList) and (added := _things(reading)):
        return AddToList(previous.list, added)
    return None


def _things(reading: Reading) -> tuple[str, ...]:
    """Return what can be meant for a list; empty if it is a question or a story."""
    added = items(reading)
    long = 8 if reading.chinese else 25  # characters
    asks = _asks(reading, "items") or any(len(item) > long for item in added)
    return () if asks else added


def _asks(reading: Reading, slot: str) -> bool:
    """Whether it is more likely a question, or the begin of another talk."""
    plain = reading.plain(slot)
    first = plain[:2] if reading.chinese else plain.split()[0]
    known = first in reading.words("no_items") or len(reading.match[0]) > MAX_ANSWER
    return known or any(word in plain for word in reading.words("asking"))


def _correct_item(previous: Intent, reading: Reading) -> Intent | None:
    match previous:
        case AddToList(list=name) if previous.items and (added := _things(reading)):
            return Correct(AddToList(name, added))
    return None


def _place(previous: Intent, reading: Reading) -> Intent | None:
    if not isinstance(previous, TellTime):
        return None
    return time_at(reading.said("place"), reading.plain("place"), reading)


def _same_date(previous: Intent, reading: Reading) -> Intent | None:
    when = reading.when("when")
    if not isinstance(previous, TellDate) or when is None or when.day is None or when.clock:
        return None
    return TellDate(when.day, previous.asked, when.called)


def _more(previous: Intent, _: Reading, sign: float = 1) -> Intent | None:
    match previous:
        case SetVolume(delta=float(delta)):
            return SetVolume(delta=sign * delta)
        case SetPace(delta=float(delta)):
            return SetPace(delta=sign * delta)
    return None


def _less(previous: Intent, reading: Reading) -> Intent | None:
    return _more(previous, reading, -0.5)


_MAKERS: dict[str, Callable[[Intent, Reading], Intent | None]] = {
    "answer": _answer,
    "correct": _correct,
    "another": _another,
    "another_item": _another_item,
    "correct_item": _correct_item,
    "place": _place,
    "same_date": _same_date,
    "more": _more,
    "less": _less,
    "text": _text,
    "items": _items,
}
