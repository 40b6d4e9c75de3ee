import asyncio
import gc
import weakref

from daemon.config import load, packaged_config
from daemon.loading import Loader

SETTINGS = load(packaged_config()).settings


class Large:
    """A part that counts how often it is closed."""

    def __init__(self, closed: list[str], name: str) -> None:
        self._closed, self._name = closed, name

    def warm_up(self) -> None:
        pass

    def close(self) -> None:
        self._closed.append(self._name)


def test_parts_close_once_the_last_first() -> None:
    closed: list[str] = []

    async def run() -> None:
        async with Loader(SETTINGS) as loader:
            worker = loader.worker("parts")
            await loader.make(worker, lambda: Large(closed, "a"))
            middle = await loader.make(worker, lambda: Large(closed, "b"))
            await loader.make(worker, lambda: Large(closed, "c"))
            await loader.release(worker, middle)
            await loader.release(worker, middle)
            assert closed == ["b"]

    asyncio.run(run())
    assert closed == ["b", "c", "a"]


def test_a_part_that_was_released_is_forgotten() -> None:
    """A face or voice that was changed for another must not stay in memory."""

    async def run() -> None:
        async with Loader(SETTINGS) as loader:
            worker = loader.worker("parts")
            part = await loader.make(worker, lambda: Large([], "a"))
            seen = weakref.ref(part)
            await loader.release(worker, part)
            del part
            await worker.run(lambda cancel: None)  # a thread may hold its last job's result
            gc.collect()
            assert seen() is None

    asyncio.run(run())
