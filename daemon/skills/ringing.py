"""What rings: since when, until it is dismissed, put off, cancelled, or nobody has noticed it.

What cannot be written to the file is written later: a full disk lets nothing ring on for ever, and
nothing fall silent.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Protocol

from daemon.errors import StorageError
from daemon.events import Event, Ringing
from daemon.skills.book import SkillBook
from daemon.skills.entries import Entry
from daemon.skills.intents import Kind
from daemon.skills.store import SkillStore

MAX_RING_S = 120.0  # nobody who can hear it lets it ring for longer
SNOOZE_S = 540.0  # nine minutes, as on most alarm clocks
JUST_RUNG_S = 120.0  # who says "snooze" within this has dismissed it by mistake


class Announcer(Protocol):
    """What is needed of a conversation. Belongs to the event loop's thread."""

    @property
    def phase(self) -> str:
        """What the conversation is at, such as ``listening``; see ``dialogue/state.py``."""

    @property
    def language(self) -> str:
        """The language that was spoken last."""

    def chime(self, kind: Kind) -> None:
        """Sound once, over whatever is heard; does not wait."""

    def say(self, text: str) -> Awaitable[str] | None:
        """Say it now; what was heard of it is returned. ``None`` while somebody speaks."""

    def hush(self) -> None:
        """Fall silent: the chime, and what is being said of it."""


class Ringer:
    """Belongs to the event loop's thread."""

    def __init__(
        self, book: SkillBook, announcer: Announcer, publish: Callable[[Event], None]
    ) -> None:
        self.work = asyncio.Event()
        """Set when there is something else to be done; see ``Herald``."""
        self.chimed = float("-inf")
        """When the last chime began, in the event loop's time."""
        self._book, self._announcer, self._publish = book, announcer, publish
        self._ringing: dict[int, Entry] = {}
        self._began: dict[int, float] = {}  # the loop's time
        self._taken: set[tuple[int, float]] = set()  # what has begun to ring: its number and moment
        self._ended: tuple[float, tuple[Entry, ...]] = (float("-inf"), ())
        self._unwritten: list[Callable[[SkillStore], object]] = []

    @property
    def ringing(self) -> tuple[Entry, ...]:
        """What rings now."""
        return tuple(self._ringing.values())

    @property
    def newest(self) -> float:
        """When the last that rings began to, in the event loop's time."""
        return max(self._began.values(), default=float("-inf"))

    def chime(self) -> None:
        """Sound once, as that does which rings last."""
        self.chimed = asyncio.get_running_loop().time()
        self._announcer.chime(self.ringing[-1].kind)

    def has_taken(self, entry: Entry) -> bool:
        """Whether it rings, or has been dismissed, put off or missed."""
        return (entry.id, entry.due) in self._taken

    async def ring(self, entries: Sequence[Entry]) -> None:
        """Let these ring from now on."""
        now = asyncio.get_running_loop().time()
        for entry in entries:
            self._taken.add((entry.id, entry.due))
            self._ringing[entry.id] = entry
            self._began[entry.id] = now
        self.chime()
        self._tell()
        ids = [entry.id for entry in entries]
        await self.write(lambda store: store.timers.ring(ids))

    async def miss(self, entries: Sequence[Entry], rang: bool) -> None:
        """Note that nobody noticed these; they are told later."""
        self._taken.update((entry.id, entry.due) for entry in entries)
        ids = [entry.id for entry in entries]
        await self.write(lambda store: store.timers.miss(ids, rang))
        self.work.set()

    async def dismiss(self, ids: Iterable[int] | None = None) -> list[Entry]:
        """Let these, or all, ring no more; return those that rang."""
        ended = self._end(ids)
        stopped = [entry.id for entry in ended]
        if stopped:
            self._ended = asyncio.get_running_loop().time(), tuple(ended)
            await self.write(lambda store: store.timers.finish(stopped))
        return ended

    async def snooze(
        self, seconds: float = SNOOZE_S, ids: Iterable[int] | None = None
    ) -> list[Entry]:
        """Put these, or all that ring, off; return how they are now.

        Where nothing rings any more, what was dismissed within ``JUST_RUNG_S`` is meant. Raises
        ``StorageError``, and then they go on ringing, and ``InputError``.
        """
        entries = [entry for entry in self.ringing if ids is None or entry.id in set(ids)]
        ended_at, just_ended = self._ended
        recently = asyncio.get_running_loop().time() - ended_at < JUST_RUNG_S
        if ids is None and not entries and recently:
            entries = list(just_ended)

        def put_off(store: SkillStore) -> list[Entry]:
            store.timers.restore(entries)
            return store.timers.snooze([entry.id for entry in entries], seconds)

        snoozed = await self._book.change(put_off) if entries else []
        self._end([entry.id for entry in entries])
        self._ended = (float("-inf"), ())
        return snoozed

    def changed(self) -> None:
        """Let nothing ring that was cancelled or put off elsewhere."""
        there = {(entry.id, entry.due) for entry in self._book.entries}
        gone = [entry.id for entry in self.ringing if (entry.id, entry.due) not in there]
        if gone:
            self._end(gone)
        self._taken &= there | {(entry.id, entry.due) for entry in self.ringing}
        self.work.set()

    async def settle(self) -> None:
        """Write what could not be written before, and see whether there is something to tell."""
        if self._book.put_aside is not None:
            self.work.set()
        while self._unwritten:
            try:
                await self._book.change(self._unwritten[0])
            except StorageError:
                return
            self._unwritten.pop(0)

    async def give_up(self) -> None:
        """Let nothing ring for longer than ``MAX_RING_S``."""
        now = asyncio.get_running_loop().time()
        ids = [id for id, began in self._began.items() if now - began >= MAX_RING_S]
        if ids:
            await self.miss(self._end(ids), rang=True)

    def _end(self, ids: Iterable[int] | None) -> list[Entry]:
        """Let these, or all, fall silent at once; return those that rang."""
        chosen = list(self._ringing) if ids is None else [id for id in ids if id in self._ringing]
        ended = [self._ringing.pop(id) for id in dict.fromkeys(chosen)]
        for entry in ended:
            del self._began[entry.id]
        if ended:
            if not self._ringing:
                self._announcer.hush()
            self._tell()
        return ended

    def _tell(self) -> None:
        self._publish(Ringing(list(self._ringing)))
        self.work.set()

    async def write(self, change: Callable[[SkillStore], object]) -> None:
        """Change the file, now or, if it cannot be written, later: what rings is not held up."""
        self._unwritten.append(change)
        await self.settle()
