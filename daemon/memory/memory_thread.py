"""The memory's thread, as the event loop sees it. The file belongs to ``Archive``'s."""

import asyncio
import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from daemon.config import MemorySettings
from daemon.memory.archive import Archive
from daemon.memory.recollection import Encode
from daemon.memory.store import MemoryStore
from daemon.worker import CancelToken, Worker

T = TypeVar("T")
P = ParamSpec("P")

log = logging.getLogger(__name__)


class MemoryThread:
    """The file, on a thread of its own: asked, and closed; see ``ConversationMemory``."""

    def __init__(
        self,
        worker: Worker,
        path: Path,
        settings: MemorySettings,
        clock: Callable[[], float] = time.time,
        encoder: Callable[[], Encode | None] = lambda: None,
    ) -> None:
        """Load with ``encoder`` what tells meanings, on the memory's thread, once it is needed."""
        self.settings = settings
        """May be changed at any time."""
        self.failed = False
        """Whether what was said last could not be kept."""
        self._worker = worker
        self._archive = Archive(path)  # touched by the worker's thread only
        self._clock, self._encoder = clock, encoder
        self._prepared = False
        self._persona = ""
        self._pending: set[asyncio.Task[None]] = set()

    def now(self) -> float:
        """Seconds since 1970."""
        return self._clock()

    async def query(
        self,
        fn: Callable[Concatenate[MemoryStore, P], T],
        nothing: T,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Call ``fn(store, …)`` on the memory's thread; ``nothing`` where nothing was ever kept."""
        await self._flush()
        return await self._run(fn, nothing, *args, **kwargs)

    async def _run(
        self,
        fn: Callable[Concatenate[MemoryStore, P], T],
        nothing: T,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        def call(_cancel: CancelToken) -> T:
            store = self._archive.open(self.settings)
            return nothing if store is None else fn(store, *args, **kwargs)

        return await self._worker.run(call)

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
