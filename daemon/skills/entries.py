"""What the skills' file holds; moments are in seconds since 1970."""

from dataclasses import dataclass
from typing import Literal

from daemon.skills.clock import Moment
from daemon.skills.intents import Kind

EXAMPLE = 'digital-life timers add "10 minutes" --name pasta'
EntryState = Literal["pending", "ringing", "done"]


@dataclass(frozen=True, slots=True)
class Entry:
    """A timer, an alarm or a reminder."""

    id: int
    kind: Kind
    text: str
    """Its name, or what to be reminded of; may be empty."""
    due: float
    """When it rings, or began to."""
    state: EntryState
    """``done``: it was missed, which is yet to be told."""
    created: float
    seconds: float
    """Of a timer, how long it was set for; else 0."""
    wall: str
    """Of alarms and reminders: the wall time, such as ``2026-12-01T07:30``; else empty."""
    repeat: tuple[int, ...]
    """Weekdays on which it rings at that time, Monday 0; empty: once."""
    boot_due: float | None
    """``due`` by the time since start ``boot_id``, where what counts is the time that passes."""
    boot_id: str
    snoozed: int
    """How often it was put off since it first rang."""
    missed: float | None
    """When it was due and nobody noticed, until that has been told."""
    rang: bool
    """It rang when it was missed; else the computer, or the program, was off."""

    def seconds_left(self, now: Moment) -> float:
        """How long until it is due; below 0 afterwards."""
        if self.boot_due is not None and self.boot_id and self.boot_id == now.boot_id:
            return self.boot_due - now.boot
        return self.due - now.wall


@dataclass(frozen=True, slots=True)
class Item:
    """Something on a list."""

    id: int
    list: str
    """``shopping``, ``todo`` or a name of the person's own, in small letters."""
    text: str
    created: float
