"""The sentences that the skills say, in English."""

from collections.abc import Callable, Sequence
from datetime import datetime

from daemon.skills import outcomes
from daemon.skills.intents import (
    Impossible,
    Reason,
    SetAlarm,
    SetReminder,
    SetTimer,
    TellDate,
    TellTime,
    TellTimeUntil,
)
from daemon.skills.outcomes import Outcome, Scheduled, Trouble
from daemon.skills.say_memory_en import REPLIES
from daemon.skills.spoken_en import (
    about_day,
    adjective,
    clock,
    due,
    length,
    listed,
    moment,
    number,
    time_there,
)

MAX_TOLD = 5  # entries of a list that are read out one by one
_IMPOSSIBLE = {
    Reason.IN_THE_PAST: "That's already past.",
    Reason.NO_SUCH_DATE: "There's no such day.",
    Reason.NO_SUCH_TIME: "There's no such time.",
    Reason.NOT_POSITIVE: "It has to be longer than that.",
    Reason.TOO_LONG: "That's too far off for me.",
    Reason.NOT_REPEATABLE: "I can only repeat by the day, such as every day or every Monday.",
}
_TROUBLES = {
    Trouble.DISK_FULL: "The disk is full, so I couldn't keep that.",
    Trouble.NOT_KEPT: "I'm sorry, I couldn't keep that.",
    Trouble.WAS_DAMAGED: "The file with your timers and lists was damaged. I've put it aside "
    "and started a new one.",
    Trouble.TOO_MANY: "That's more than I can keep. Please delete something first.",
    Trouble.NOT_HERE: "I can't do that here.",
    Trouble.NOTHING_SAID: "I haven't said anything yet.",
    Trouble.KEEPS_NOTHING: "I keep nothing of what you tell me.",
}


def sentence(outcome: Outcome, now: datetime) -> str:
    """Return what is said of an outcome."""
    said = _SAY[type(outcome)](outcome, now).replace("..", ".")  # "at 7 a.m.."
    return said[:1].upper() + said[1:]


def _called(entry: Scheduled, now: datetime) -> str:
    """Return what an entry is called among others: "pasta timer"."""
    if entry.kind == "reminder":
        return f"reminder: {entry.name}"
    if entry.name:
        return f"{entry.name} {entry.kind}"
    if entry.kind == "alarm":
        return f"{clock(entry.at.astimezone(now.tzinfo))} alarm"
    if entry.length is None:
        return "timer"
    return f"{adjective(entry.length.total_seconds())} timer"


def _set(outcome: outcomes.WasSet, now: datetime) -> str:
    entry = outcome.entry
    if entry.kind == "timer":
        long = length((entry.length or entry.at - now).total_seconds())
        name = f"{entry.name} timer, " if entry.name else ""
        return f"{name}{long}{' instead' if outcome.instead else ', starting now'}."
    soon_s = outcomes.soon_s(entry, now)
    when = due(entry, now) if soon_s is None else f"in {length(soon_s)}"
    if entry.kind == "reminder":
        return f"I'll remind you {when}: {entry.name}."
    name = f"{entry.name} alarm" if entry.name else "alarm"
    if soon_s is not None:
        return f"your {name} will {'now ' if outcome.instead else ''}ring {when}."
    when = when.removeprefix("at ").removeprefix("on ")
    return f"your {name} is {'now ' if outcome.instead else ''}set for {when}."


def _missing(outcome: outcomes.Missing, _: datetime) -> str:
    match outcome.intent:
        case SetTimer():
            return "For how long?"
        case SetAlarm():
            return "For what time?"
        case SetReminder(text=""):
            return "What should I remind you of?"
        case SetReminder():
            return "When should I remind you?"
    return "What should I put on it?"


def _cancelled(outcome: outcomes.WasCancelled, now: datetime) -> str:
    entries = outcome.entries
    if len(entries) > 1:
        return f"{_counted(entries)} cancelled."
    if entries[0].kind == "reminder":
        return f"your reminder is cancelled: {entries[0].name}."
    return f"your {_called(entries[0], now)} is cancelled."


def _counted(entries: Sequence[Scheduled]) -> str:
    kinds = {entry.kind for entry in entries}
    what = kinds.pop() if len(kinds) == 1 else "one"
    count = len(entries)
    if what == "one":
        return number(count)
    return f"{number(count)} {what}{'s' * (count != 1)}"


def _none_found(outcome: outcomes.NoneFound, _: datetime) -> str:
    intent = outcome.intent
    kind = getattr(intent, "kind", "timer")
    if intent.name:
        return f"There's no {kind or 'timer'} called {intent.name}."
    if getattr(intent, "which", None) is not None:
        return f"There's no such {kind or 'timer'}."
    return "There's no timer running." if kind == "timer" else f"There's no {kind or 'timer'} set."


def _which_one(outcome: outcomes.WhichOne, now: datetime) -> str:
    told = [f"the {_called(entry, now)}" for entry in outcome.entries[:MAX_TOLD]]
    return f"Which one: {listed(told, 'or')}?"


def _state(entry: Scheduled, now: datetime) -> str:
    if entry.kind == "timer":
        left = length((entry.at - now).total_seconds())
        return f"{left} left on the {_called(entry, now)}"
    if entry.kind == "alarm":
        return f"{entry.name}, {due(entry, now)}" if entry.name else due(entry, now)
    return f"{due(entry, now)}: {entry.name}"


def _are_set(outcome: outcomes.AreSet, now: datetime) -> str:
    entries = outcome.entries
    if len(entries) == 1:
        entry = entries[0]
        if entry.kind == "timer" and not entry.name:
            return f"{length((entry.at - now).total_seconds())} left."
        if entry.kind == "alarm":
            return _set(outcomes.WasSet(entry), now)
        return f"{_state(entry, now)}."
    told = [_state(entry, now) for entry in entries[:MAX_TOLD]]
    if more := len(entries) - len(told):
        told.append(f"{number(more)} more")
    return f"{_counted(entries)}: {'; '.join(told)}."


def _extended(outcome: outcomes.WasExtended, now: datetime) -> str:
    left = length((outcome.entry.at - now).total_seconds())
    word = "more" if outcome.seconds > 0 else "less"
    return f"{length(abs(outcome.seconds))} {word}. {left[:1].upper()}{left[1:]} left."


def _rings(outcome: outcomes.Rings, now: datetime) -> str:
    return " ".join(map(_ringing, outcome.entries, [now] * len(outcome.entries)))


def _ringing(entry: Scheduled, now: datetime) -> str:
    if entry.kind == "timer":
        return f"Your {_called(entry, now)} is done."
    if entry.kind == "alarm":
        about = f" {entry.name[:1].upper()}{entry.name[1:]}." if entry.name else ""
        return f"It's {clock(entry.at.astimezone(now.tzinfo))}.{about}"
    return f"Here's your reminder: {entry.name}."


def _missed(outcome: outcomes.WereMissed, now: datetime) -> str:
    told = [
        f"{entry.name if entry.kind == 'reminder' else f'the {_called(entry, now)}'}, "
        f"{moment(entry.at, now)}"
        for entry in outcome.entries[:MAX_TOLD]
    ]
    if more := len(outcome.entries) - len(told):
        told.append(f"{number(more)} more")
    begin = "While I was off" if outcome.while_off else "You missed something"
    return f"{begin}: {'; '.join(told)}."


def _list_name(name: str) -> str:
    return "to-do list" if name == "todo" else name if name.endswith("list") else f"{name} list"


def _added(outcome: outcomes.WasAdded, _: datetime) -> str:
    name = _list_name(outcome.list)
    already = [item for item in outcome.items if item in outcome.already]
    new = [item for item in outcome.items if item not in outcome.already]
    told = [f"{listed(new)} added to your {name}."] if new else []
    if already:
        verb = "is" if len(already) == 1 else "are"
        told.append(f"{listed(already)} {verb} already on {'it' if new else f'your {name}'}.")
    return " ".join(text[:1].upper() + text[1:] for text in told)


def _removed(outcome: outcomes.WasRemoved, _: datetime) -> str:
    name = _list_name(outcome.list)
    gone = [item for item in outcome.items if item not in outcome.missing]
    told = [f"{listed(gone)} taken off your {name}."] if gone else []
    if outcome.missing:
        verb = "isn't" if len(outcome.missing) == 1 else "aren't"
        told.append(f"{listed(outcome.missing)} {verb} on {'it' if gone else f'your {name}'}.")
    return " ".join(text[:1].upper() + text[1:] for text in told)


def _list_has(outcome: outcomes.ListHas, _: datetime) -> str:
    name = _list_name(outcome.list)
    if not outcome.items:
        return f"Your {name} is empty."
    return f"On your {name}: {listed(outcome.items)}."


def _cleared(outcome: outcomes.WasCleared, _: datetime) -> str:
    name = _list_name(outcome.list)
    return f"your {name} is empty now." if outcome.items else f"your {name} was already empty."


def _impossible(outcome: Impossible, _: datetime) -> str:
    if outcome.reason is Reason.NO_SUCH_NAME:
        return f"I don't have one called {outcome.said}."
    return _IMPOSSIBLE[outcome.reason]


def _snoozed(outcome: outcomes.WasSnoozed, now: datetime) -> str:
    return f"I'll ring again in {length((outcome.entry.at - now).total_seconds())}."


def _volume(outcome: outcomes.VolumeIs, _: datetime) -> str:
    if outcome.at_limit:
        return f"That's as {'loud' if outcome.level >= 1 else 'quiet'} as I get."
    return f"Volume at {round(100 * outcome.level)} percent."


def _pace(outcome: outcomes.PaceIs, _: datetime) -> str:
    if outcome.at_limit:
        return f"That's as {'fast' if outcome.value > 1 else 'slow'} as I can talk."
    if outcome.value == 1:
        return "Back to my usual pace."
    return f"I'm at {round(100 * outcome.value)} percent of my usual pace now."


_SAY: dict[type, Callable[..., str]] = {
    outcomes.WasSet: _set,
    outcomes.Missing: _missing,
    outcomes.WasCancelled: _cancelled,
    outcomes.NoneFound: _none_found,
    outcomes.WhichOne: _which_one,
    outcomes.AreSet: _are_set,
    outcomes.WasSnoozed: _snoozed,
    outcomes.WasExtended: _extended,
    outcomes.WasDismissed: lambda outcome, _: "OK." if outcome.entries else "Nothing is ringing.",
    outcomes.Rings: _rings,
    outcomes.WereMissed: _missed,
    outcomes.WasAdded: _added,
    outcomes.WasRemoved: _removed,
    outcomes.ListHas: _list_has,
    outcomes.WasCleared: _cleared,
    outcomes.VolumeIs: _volume,
    outcomes.PaceIs: _pace,
    outcomes.Introduced: lambda outcome, _: f"I'm {outcome.name or 'your assistant'}.",
    outcomes.IsNoPerson: lambda outcome, _: (
        f"I'm a digital double of {outcome.double_of}, not {outcome.double_of} in person. "
        "A computer makes what I say, and my voice and face."
        if outcome.double_of
        else "I'm a computer program, not a person."
    ),
    outcomes.Switched: lambda outcome, _: f"From now on, my {outcome.kind} is {outcome.name}.",
    outcomes.Sleeps: lambda outcome, _: (
        f'Good night. Say "{outcome.wake_word}" to wake me.' if outcome.wake_word else "Good night."
    ),
    outcomes.IsAwake: lambda _, __: "I'm awake.",
    **REPLIES,
    outcomes.Failed: lambda outcome, _: _TROUBLES[outcome.trouble],
    TellTime: time_there,
    TellDate: about_day,
    TellTimeUntil: lambda outcome, now: f"{length((outcome.at - now).total_seconds())} from now.",
    Impossible: _impossible,
}
