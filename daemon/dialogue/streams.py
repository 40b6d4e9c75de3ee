"""What the tasks of a reply share: naming the stage that fails, and queues that end."""

import asyncio
from collections import deque
from collections.abc import AsyncIterable, AsyncIterator, Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

from daemon.errors import DigitalLifeError, StageError, named
from daemon.worker import Cancelled

T = TypeVar("T")


@contextmanager
def stage(name: str) -> Iterator[None]:
    """Name the stage in whatever fails within it."""
    try:
        yield
    except (DigitalLifeError, Cancelled, StopAsyncIteration):
        raise
    except Exception as error:
        raise StageError(name, f"{name}: {named(error)}", said=str(error)) from error


async def from_stage(name: str, items: AsyncIterator[T]) -> AsyncIterator[T]:
    """Iterate ``items``; only their own failures are the stage's."""
    while True:
        try:
            with stage(name):
                item = await anext(items)
        except StopAsyncIteration:
            return
        yield item


async def hand_on(items: AsyncIterable[T], take: Callable[[T], object]) -> None:
    """Have all of ``items`` taken, as they come."""
    async for item in items:
        take(item)


async def uncancelled(work: Coroutine[None, None, T]) -> T:
    """Await ``work``. A cancellation that nobody has asked for is a failure like others.

    Libraries let theirs escape; a task group would take it for an end without a failure.
    """
    try:
        return await work
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        raise StageError("reply", "reply: a part was cancelled") from error


class Channel(Generic[T]):
    """A queue from one task to another that leaves neither waiting for the other for ever.

    Whoever puts closes it in a ``finally``, and whoever takes drops it in one.
    """

    def __init__(self, size: int | None = None) -> None:
        """At most ``size`` items wait, at least one; ``None`` for a queue that takes them all."""
        self._size = size
        self._items: deque[T] = deque()
        self._closed = False
        self._changed = asyncio.Event()

    async def put(self, item: T) -> None:
        """Append an item; waits for room. What nobody takes any more is dropped."""
        while len(self._items) == self._size and not self._closed:
            await self._change()
        if not self._closed:
            self._items.append(item)
            self._changed.set()

    def close(self) -> None:
        """Say that there is no more: who takes comes to an end after what is there."""
        self._closed = True
        self._changed.set()

    def drop(self) -> None:
        """Say that nobody takes any more: who puts goes on without waiting."""
        self._items.clear()
        self.close()

    async def ready(self) -> None:
        """Wait until there is an item to take, or there will be none."""
        while not self._items and not self._closed:
            await self._change()

    async def __aiter__(self) -> AsyncIterator[T]:
        while True:
            await self.ready()
            if not self._items:
                return
            self._changed.set()
            yield self._items.popleft()

    async def _change(self) -> None:
        self._changed.clear()
        await self._changed.wait()
