"""Notices what is due, whatever becomes of the clocks meanwhile.

asyncio's clock stands still while the computer sleeps, and nobody tells it that the wall clock was
set. So the scheduler looks at the clocks once a second, and is at most that late after either; when
neither happens it wakes at the very moment.
"""

import asyncio
import logging
import time

from daemon.errors import StorageError
from daemon.skills.book import SkillBook
from daemon.skills.clock import Moment, local_time
from daemon.skills.entries import Entry
from daemon.skills.herald import Herald
from daemon.skills.ringing import MAX_RING_S, Ringer
from daemon.skills.timer_table import CLOCK_STEP_S, SET_BACK_S

POLL_S = 1.0  # how late it may ring after a suspension, or when another process has set it
# What is later than this does not ring any more: the computer, or the program, was off.
LATE_S = MAX_RING_S

log = logging.getLogger(__name__)


class Scheduler:
    """Belongs to the event loop's thread, where ``run`` is one task."""

    def __init__(self, book: SkillBook, ringer: Ringer, herald: Herald) -> None:
        self._book, self.ringer, self._herald = book, ringer, herald
        self._woken = asyncio.Event()
        self._seen: Moment | None = None
        self._zone: tuple[object, ...] = ()

    def wake(self) -> None:
        """Look at once: something was set."""
        self._woken.set()

    async def run(self) -> None:
        """Let what is due ring, until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._herald.run(), name="ringing")
            await self._watch()

    async def _watch(self) -> None:
        while True:
            self._woken.clear()
            try:
                wait_s = await self._look()
            except Exception as error:  # whatever it is, what is due next is to ring
                log.error("the timers: %s", type(error).__name__)
                log.debug("the timers", exc_info=error)
                wait_s = POLL_S
            try:
                async with asyncio.timeout(wait_s):
                    await self._woken.wait()
            except TimeoutError:
                pass

    async def _look(self) -> float:
        """Ring what is due; return seconds until it is to be looked again."""
        await self._book.refresh()
        await self.ringer.settle()
        await self._follow_clock()
        now = self._book.clock()
        waiting = [
            entry
            for entry in self._book.entries
            if entry.state != "done" and not self.ringer.has_taken(entry)
        ]
        due = [entry for entry in waiting if entry.seconds_left(now) <= 0]
        await self._take(due, now)
        left = [entry.seconds_left(now) for entry in waiting if entry not in due]
        return min([POLL_S, *left])

    async def _take(self, due: list[Entry], now: Moment) -> None:
        late = [entry for entry in due if -entry.seconds_left(now) >= LATE_S]
        for rang in (False, True):  # those that ring in the file rang when the program ended
            if missed := [entry for entry in late if (entry.state == "ringing") is rang]:
                await self.ringer.miss(missed, rang)
        if rings := [entry for entry in due if entry not in late]:
            await self.ringer.ring(rings)

    async def _follow_clock(self) -> None:
        """Find anew when each is due, if the wall clock was set or has another zone."""
        now, before = self._book.clock(), self._seen
        zone = (local_time(now.wall).utcoffset(), time.tzname)
        step = 0.0 if before is None else (now.wall - before.wall) - (now.boot - before.boot)
        if before is not None and abs(step) < CLOCK_STEP_S and zone == self._zone:
            return
        set_back = step < -SET_BACK_S
        try:
            await self._book.change(lambda store: store.timers.follow_clock(set_back))
        except StorageError:
            return  # tried again at the next look
        self._seen, self._zone = now, zone
