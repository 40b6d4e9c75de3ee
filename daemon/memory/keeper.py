"""The memory of a running daemon: keeps what was heard, on a thread of its own.

Belongs to the event loop's thread; the file belongs to the worker's. The conversation never waits
for the disk, and goes on without a memory when that fails.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from daemon.config import MemorySettings
from daemon.memory.entries import Said
from daemon.memory.file import DamagedError, erase
from daemon.memory.recall import CONVERSATIONS, FACTS, Recallable, fact_in
from daemon.memory.segments import indexed
from daemon.memory.store import MemoryStore
from daemon.worker import CancelToken, Worker

WAITING = 64  # turns that may wait for the disk; of those beyond, the log says that they are lost

T = TypeVar("T")
P = ParamSpec("P")

log = logging.getLogger(__name__)


class Keeper:
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
        self._path = path
        self._clock = clock
        self._store: MemoryStore | None = None  # touched by the worker's thread only
        self._conversation: int | None = None  # likewise
        self._persona = ""
        self._writing: set[asyncio.Task[None]] = set()

    def now(self) -> float:
        """Seconds since 1970."""
        return self._clock()

    def begin(self, persona: str) -> None:
        """Begin a conversation, which is kept from its first turn on; ``persona`` answers."""
        self._persona = persona
        self._schedule(self._begin)

    def keep(self, question: str, answer: str) -> None:
        """Keep a turn, if that is wanted; does not wait for it."""
        if not self.settings.keep:
            return
        if len(self._writing) >= WAITING:
            log.error("the disk is too slow: a turn is not kept")
            self.failed = True
            return
        said = Said(question, answer, self._clock(), fact_in(question))
        persona = self._persona
        self._schedule(lambda: self._add(said, persona))

    async def recallable(self) -> Recallable:
        """Return what the next conversation may recall; nothing while nothing is to be kept."""
        if not self.settings.keep:
            return Recallable()
        try:
            return await self.look(self._recallable, Recallable())
        except Exception as error:  # whatever is wrong with it, it is only the memory
            self._note(error)
            return Recallable()

    async def look(
        self,
        fn: Callable[Concatenate[MemoryStore, P], T],
        nothing: T,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Call ``fn(store, …)`` on the memory's thread; ``nothing`` where nothing was ever kept."""

        def call(cancel: CancelToken) -> T:
            store = self._open()
            return nothing if store is None else fn(store, *args, **kwargs)

        await self._written()
        return await self._worker.run(call)

    async def expire(self) -> int:
        """Forget what is older than is wanted; return how many conversations that were."""
        days = self.settings.days
        try:
            return await self.look(MemoryStore.enforce, 0, self._clock(), days) if days else 0
        except Exception as error:  # whatever is wrong with it, it is only the memory
            self._note(error)
            return 0

    async def forget_all(self) -> None:
        """Forget everything, even if the file is damaged."""
        await self._written()
        await self._worker.run(self._forget_all)

    def _forget_all(self, cancel: CancelToken) -> None:
        try:
            if (store := self._open()) is not None:
                store.forget_all()
        except DamagedError:
            if self._store is not None:
                self._store.close()
                self._store = None
            erase(self._path)

    async def is_current(self, conversation: int) -> bool:
        """Whether this is the conversation under way."""
        return await self._worker.run(lambda _: self._conversation == conversation)

    async def close(self) -> None:
        """Wait for what is being kept, then close the file."""
        await self._written()
        await self._worker.run(lambda _: self._store.close() if self._store else None)

    async def _written(self) -> None:
        if self._writing:
            await asyncio.wait(set(self._writing))

    def _schedule(self, job: Callable[[], None]) -> None:
        async def run() -> None:
            try:
                await self._worker.run(lambda _: job())
            except Exception as error:  # whatever is wrong with it, it is only the memory
                self._note(error)

        task = asyncio.ensure_future(run())
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)

    def _note(self, error: Exception) -> None:
        self.failed = True
        log.error("%s %s", error, getattr(error, "fix", ""))

    def _open(self) -> MemoryStore | None:
        """Return the store; ``None`` where there is no file and none is to be made."""
        if self._store is None and (self.settings.keep or self._path.exists()):
            indexed("")  # its dictionaries are read now, not while somebody waits for a search
            self._store = MemoryStore(self._path)
        return self._store

    def _begin(self) -> None:
        self._conversation = None
        store = self._open()  # whatever is set: something may have been left to be wiped
        if store is not None and self.settings.days:
            store.enforce(self._clock(), self.settings.days)

    def _add(self, said: Said, persona: str) -> None:
        store = self._open()
        if store is None:
            return
        if self.settings.days:
            store.believes(said.at, self.settings.days)
        if self._conversation is not None and not store.has(self._conversation):
            self._conversation = None  # it was forgotten meanwhile
        self._conversation = store.add(said, self._conversation, persona)
        self.failed = False

    def _recallable(self, store: MemoryStore) -> Recallable:
        talks = store.conversations(CONVERSATIONS + 1)
        earlier = [talk for talk in talks if talk.id != self._conversation][:CONVERSATIONS]
        return Recallable(
            tuple(reversed(store.facts()[-FACTS:])),
            tuple(tuple(store.turns(talk.id)) for talk in earlier),
        )
