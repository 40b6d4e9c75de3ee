"""What time it is, on both clocks that a timer needs, and when a wall time comes.

An alarm belongs to the clock on the wall, whatever happens to it. A timer belongs to the time that
passes: setting the clock moves no egg. So a timer is kept on ``CLOCK_BOOTTIME``, which runs on
through a suspension and knows no corrections; only after a reboot, which begins that clock anew,
the wall clock has to do.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, slots=True)
class Moment:
    """Now, by both clocks."""

    wall: float
    """Seconds since 1970."""
    boot: float
    """Seconds since the computer started, those in which it slept, too."""
    boot_id: str
    """Which start that was; empty where the kernel does not tell."""


@cache
def _boot_id() -> str:
    try:
        return _BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:
        return ""


def read_clock() -> Moment:
    """Look at the clocks."""
    return Moment(time.time(), time.clock_gettime(time.CLOCK_BOOTTIME), _boot_id())


def local_time(wall: float) -> datetime:
    """Return a moment in the zone of this computer, as it is set by now."""
    time.tzset()  # a traveller may have set another zone since
    return datetime.fromtimestamp(wall).astimezone()


def due_at(wall: datetime) -> float:
    """Return when the clock on the wall will show ``wall`` (without a zone), seconds since 1970.

    Of a wall time that comes twice, when clocks are set back, the first; where clocks are set
    forward over it, the moment at which they are.
    """
    time.tzset()
    moment = wall.replace(fold=0).timestamp()
    if datetime.fromtimestamp(moment) == wall:
        return moment
    # In a gap fold=0 counts with the offset before it and so comes late, fold=1 comes early.
    before, after = wall.replace(fold=1).timestamp(), moment
    offset = _offset(before)
    while after - before > 1:
        middle = (before + after) // 2
        before, after = (middle, after) if _offset(middle) == offset else (before, middle)
    return after


def next_due(wall: datetime, repeat: Sequence[int], after: float) -> float:
    """Return when an alarm for ``wall`` is due first, later than ``after`` if it repeats.

    ``repeat``: weekdays on which it does, Monday 0; none: once.
    """
    if not repeat:
        return due_at(wall)
    time.tzset()
    today = datetime.fromtimestamp(after).date()
    days = (today + timedelta(days=ahead) for ahead in range(9))  # one may be in a gap, or past
    return next(
        due
        for day in days
        if day.weekday() in repeat and (due := due_at(datetime.combine(day, wall.time()))) > after
    )


def _offset(moment: float) -> timedelta | None:
    return datetime.fromtimestamp(moment).astimezone().utcoffset()
