"""The parts in use, each on a thread of its own, and how they end."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from itertools import count
from typing import Self, TypeVar

from daemon.extras import is_unloadable, unloadable
from daemon.stages import Part
from daemon.worker import STOP_S, CancelToken, Worker

P = TypeVar("P", bound=Part)


class PartPool:
    """Starts threads and makes parts on them; closes all of it in the reverse order."""

    def __init__(self, progress: Callable[[str], None] = lambda _text: None) -> None:
        """``progress`` is told what is being loaded, or waited for."""
        self.tell = progress
        self._open: dict[int, Part] = {}  # the parts in use, by the order in which they were made
        self._numbers = count()
        self._stack = AsyncExitStack()
        self._workers: list[Worker] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *failure: object) -> None:
        """Close the parts, then all threads at once: together they take no longer than one."""
        with suppress(TimeoutError):
            async with asyncio.timeout(STOP_S):
                await self._stack.aclose()
        await asyncio.gather(*(worker.close() for worker in self._workers))

    def worker(self, name: str) -> Worker:
        """Start a thread that ends with the pool."""
        worker = Worker(name)
        self._workers.append(worker)
        return worker

    def shared_worker(self, name: str) -> Worker:
        """Return the thread of this name; start it if there is none."""
        usual = (worker for worker in self._workers if worker.name == name)
        return next(usual, None) or self.worker(name)

    def on_close_async(self, close: Callable[[], Awaitable[object]]) -> None:
        """Await ``close`` when the pool ends, before what was made earlier."""
        self._stack.push_async_callback(close)

    def on_close(self, callback: Callable[[], None]) -> None:
        """Call ``callback`` when the pool ends, before what was made earlier."""
        self._stack.callback(callback)

    async def make(self, worker: Worker, factory: Callable[[], P]) -> P:
        """Make a part on its thread and warm it up there."""

        def load(_cancel: CancelToken) -> P:
            try:
                part = factory()
            except (ImportError, OSError) as error:
                if is_unloadable(error):
                    raise unloadable(error) from error
                raise
            try:
                part.warm_up()
            except BaseException:
                part.close()
                raise
            return part

        self.tell(worker.name)
        part = await worker.run(load)
        number = next(self._numbers)
        self._open[number] = part
        self._stack.push_async_callback(self._close, worker, number)
        return part

    async def release(self, worker: Worker, part: Part) -> None:
        """Close a part that nobody uses any more, behind whatever its thread is at."""
        for number, open_part in list(self._open.items()):
            if open_part is part:
                await self._close(worker, number)

    async def _close(self, worker: Worker, number: int) -> None:
        part = self._open.pop(number, None)
        if part is None:  # released long ago; nothing here may keep it in memory until the end
            return
        with suppress(TimeoutError):  # but never wait for ever
            async with asyncio.timeout(STOP_S):
                await worker.run(lambda _: part.close())
