"""Makes intents of what was read: timers, alarms, reminders."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import cast

from daemon.skills import building_memory, building_others
from daemon.skills.intents import (
    Cancel,
    Dismiss,
    DueAt,
    Extend,
    Impossible,
    Intent,
    Kind,
    Query,
    Reason,
    Reschedule,
    Selector,
    SetAlarm,
    SetReminder,
    SetTimer,
    Snooze,
)
from daemon.skills.reading import MAX_TIMER_S, Reading
from daemon.skills.when import Purpose, When, wall_times


def build(reading: Reading) -> Intent | None:
    """Return what a sentence wants; ``None`` if it makes no sense after all.

    Some orders are only told from a remark by what their normal form lacks: "new reminder: buy
    stamps" by its colon, "seven minutes for the eggs, please" by its politeness.
    """
    original = str(reading.order.values.get("original", ""))
    if not re.search(original, reading.marked.original, re.IGNORECASE):
        return None
    return _BUILDERS[reading.order.intent](reading)


def _set_timer(reading: Reading) -> Intent | None:
    name, seconds = reading.name("name", "name2"), reading.seconds()
    if name is None or any(span.more for span in reading.spans()):
        return None
    return seconds if isinstance(seconds, Impossible) else SetTimer(seconds, name)


def _set_timer_minutes(reading: Reading) -> Intent | None:
    """Of "a timer for twenty"."""
    minutes = reading.number("number")
    return SetTimer(60 * minutes) if minutes and 60 * minutes <= MAX_TIMER_S else None


def _set_timer_ahead(reading: Reading) -> Intent | None:
    """Of "let me know in ten minutes"."""
    when, name = reading.when("when"), reading.name("name")
    if when is None or name is None:
        return None
    if when.wrong is not None and when == When(wrong=when.wrong):
        return Impossible(when.wrong, reading.said("when"))
    if when.after is None or when != When(after=when.after):
        return None
    if when.after.total_s > MAX_TIMER_S:
        return Impossible(Reason.TOO_LONG, reading.said("when"))
    return SetTimer(when.after.total_s, name) if when.after.total_s > 0 else None


def _set_alarm(reading: Reading) -> Intent | None:
    purpose = cast(Purpose, reading.order.values.get("purpose", "alarm"))
    name = reading.name("name", "name2")
    if name is None:
        return None
    groups = reading.match.groupdict()
    if not groups.get("clock"):
        return SetAlarm(None, name)
    when = reading.when("clock", "clock2")
    if when is not None and when.repeat:  # whoever is called day after day gets up
        purpose = "wake"
    at = reading.moment(purpose, "clock", "clock2")
    if when is None or isinstance(at, Impossible):
        return at if isinstance(at, Impossible) else None
    return SetAlarm(at, name, when.repeat)


def _set_reminder(reading: Reading) -> Intent | None:
    groups = reading.match.groupdict()
    text = reading.text() if groups.get("text") else ""
    if text and (tail := groups.get("tail")):
        text = f"{text} {reading.text('tail') or tail.strip()}"
    if reading.chinese and re.search("[，,；;].*\\d|[，,；;].*点", reading.said("text")):
        return None  # the time is in another clause
    if text is None or (text and not re.search(r"[^\s\ue000-\uefff]", groups["text"])):
        return None
    if not groups.get("when"):
        never = reading.plain("text").startswith(tuple(reading.words("never")))
        return None if never else SetReminder(None, text)
    when, at = reading.when("when", "when2"), reading.moment("reminder", "when", "when2")
    if when is None or isinstance(at, Impossible):
        return at if isinstance(at, Impossible) else None
    return SetReminder(at, text, when.repeat)


def _kind(reading: Reading) -> Kind | None:
    """Return what the sentence is about."""
    if (kind := reading.order.values.get("kind")) in ("timer", "alarm", "reminder"):
        return kind
    for kind, words in _KINDS.items():
        if any(word in reading.match[0] for word in words):
            return kind
    return None


def _ask(reading: Reading) -> Intent | None:
    text = reading.match.groupdict().get("text")
    name = reading.text() if text else reading.name("name", "name2")
    when = reading.when("when", "when2")
    if name is None:
        return None
    which = DueAt(wall_times(when), when.day) if when is not None else None
    return Query(_kind(reading), name, which)


def _ask_named(reading: Reading) -> Intent | None:
    """Of "how long until the pasta is done?": only if there is such a timer."""
    name = reading.name("name")
    known = {timer.lower(): timer for timer in reading.names.timers}
    return Query(None, known[name]) if name and name in known else None


def _extend(reading: Reading) -> Intent | None:
    name, seconds = reading.name("name"), reading.seconds()
    if reading.order.values.get("more") and not any(span.more for span in reading.spans()):
        return None
    if name is None or seconds is None or isinstance(seconds, Impossible):
        return seconds if isinstance(seconds, Impossible) else None
    if reading.order.values.get("known") and name not in map(str.lower, reading.names.timers):
        return None
    if name in reading.words("pronouns"):
        name = ""
    sign = -1 if reading.order.values.get("sign") == -1 else 1
    if reading.names.ringing and sign > 0:
        return Snooze(seconds)
    return Extend(sign * seconds, name)


def _which(reading: Reading) -> Selector | Impossible:
    """Return which one is meant, by its length or when it is due."""
    if spans := reading.spans():
        return timedelta(seconds=spans[0].total_s)
    for slots in (("clock", "clock2"), ("when",)):
        if any(reading.match.groupdict().get(slot) for slot in slots):
            when = reading.when(*slots)
            if when is None or when.wrong is not None:
                return Impossible(
                    Reason.NO_SUCH_TIME, " ".join(filter(None, map(reading.said, slots)))
                )
            if when.after is not None:
                return timedelta(seconds=when.after.total_s)
            return DueAt(wall_times(when), when.day)
    return None


def _cancel(reading: Reading) -> Intent | None:
    if reading.match.groupdict().get("text"):
        of_clauses = re.search("[,;，；]", reading.said("text"))
        name: str | None = None if of_clauses else reading.text()
    else:
        name = reading.name("name")
    which, everything = _which(reading), bool(reading.order.values.get("everything"))
    if name is None or isinstance(which, Impossible):
        return which if isinstance(which, Impossible) else None
    kind = _kind(reading)
    if reading.names.ringing and not (name or which or everything):
        return Dismiss()
    return Cancel(kind, name, which, everything)


def _reschedule(reading: Reading) -> Intent | None:
    kind, name = _kind(reading) or "alarm", reading.name("name")
    if name is None:
        return None
    if kind == "timer":
        seconds = reading.seconds()
        if seconds is None or isinstance(seconds, Impossible):
            return seconds if isinstance(seconds, Impossible) else None
        return Reschedule(kind, timedelta(seconds=seconds), name)
    at = reading.moment("alarm" if kind == "alarm" else "reminder", "clock")
    if at is None or isinstance(at, Impossible):
        return at if isinstance(at, Impossible) else None
    which = None
    if reading.match.groupdict().get("clock2") and (when := reading.when("clock2")) is not None:
        which = DueAt(wall_times(when), when.day)
    return Reschedule(kind, at, name, which)


def _snooze(reading: Reading) -> Intent | None:
    seconds = reading.seconds()
    if reading.order.values.get("ringing") and not reading.names.ringing:
        return None
    if isinstance(seconds, Impossible):
        return seconds
    if reading.match.groupdict().get("when"):
        when = reading.when("when")
        if when is None or when.after is None or not reading.names.ringing:
            return None
        seconds = when.after.total_s
    return Snooze(seconds)


_KINDS: dict[Kind, tuple[str, ...]] = {
    "timer": ("timer", "countdown", "计时", "倒计时", "定时"),
    "alarm": ("alarm", "wake", "闹钟", "闹铃", "叫醒", "叫我起", "闹"),
    "reminder": ("remind", "提醒"),
}
_BUILDERS: dict[str, Callable[[Reading], Intent | None]] = {
    "set_timer": _set_timer,
    "set_timer_minutes": _set_timer_minutes,
    "set_timer_ahead": _set_timer_ahead,
    "set_alarm": _set_alarm,
    "set_reminder": _set_reminder,
    "ask": _ask,
    "ask_named": _ask_named,
    "extend": _extend,
    "cancel": _cancel,
    "reschedule": _reschedule,
    "snooze": _snooze,
    **building_memory.BUILDERS,
    **building_others.BUILDERS,
}
