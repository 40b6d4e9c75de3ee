import asyncio
import threading
from collections.abc import Iterator
from contextlib import aclosing

import pytest

from daemon.worker import Cancelled, CancelToken, Worker
from tests.virtual_time import run


def test_a_job_runs_on_the_workers_own_thread() -> None:
    async def main() -> None:
        worker = Worker("x")
        names = [await worker.run(lambda _: threading.current_thread().name) for _ in range(2)]
        assert names == ["worker-x"] * 2
        assert await worker.close()

    run(main())


def test_a_jobs_error_reaches_whoever_awaits_and_the_worker_lives_on() -> None:
    def fail(cancel: CancelToken) -> int:
        raise ValueError("broken")

    async def main() -> None:
        worker = Worker("x")
        with pytest.raises(ValueError, match="broken"):
            await worker.run(fail)
        assert await worker.run(lambda _: 5) == 5
        await worker.close()

    run(main())


@pytest.mark.parametrize(
    "error", [StopIteration, SystemExit, KeyboardInterrupt, asyncio.CancelledError]
)
def test_no_error_is_taken_for_anything_else(error: type[BaseException]) -> None:
    def fail(cancel: CancelToken) -> int:
        raise error("broken")

    def fail_later(cancel: CancelToken) -> Iterator[int]:
        yield 1
        fail(cancel)

    async def main() -> None:
        worker = Worker("x")
        with pytest.raises(RuntimeError):
            await asyncio.wait_for(worker.run(fail), 60)
        with pytest.raises(RuntimeError):
            async with aclosing(worker.stream(fail_later)) as items:
                async for item in items:
                    assert item == 1
        assert await worker.run(lambda _: 5) == 5
        await worker.close()

    run(main())


def test_cancelling_goes_on_at_once_and_sets_the_token() -> None:
    started, noticed = threading.Event(), threading.Event()

    def job(cancel: CancelToken) -> None:
        started.set()
        while not cancel.cancelled:
            pass
        noticed.set()

    async def main() -> None:
        worker = Worker("x")
        task = asyncio.create_task(worker.run(job))
        assert await asyncio.to_thread(started.wait, 300)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await worker.run(lambda _: noticed.is_set()), "the next job waits for this one"
        await worker.close()

    run(main())


def test_a_job_cancelled_before_it_began_never_runs() -> None:
    ran = threading.Event()
    hold = threading.Event()

    async def main() -> None:
        worker = Worker("x")
        first = asyncio.create_task(worker.run(lambda _: hold.wait(300)))
        second = asyncio.create_task(worker.run(lambda _: ran.set()))
        await asyncio.sleep(0)
        second.cancel()
        await asyncio.sleep(0)
        hold.set()
        await first
        await worker.close()

    run(main())
    assert not ran.is_set()


def test_a_stream_keeps_order_and_stays_within_its_depth() -> None:
    made: list[int] = []

    def count(cancel: CancelToken) -> Iterator[int]:
        for number in range(10):
            made.append(number)
            yield number

    async def main() -> None:
        worker = Worker("x")
        taken = []
        async for number in worker.stream(count, depth=2):
            await asyncio.sleep(0.002)
            assert len(made) <= number + 1 + 2 + 1, "one in hand, two waiting, one being made"
            taken.append(number)
        assert taken == list(range(10))
        await worker.close()

    run(main())


def test_leaving_a_stream_early_releases_its_producer() -> None:
    closed = threading.Event()

    def endless(cancel: CancelToken) -> Iterator[int]:
        try:
            number = 0
            while True:
                yield (number := number + 1)
        finally:
            closed.set()

    async def main() -> None:
        worker = Worker("x")
        async with aclosing(worker.stream(endless, depth=1)) as numbers:
            async for _ in numbers:
                break
        assert await worker.run(lambda _: closed.is_set())
        await worker.close()

    run(main())


def test_an_error_in_a_stream_comes_after_what_was_made_before_it() -> None:
    def two(cancel: CancelToken) -> Iterator[int]:
        yield 1
        yield 2
        raise ValueError("broken")

    async def main() -> None:
        worker, taken = Worker("x"), []
        with pytest.raises(ValueError, match="broken"):
            async for number in worker.stream(two):
                taken.append(number)
        assert taken == [1, 2]
        await worker.close()

    run(main())


def test_closing_ends_a_producer_that_waits_for_room() -> None:
    def endless(cancel: CancelToken) -> Iterator[int]:
        while True:
            yield 0

    async def main() -> None:
        worker = Worker("x")
        numbers = worker.stream(endless, depth=1)
        await anext(numbers)
        assert await worker.close(), "the thread ended"
        with pytest.raises(Cancelled):
            while True:
                await anext(numbers)

    run(main())


def test_a_closed_worker_takes_no_more_jobs() -> None:
    async def main() -> None:
        worker = Worker("x")
        await worker.close()
        with pytest.raises(RuntimeError, match="closed"):
            await worker.run(lambda _: None)
        assert await worker.close(), "closing twice is harmless"

    run(main())
