"""What programs get back about timers and lists, as JSON."""

import builtins
from collections.abc import Iterable

from pydantic import BaseModel

from daemon.skills.clock import Moment
from daemon.skills.entries import Entry, EntryState, Item
from daemon.skills.intents import Kind


class TimerReport(BaseModel):
    """A timer, an alarm or a reminder. Moments are seconds since 1970."""

    id: int
    kind: Kind
    name: str
    """Its name, or what to be reminded of; may be empty."""
    state: EntryState
    """``done``: nobody noticed it, which is yet to be told."""
    due: float
    """When it rings, or began to."""
    left_s: float
    """Seconds until then; below 0 afterwards."""
    length_s: float
    """Of a timer, what it was set for; else 0."""
    repeat: list[int]
    """Weekdays on which it rings, Monday 0; empty: once."""
    snoozed: int
    """How often it was put off."""

    @classmethod
    def of(cls, entry: Entry, now: Moment) -> "TimerReport":
        """Tell of an entry."""
        return cls(
            id=entry.id,
            kind=entry.kind,
            name=entry.text,
            state=entry.state,
            due=round(entry.due, 1),
            left_s=round(entry.seconds_left(now), 1),
            length_s=entry.seconds,
            repeat=list(entry.repeat),
            snoozed=entry.snoozed,
        )


class TimerReports(BaseModel):
    """Timers, alarms and reminders, those that are due first at the head."""

    timers: list[TimerReport]

    @classmethod
    def of(cls, entries: Iterable[Entry], now: Moment) -> "TimerReports":
        """Tell of entries."""
        return cls(timers=[TimerReport.of(entry, now) for entry in entries])


class ItemReport(BaseModel):
    """Something on a list."""

    id: int
    text: str


class ListReport(BaseModel):
    """A list, and what is on it in the order in which it was put there."""

    list: str
    """``shopping``, ``todo`` or a name of the person's own."""
    items: builtins.list[ItemReport]


class ListReports(BaseModel):
    """The lists that something is on."""

    lists: list[ListReport]

    @classmethod
    def of(cls, items: Iterable[Item]) -> "ListReports":
        """Tell of what is on lists."""
        found: dict[str, list[ItemReport]] = {}
        for item in items:
            found.setdefault(item.list, []).append(ItemReport(id=item.id, text=item.text))
        return cls(lists=[ListReport(list=name, items=found[name]) for name in sorted(found)])
