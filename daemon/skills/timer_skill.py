"""Carries out what is wanted of timers, alarms and reminders."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

from daemon.skills.book import SkillBook
from daemon.skills.clock import local_time
from daemon.skills.entries import Entry
from daemon.skills.herald import scheduled
from daemon.skills.intents import (
    Cancel,
    Dismiss,
    DueAt,
    Extend,
    Kind,
    Query,
    Reschedule,
    Selector,
    SetAlarm,
    SetReminder,
    SetTimer,
    Snooze,
)
from daemon.skills.outcomes import (
    AreSet,
    Missing,
    NoneFound,
    Outcome,
    Scheduled,
    WasCancelled,
    WasDismissed,
    WasExtended,
    WasSet,
    WasSnoozed,
    WhichOne,
)
from daemon.skills.ringing import SNOOZE_S, Ringer

TimerIntent: TypeAlias = (
    SetTimer | SetAlarm | SetReminder | Cancel | Query | Reschedule | Snooze | Extend | Dismiss
)
Undo: TypeAlias = Callable[[], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class CarriedOut:
    """What came of an intent, and how it is undone; ``None``: there is nothing to undo."""

    outcome: Outcome | str
    """Or the very words that are to be said."""
    undo: Undo | None = None


class TimerSkill:
    """Belongs to the event loop's thread. All raise ``StorageError`` and ``InputError``."""

    def __init__(self, book: SkillBook, ringer: Ringer | None) -> None:
        """``ringer`` is ``None`` where nothing rings: in a command that answers one question."""
        self._book, self._ringer = book, ringer

    async def carry_out(self, intent: TimerIntent) -> CarriedOut:
        """Do what is wanted."""
        match intent:
            case SetTimer() | SetAlarm() | SetReminder():
                return await self._set(intent)
            case Cancel():
                return await self._cancel(intent)
            case Query(kind, name, which):
                found = _matching(self._book.entries, kind, name, which)
                return CarriedOut(AreSet(_all(found)) if found else NoneFound(intent))
            case Reschedule():
                return await self._reschedule(intent)
            case Extend():
                return await self._extend(intent)
            case Snooze(seconds):
                return await self._snooze(seconds or SNOOZE_S)
            case Dismiss():
                ended = await self._ringer.dismiss() if self._ringer else []
                return CarriedOut(WasDismissed(_all(ended)))

    async def _set(self, intent: SetTimer | SetAlarm | SetReminder) -> CarriedOut:
        match intent:
            case SetTimer(seconds=float(seconds), name=name):
                entry = await self._book.change(lambda store: store.timers.add_timer(seconds, name))
            case (
                SetAlarm(at=datetime() as at, name=text, repeat=repeat)
                | SetReminder(at=datetime() as at, text=text, repeat=repeat)
            ) if text or isinstance(intent, SetAlarm):
                kind: Kind = "alarm" if isinstance(intent, SetAlarm) else "reminder"
                entry = await self._book.change(
                    lambda store: store.timers.add_at(kind, at, text, repeat)
                )
            case _:
                return CarriedOut(Missing(intent))
        return CarriedOut(
            WasSet(scheduled(entry)),
            lambda: self._book.change(lambda store: store.timers.cancel([entry.id])),
        )

    async def _cancel(self, intent: Cancel) -> CarriedOut:
        found = _matching(self._book.entries, intent.kind, intent.name, intent.which)
        if not found:
            return CarriedOut(NoneFound(intent))
        if len(found) > 1 and not intent.everything:
            if intent.kind is not None or intent.name or intent.which is not None:
                return CarriedOut(WhichOne(_all(found)))
            found = [max(found, key=lambda entry: entry.id)]  # "cancel that": what was set last
        ids = [entry.id for entry in found]
        gone = await self._book.change(lambda store: store.timers.cancel(ids))
        if not gone:  # another process was quicker
            return CarriedOut(NoneFound(intent))
        return CarriedOut(WasCancelled(_all(gone)), self._restoring(gone))

    async def _reschedule(self, intent: Reschedule) -> CarriedOut:
        found = _matching(self._book.entries, intent.kind, intent.name, intent.which)
        if len(found) != 1:
            return CarriedOut(WhichOne(_all(found)) if found else NoneFound(intent))
        before, to = found[0], intent.to
        when = to.total_seconds() if isinstance(to, timedelta) else to
        moved = await self._book.change(lambda store: store.timers.reschedule(before.id, when))
        if moved is None:
            return CarriedOut(NoneFound(intent))
        return CarriedOut(WasSet(scheduled(moved), instead=True), self._restoring([before]))

    async def _extend(self, intent: Extend) -> CarriedOut:
        found = _matching(self._book.entries, "timer", intent.name, None)
        if len(found) > 1 and (rings := [one for one in found if one.state == "ringing"]):
            found = rings
        if len(found) != 1:
            return CarriedOut(WhichOne(_all(found)) if found else NoneFound(intent))
        before, seconds = found[0], intent.seconds
        longer = await self._book.change(lambda store: store.timers.extend(before.id, seconds))
        if longer is None:
            return CarriedOut(NoneFound(intent))
        return CarriedOut(WasExtended(scheduled(longer), seconds), self._restoring([before]))

    async def _snooze(self, seconds: float) -> CarriedOut:
        snoozed = await self._ringer.snooze(seconds) if self._ringer else []
        if not snoozed:
            return CarriedOut(WasDismissed(()))
        return CarriedOut(WasSnoozed(scheduled(snoozed[0])))

    def _restoring(self, entries: Sequence[Entry]) -> Undo:
        return lambda: self._book.change(lambda store: store.timers.restore(entries))


def _all(entries: Sequence[Entry]) -> tuple[Scheduled, ...]:
    return tuple(map(scheduled, entries))


def _matching(
    entries: Sequence[Entry], kind: Kind | None, name: str, which: Selector
) -> list[Entry]:
    """Return those that may be meant; a name that is exactly one's leaves the others out."""
    found = [
        entry
        for entry in entries
        if entry.state != "done"
        and kind in (None, entry.kind)
        and _is_selected(entry, which)
        and name.casefold() in entry.text.casefold()
    ]
    exact = [entry for entry in found if name and entry.text.casefold() == name.casefold()]
    return exact or found


def _is_selected(entry: Entry, which: Selector) -> bool:
    match which:
        case None:
            return True
        case timedelta():
            return entry.kind == "timer" and round(entry.seconds) == round(which.total_seconds())
        case DueAt(times, day):
            due = local_time(entry.due)
            at = due.time().replace(second=0, microsecond=0)
            return (not times or at in times) and day in (None, due.date())
