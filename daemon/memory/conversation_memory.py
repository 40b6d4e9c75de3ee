"""The memory of a running daemon: keeps what was heard, on a thread of its own.

Belongs to the event loop's thread; the file belongs to ``Archive``'s. The conversation never waits
for the disk, and goes on without a memory when that fails.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from daemon.config import MemorySettings
from daemon.memory.archive import Archive
from daemon.memory.entries import NewEntry
from daemon.memory.recall import Recallable, fact_in
from daemon.memory.store import MemoryStore
from daemon.worker import CancelToken, Worker

MAX_PENDING = (
    64  # turns that may wait for the disk; of those beyond, the log says that they are lost
)

T = TypeVar("T")
P = ParamSpec("P")

log = logging.getLogger(__name__)


class ConversationMemory:
    """Keeps turns while ``settings.keep`` is true; what was kept before can always be looked at."""

    def __init__(
        self,
        worker: Worker,
        path: Path,
        settings: MemorySettings,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.settings = settings
        """May be changed at any time."""
        self.failed = False
        """Whether what was said last could not be kept."""
        self._worker = worker
        self._archive = Archive(path)  # touched by the worker's thread only
        self._clock = clock
        self._persona = ""
        self._pending: set[asyncio.Task[None]] = set()

    def now(self) -> float:
        """Seconds since 1970."""
        return self._clock()

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

    async def recallable(self) -> Recallable:
        """Return what the next conversation may recall; nothing while nothing is to be kept."""
        if not self.settings.keep:
            return Recallable()
        try:
            return await self.query(self._archive.recallable, Recallable())
        except Exception as error:  # whatever is wrong with it, it is only the memory
            self._record_failure(error)
            return Recallable()

    async def query(
        self,
        fn: Callable[Concatenate[MemoryStore, P], T],
        nothing: T,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Call ``fn(store, …)`` on the memory's thread; ``nothing`` where nothing was ever kept."""

        def call(_cancel: CancelToken) -> T:
            store = self._archive.open(self.settings)
            return nothing if store is None else fn(store, *args, **kwargs)

        await self._flush()
        return await self._worker.run(call)

    async def expire(self) -> int:
        """Forget what is older than is wanted; return how many conversations that were."""
        days = self.settings.days
        try:
            return await self.query(MemoryStore.enforce, 0, self._clock(), days) if days else 0
        except Exception as error:  # whatever is wrong with it, it is only the memory
            self._record_failure(error)
            return 0

    async def forget_all(self) -> None:
        """Forget everything, even if the file is damaged."""
        await self._flush()
        await self._worker.run(lambda _: self._archive.forget_all(self.settings))

    async def is_current(self, conversation: int) -> bool:
        """Whether this is the conversation under way."""
        return await self._worker.run(lambda _: self._archive.conversation == conversation)

    async def close(self) -> None:
        """Wait for what is being kept, then close the file."""
        await self._flush()
        await self._worker.run(lambda _: self._archive.close())

    async def _flush(self) -> None:
        if self._pending:
            await asyncio.wait(set(self._pending))

    def _submit(self, job: Callable[[], None]) -> None:
        async def run() -> None:
            try:
                await self._worker.run(lambda _: job())
            except Exception as error:  # whatever is wrong with it, it is only the memory
                self._record_failure(error)

        task = asyncio.ensure_future(run())
        self._pending.add(task)
        task.add_done_callback(self._pending.discard)

    def _record_failure(self, error: Exception) -> None:
        self.failed = True
        log.error("%s %s", error, getattr(error, "fix", ""))
