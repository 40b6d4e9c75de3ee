"""The table of timers, alarms and reminders; see ``store.py``."""

import math
import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import astuple, fields, replace
from datetime import datetime
from typing import Final

from pydantic import TypeAdapter

from daemon.database import DatabaseFile
from daemon.errors import InputError, one_line
from daemon.i18n import tr
from daemon.skills.clock import Moment, due_at, local_time, next_due
from daemon.skills.entries import Entry
from daemon.skills.intents import Kind

MAX_ENTRIES = 1000  # nobody sets so many: more are a program gone wrong
MAX_TEXT_CHARS = 500  # of a name or a reminder: what can be said in half a minute
MAX_YEARS = 10  # ahead, of alarms and reminders
FIRST_YEAR = 1970  # before which no wall time has a moment
MAX_SECONDS = 366 * 86_400.0  # of a timer
CLOCK_STEP_S = 1.0  # by which the clock is set before timers are told; it drifts by less
# Clocks are set back by seconds all the time, which must not make an alarm ring again; by more
# than this somebody has set them, and the alarm's time comes again.
SET_BACK_S = 120.0

_ENTRY: Final = TypeAdapter(Entry)
_FIELDS: Final = tuple(field.name for field in fields(Entry))
_COLUMNS: Final = ", ".join(f'"{name}"' for name in _FIELDS)
_PLACES: Final = ", ".join("?" for _ in _FIELDS)


class TooManyError(InputError):
    """There are as many as can be kept."""


class TimerTable:
    """Reads and changes it; belongs to the thread of ``file``."""

    SCHEMA: Final = (
        "CREATE TABLE entries (id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL,"
        " text TEXT NOT NULL, due REAL NOT NULL, state TEXT NOT NULL, created REAL NOT NULL,"
        " seconds REAL NOT NULL, wall TEXT NOT NULL, repeat TEXT NOT NULL, boot_due REAL,"
        " boot_id TEXT NOT NULL, snoozed INTEGER NOT NULL, missed REAL, rang INTEGER NOT NULL)"
    )

    def __init__(self, file: DatabaseFile, clock: Callable[[], Moment]) -> None:
        self._file = file
        self._clock = clock

    def entries(self) -> list[Entry]:
        """Return all, those that are due first at the head."""
        with self._file.errors():
            return [_entry(row) for row in self._file.rows(_SELECT + " ORDER BY due, id")]

    def add_timer(self, seconds: float, text: str = "") -> Entry:
        """Set a timer. Raises ``InputError`` for a length that cannot be, ``TooManyError``."""
        now = self._clock()
        entry = replace(_new("timer", text, now), seconds=_checked(seconds))
        return _added(self._file, _in(entry, seconds, now))

    def add_at(
        self, kind: Kind, at: datetime, text: str = "", repeat: tuple[int, ...] = ()
    ) -> Entry:
        """Set an alarm or a reminder for a wall time, in the zone of this computer.

        Raises ``InputError`` for a moment that has passed or is years ahead, ``TooManyError``.
        """
        now = self._clock()
        return _added(self._file, _at(replace(_new(kind, text, now), repeat=repeat), at, now))

    def cancel(self, ids: Iterable[int]) -> list[Entry]:
        """Remove these; return those that there were."""
        with self._file.change() as db:
            found = _these(db, ids)
            db.executemany("DELETE FROM entries WHERE id = ?", [(entry.id,) for entry in found])
        return found

    def restore(self, entries: Iterable[Entry]) -> None:
        """Have these be again what they were: the undoing of any other change."""
        with self._file.change() as db:
            for entry in entries:
                _write(db, entry)

    def reschedule(self, id: int, to: datetime | float) -> Entry | None:
        """Have one ring at a wall time, or in so many seconds; ``None`` if there is none.

        Raises ``InputError`` like ``add_timer`` and ``add_at``.
        """
        now = self._clock()

        def moved(entry: Entry) -> Entry:
            entry = replace(entry, state="pending", snoozed=0)
            if isinstance(to, datetime):
                return _at(entry, to, now)
            length = _checked(to)
            if entry.kind == "timer":
                entry = replace(entry, seconds=length)
            return _in(entry, length, now)

        return next(iter(self._change([id], moved)), None)

    def extend(self, id: int, seconds: float) -> Entry | None:
        """Have a timer run longer, or, with negative seconds, shorter; at least for a second."""
        now = self._clock()

        def extended(entry: Entry) -> Entry:
            left = min(max(1.0, entry.seconds_left(now) + seconds), MAX_SECONDS)
            longer = replace(entry, seconds=max(1.0, entry.seconds + seconds), state="pending")
            return _in(longer, left, now)

        return next(iter(self._change([id], extended)), None)

    def snooze(self, ids: Iterable[int], seconds: float) -> list[Entry]:
        """Put off what rings, or has rung; return how it is now."""
        now, length = self._clock(), _checked(seconds)
        return self._change(
            ids,
            lambda entry: replace(
                _in(entry, length, now), state="pending", snoozed=entry.snoozed + 1, missed=None
            ),
        )

    def ring(self, ids: Iterable[int]) -> list[Entry]:
        """Note that these ring; return how they are now."""
        return self._change(ids, lambda entry: replace(entry, state="ringing"))

    def finish(self, ids: Iterable[int]) -> None:
        """Note that somebody noticed them: each is over, or waits for its next day."""
        now = self._clock()
        with self._file.change() as db:
            for entry in _these(db, ids):
                if entry.repeat:
                    _write(db, replace(_next(entry, now), missed=None))
                else:
                    db.execute("DELETE FROM entries WHERE id = ?", (entry.id,))

    def miss(self, ids: Iterable[int], rang: bool) -> list[Entry]:
        """Note that nobody noticed them, which is yet to be told; return how they are now.

        ``rang``: they rang; else the computer, or the program, was off.
        """
        now = self._clock()

        def missed(entry: Entry) -> Entry:
            later = _next(entry, now) if entry.repeat else replace(entry, state="done")
            return replace(later, missed=entry.due, rang=rang)

        return self._change(ids, missed)

    def told(self, ids: Iterable[int]) -> None:
        """Note that somebody knows that these were missed."""
        with self._file.change() as db:
            for entry in _these(db, ids):
                if entry.state == "done":
                    db.execute("DELETE FROM entries WHERE id = ?", (entry.id,))
                else:
                    _write(db, replace(entry, missed=None))

    def follow_clock(self, set_back: bool) -> None:
        """Find anew when each is due: the clock was set, or its zone changed.

        ``set_back``: by more than ``SET_BACK_S``.
        """
        now = self._clock()
        entries = [entry for entry in self.entries() if entry.state == "pending"]
        self._change([entry.id for entry in entries], lambda entry: _followed(entry, now, set_back))

    def _change(self, ids: Iterable[int], change: Callable[[Entry], Entry]) -> list[Entry]:
        with self._file.change() as db:
            changed = [change(entry) for entry in _these(db, ids)]
            for entry in changed:
                _write(db, entry)
        return changed


_SELECT: Final = f"SELECT {_COLUMNS} FROM entries"  # noqa: S608 (names of ours)


def clean_text(text: str) -> str:
    """Return ``text`` as it can be kept: on one line, of bounded length, valid UTF-8."""
    return one_line(text, MAX_TEXT_CHARS).encode("utf-8", "replace").decode()


def _new(kind: Kind, text: str, now: Moment) -> Entry:
    text = clean_text(text)
    return Entry(0, kind, text, 0, "pending", now.wall, 0, "", (), None, "", 0, None, False)


def _checked(seconds: float) -> float:
    if not (math.isfinite(seconds) and 0 < seconds <= MAX_SECONDS):
        raise InputError(tr("A timer runs for more than nothing and at most a year."))
    return float(seconds)


def _in(entry: Entry, seconds: float, now: Moment) -> Entry:
    """Return it due after ``seconds`` of the time that passes."""
    boot = (now.boot + seconds) if now.boot_id else None
    return replace(entry, due=now.wall + seconds, boot_due=boot, boot_id=now.boot_id)


def _at(entry: Entry, at: datetime, now: Moment) -> Entry:
    """Return it due at a wall time."""
    wall = at.replace(tzinfo=None, fold=0)
    # Beyond it there may be years that another time zone does not have.
    if wall.year > datetime.fromtimestamp(now.wall).year + MAX_YEARS:
        raise InputError(tr("That is too far ahead."))
    if wall.year < FIRST_YEAR:
        raise InputError(tr("That moment has passed."))
    due = next_due(wall, entry.repeat, now.wall)
    if due <= now.wall:
        raise InputError(tr("That moment has passed."))
    written = wall.isoformat()
    return replace(entry, due=due, wall=written, boot_due=None, boot_id="")


def _next(entry: Entry, now: Moment) -> Entry:
    """Return one that repeats, due at its next time."""
    due = next_due(datetime.fromisoformat(entry.wall), entry.repeat, max(now.wall, entry.due))
    return replace(entry, due=due, state="pending", boot_due=None, boot_id="", snoozed=0)


def _followed(entry: Entry, now: Moment, set_back: bool) -> Entry:
    if entry.boot_due is not None:
        if entry.boot_id != now.boot_id:
            return entry  # begun before a reboot: the wall clock is all there is
        return replace(entry, due=now.wall + entry.boot_due - now.boot)
    if not entry.wall:
        return entry
    wall = datetime.fromisoformat(entry.wall)
    if not entry.repeat:
        return replace(entry, due=due_at(wall))
    # Not before what it waits for, which may be tomorrow because today's has rung.
    after = now.wall if set_back else max(now.wall, entry.due - 86_400.0)
    return replace(entry, due=next_due(wall, entry.repeat, after))


def _added(file: DatabaseFile, entry: Entry) -> Entry:
    with file.change() as db:
        ((count,),) = db.execute("SELECT count(*) FROM entries").fetchall()
        if count >= MAX_ENTRIES:
            raise TooManyError(tr("There are too many timers, alarms and reminders."))
        number = _write(db, entry)
    return replace(entry, id=number)


def _these(db: sqlite3.Connection, ids: Iterable[int]) -> list[Entry]:
    found = (db.execute(_SELECT + " WHERE id = ?", (id,)).fetchone() for id in dict.fromkeys(ids))
    return [_entry(row) for row in found if row is not None]


def _write(db: sqlite3.Connection, entry: Entry) -> int:
    """Write an entry over the one with its number; 0 gets a new one. Return the number."""
    values = dict(zip(_FIELDS, astuple(entry), strict=True))
    values |= {"id": entry.id or None, "repeat": ",".join(map(str, entry.repeat))}
    statement = f"INSERT OR REPLACE INTO entries ({_COLUMNS}) VALUES ({_PLACES})"  # noqa: S608
    number = db.execute(statement, tuple(values.values())).lastrowid
    assert number is not None
    return number


def _entry(row: tuple[object, ...]) -> Entry:
    """Return what a row means; ``DatabaseError``, without its words, if it can mean nothing."""
    values = dict(zip(_FIELDS, row, strict=True))
    values["repeat"] = [day for day in str(values["repeat"]).split(",") if day]
    try:
        entry = _ENTRY.validate_python(values)
        for moment in (entry.due, entry.due if entry.missed is None else entry.missed):
            local_time(moment)
        if entry.kind != "timer":
            datetime.fromisoformat(entry.wall)
        if not set(entry.repeat).issubset(range(7)):
            raise ValueError("no weekday")
    except (ValueError, OverflowError, OSError) as error:
        raise sqlite3.DatabaseError(type(error).__name__) from None
    return entry
