"""The memory of a running daemon: keeps what was heard, on a thread of its own.

Belongs to the event loop's thread; the file belongs to ``Archive``'s. The conversation never waits
for the disk, and goes on without a memory when that fails.
"""

import asyncio
import logging
from collections.abc import Collection

from daemon.memory.archive import PORTION
from daemon.memory.entries import NewEntry
from daemon.memory.memory_thread import MemoryThread
from daemon.memory.recall import Recallable, fact_in, reminder
from daemon.memory.recollection import Recalled
from daemon.memory.store import MemoryStore

MAX_PENDING = (
    64  # turns that may wait for the disk; of those beyond, the log says that they are lost
)
RECOLLECT_S = 0.1  # an answer waits for what is recalled; a file that is written anew takes longer

log = logging.getLogger(__name__)


class ConversationMemory(MemoryThread):
    """Keeps turns while ``settings.keep`` is true; what was kept before can always be looked at."""

    def begin(self, persona: str) -> None:
        """Begin a conversation, which is kept from its first turn on; ``persona`` answers."""
        self._persona = persona
        self._submit(lambda: self._archive.begin(self.settings, self._clock()))

    def keep(self, question: str, answer: str, person: int | None = None) -> None:
        """Keep a turn, if that is wanted; does not wait for it.

        ``person`` asked it; ``None``: nobody who is known.
        """
        if not self.settings.keep:
            return
        if len(self._pending) >= MAX_PENDING:
            log.error("the disk is too slow: a turn is not kept")
            self.failed = True
            return
        entry = NewEntry(question, answer, self._clock(), fact_in(question), person)
        persona = self._persona

        def add() -> None:
            self._archive.add(entry, persona, self.settings)
            self.failed = False

        self._submit(add)

    async def prepare(self) -> None:
        """Have what is kept found by its meaning, once, as soon as anything is to be kept.

        It takes half a second, and 4 ms for each turn that was kept before it could be.
        """
        if self._prepared or not self.settings.keep:
            return
        self._prepared = True
        try:
            encode = await self._worker.run(lambda _: self._encoder())
            if encode is not None:
                await self._worker.run(lambda _: self._archive.understand(encode))
                while await self.query(self._learn, 0):
                    pass
        except Exception as error:  # words still find it
            log.warning("%s %s", error, getattr(error, "fix", ""))

    def _learn(self, store: MemoryStore) -> int:
        return self._archive.recollection(store).learn(PORTION)

    async def recallable(self) -> dict[int | None, Recallable]:
        """Return what the next conversation may recall of each person's, by number.

        Nothing while nothing is to be kept.
        """
        if not self.settings.keep:
            return {}
        try:
            return await self.query(self._archive.recallable, {})
        except Exception as error:  # whatever is wrong with it, it is only the memory
            self._record_failure(error)
            return {}

    async def recollect(
        self, question: str, person: int | None, known: Collection[str], code: str
    ) -> str:
        """Return the line that answers ``question`` with what ``person`` said earlier, or "".

        ``known`` was said in this conversation; ``code`` is the question's language. Whoever asks
        does not wait for a disk that is slow.
        """
        if not self.settings.keep or not self.settings.recall_tokens:
            return ""

        def find(store: MemoryStore) -> list[Recalled]:
            return self._archive.recollection(store).find(question, person, known, code)

        try:
            async with asyncio.timeout(RECOLLECT_S):
                found = await self._run(find, [])
        except TimeoutError:
            log.debug("the memory took too long")
            return ""
        except Exception as error:  # whatever is wrong with it, it is only the memory
            self._record_failure(error)
            return ""
        told = ((one.at, one.text) for one in found)
        return reminder(told, code, self.settings.recall_tokens)

    async def about(self, words: str, person: int | None) -> list[Recalled]:
        """Return what ``person`` told of ``words``, the likeliest first; "" is what they told last.

        Raises ``StorageError``.
        """

        def find(store: MemoryStore) -> list[Recalled]:
            known = self._archive.recollection(store)
            return known.about(words, person) if words else known.newest(person)

        return await self.query(find, [])

    async def last(self, person: int | None) -> list[Recalled]:
        """Return what ``person`` said last in this conversation. Raises ``StorageError``."""
        return await self.query(self._archive.last, [], person)

    async def forget(self, told: Collection[Recalled]) -> list[str]:
        """Forget it; return what was said in the turns that are gone. Raises ``StorageError``."""
        return await self.query(MemoryStore.forget_told, [], [one.number for one in told])

    async def expire(self) -> int:
        """Forget what is older than is wanted; return how many conversations that were."""
        days = self.settings.days
        try:
            return await self.query(MemoryStore.enforce, 0, self._clock(), days) if days else 0
        except Exception as error:  # whatever is wrong with it, it is only the memory
            self._record_failure(error)
            return 0
