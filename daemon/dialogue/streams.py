"""What the tasks of a reply share: naming the stage that fails, and queues that end."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import TypeVar

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


async def items_of(queue: "asyncio.Queue[T | None]") -> AsyncIterator[T]:
    """Iterate a queue until its ``None``."""
    while (item := await queue.get()) is not None:
        yield item
