"""Says what rings, and what was missed: when nobody speaks, and until somebody has heard it.

A chime tells the moment, over whatever is heard; the words wait until nobody speaks. What rang and
nobody noticed is told after the next talk; what was due while the computer, or the program, was off
is told as soon as can be.
"""

import asyncio
import logging
from datetime import timedelta

from daemon.brain.sentences import is_chinese
from daemon.events import StateChanged
from daemon.skills.book import SkillBook
from daemon.skills.clock import local_time
from daemon.skills.entries import Entry
from daemon.skills.outcomes import Failed, Rings, Scheduled, Trouble, WereMissed
from daemon.skills.replies import reply
from daemon.skills.ringing import Announcer, Ringer

CHIME_S = 2.5  # that a chime lasts; words follow it
CHIME_INTERVAL_S = 5.0  # half of it silence, in which "stop" is understood best
ANNOUNCE_INTERVAL_S = 20.0
MAX_REPLY_WAIT_S = 10.0  # a reply that is longer than this is interrupted; a person never is
STEP_S = 0.1  # how often it is seen whether something is to be done, while there is
MAX_TELLS = 3  # times that what was missed is told, if nothing of it is heard

log = logging.getLogger(__name__)


class Herald:
    """Belongs to the event loop's thread, where ``run`` is one task."""

    def __init__(self, book: SkillBook, ringer: Ringer, announcer: Announcer) -> None:
        self._book, self._ringer, self._announcer = book, ringer, announcer
        self._announced = float("-inf")
        self._named: frozenset[int] = frozenset()  # what was said to ring
        self._spoke = self._talked = False
        self._tells = 0
        self._told: set[tuple[int, float | None]] = set()  # though it may not be written yet

    def follow(self, event: StateChanged) -> None:
        """See the conversation's states, to know when somebody has talked to it."""
        if event.state == "hearing":
            self._spoke = True
        elif event.state == "speaking" and self._spoke:
            self._talked = True
        elif event.state == "listening":
            self._spoke = False
            self._ringer.work.set()

    async def run(self) -> None:
        """Chime, announce and tell, until cancelled."""
        while True:
            ringing = bool(self._ringer.ringing)
            if not (ringing or self._to_tell() or self._book.put_aside):
                self._ringer.work.clear()
                await self._ringer.work.wait()
            if ringing:
                self._talked = False  # whoever talks now may not have noticed it
            await self._ringer.give_up()
            if self._ringer.ringing:
                await self._go_on_ringing()
            elif self._announcer.phase == "listening":
                await self._tell()
            await asyncio.sleep(STEP_S)

    async def _go_on_ringing(self) -> None:
        now, phase = asyncio.get_running_loop().time(), self._announcer.phase
        ringing = self._ringer.ringing
        unnamed = not self._named.issuperset(entry.id for entry in ringing)
        wanted = unnamed or now - self._announced >= ANNOUNCE_INTERVAL_S
        waited = now - self._ringer.newest >= MAX_REPLY_WAIT_S
        may_speak = phase == "listening" or (phase == "speaking" and waited and unnamed)
        if wanted and may_speak and now - self._ringer.chimed >= CHIME_S:
            heard = await self._say(Rings(tuple(map(scheduled, ringing))))
            if heard is not None:
                self._named = frozenset(entry.id for entry in ringing)
                self._announced = asyncio.get_running_loop().time()
        elif phase in ("listening", "speaking") and now - self._last_sound() >= CHIME_INTERVAL_S:
            self._ringer.chime()

    def _last_sound(self) -> float:
        return max(self._ringer.chimed, self._announced)

    def _to_tell(self) -> list[Entry]:
        """Return what was missed and may be told now; of one kind."""
        missed = [
            entry
            for entry in self._book.entries
            if entry.missed is not None and (entry.id, entry.missed) not in self._told
        ]
        for rang in (False, True):
            told = [entry for entry in missed if entry.rang is rang]
            if told and (self._talked or not rang):
                return told
        return []

    async def _tell(self) -> None:
        """Tell what was missed, or that the file was damaged."""
        if self._book.put_aside is not None:
            if await self._say(Failed(Trouble.WAS_DAMAGED)) is not None:
                self._book.put_aside = None
            return
        if not (missed := self._to_tell()):
            return
        told = tuple(scheduled(entry, missed=True) for entry in missed)
        heard = await self._say(WereMissed(told, while_off=not missed[0].rang))
        self._tells += heard == ""
        if heard or self._tells >= MAX_TELLS:
            self._tells, self._talked = 0, False
            self._told |= {(entry.id, entry.missed) for entry in missed}
            ids = [entry.id for entry in missed]
            await self._ringer.write(lambda store: store.timers.told(ids))

    async def _say(self, outcome: Rings | WereMissed | Failed) -> str | None:
        """Say it; return what was heard of it, ``None`` if it cannot be said now."""
        named = () if isinstance(outcome, Failed) else outcome.entries
        chinese = any(is_chinese(char) for entry in named for char in entry.name)
        language = "zh" if chinese else self._announcer.language
        text = reply(outcome, language, local_time(self._book.clock().wall))
        if (saying := self._announcer.say(text)) is None:
            return None
        try:
            return await saying
        except Exception as error:  # whatever is wrong with the voice, the chime goes on
            log.error("nothing could be announced: %s", type(error).__name__)
            return ""


def scheduled(entry: Entry, missed: bool = False) -> Scheduled:
    """Return what is said of an entry: when it is due, or when it was ``missed``."""
    due = entry.missed if missed and entry.missed is not None else entry.due
    length = timedelta(seconds=entry.seconds) if entry.kind == "timer" else None
    return Scheduled(entry.kind, entry.text, local_time(due), length, entry.repeat)
