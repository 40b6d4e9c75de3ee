"""One thread per model, and the only place that knows both threads and asyncio.

A model library is not safe to call from two threads, holds the interpreter for long, and cannot be
cancelled from outside. So each gets one thread that alone touches it, and every job a
``CancelToken`` that the job itself looks at.
"""

import asyncio
import queue
import threading
from collections.abc import AsyncGenerator, Callable, Iterator
from typing import Generic, ParamSpec, TypeVar

T = TypeVar("T")
P = ParamSpec("P")

# A job that has not noticed its cancellation by then is left to die with the process. Parts get as
# long, and then threads, so that both stay within the five seconds of a stop.
STOP_S = 2.0
POLL_INTERVAL_S = 0.1  # how often a producer that waits for room looks at its token


class Cancelled(Exception):
    """Raised inside a job that noticed its token."""


class WorkerClosed(RuntimeError):
    """Raised for a job that comes after the thread's end."""


class CancelToken:
    """Says to one job that nobody wants its result any more. Never reused for another job."""

    __slots__ = ("_event",)

    def __init__(self) -> None:
        self._event = threading.Event()

    def cancel(self) -> None:
        """Set it; there is no way back."""
        self._event.set()

    @property
    def cancelled(self) -> bool:
        """Whether it has been set."""
        return self._event.is_set()

    def check(self) -> None:
        """Raise ``Cancelled`` if it has been set."""
        if self._event.is_set():
            raise Cancelled


class _End(Generic[T]):
    """Closes a stream; carries what ended it."""

    __slots__ = ("error",)

    def __init__(self, error: BaseException | None) -> None:
        self.error = error


class Worker:
    """Runs jobs one after another on one thread of its own.

    ``run`` and ``stream`` belong to the event loop's thread. When the task that awaits a job is
    cancelled, the job's token is set and the task goes on at once; the thread finishes the job in
    its own time, and the next job waits for that.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._jobs: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._tokens: set[CancelToken] = set()
        self._closed = False
        self._thread = threading.Thread(target=self._work, name=f"worker-{name}", daemon=True)
        self._thread.start()

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()

    def _submit(self, job: Callable[[], None]) -> None:
        if self._closed:
            raise WorkerClosed(f"worker {self.name} is closed")
        self._jobs.put(job)

    async def run(self, fn: Callable[..., T], *args: object) -> T:
        """Call ``fn(*args, cancel)`` on the thread and return what it returns."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        cancel = CancelToken()

        def resolve(result: T | None, error: BaseException | None) -> None:
            self._tokens.discard(cancel)
            if future.done():
                return
            if error is not None:
                future.set_exception(error)
            else:
                future.set_result(result)  # type: ignore[arg-type]

        def job() -> None:
            result, error = None, None
            try:
                cancel.check()
                result = fn(*args, cancel)
            except BaseException as raised:  # every failure belongs to whoever awaits
                error = _tellable(raised)
            _call_in(loop, resolve, result, error)

        self._tokens.add(cancel)
        self._submit(job)
        try:
            return await future
        except asyncio.CancelledError:
            cancel.cancel()
            raise

    async def stream(
        self, make_iterator: Callable[..., Iterator[T]], *args: object, depth: int = 2
    ) -> AsyncGenerator[T, None]:
        """Iterate ``make_iterator(*args, cancel)`` on the thread, at most ``depth`` items ahead.

        Close it (``contextlib.aclosing``) when leaving early, so that the producer is released.
        """
        loop = asyncio.get_running_loop()
        items: asyncio.Queue[T | _End[T]] = asyncio.Queue()
        free = threading.Semaphore(depth)
        cancel = CancelToken()

        def job() -> None:
            error: BaseException | None = None
            try:
                cancel.check()
                for item in make_iterator(*args, cancel):
                    while not free.acquire(timeout=POLL_INTERVAL_S):
                        cancel.check()
                    cancel.check()
                    _call_in(loop, items.put_nowait, item)
            except BaseException as raised:  # every failure belongs to whoever iterates
                error = _tellable(raised)
            _call_in(loop, self._tokens.discard, cancel)
            _call_in(loop, items.put_nowait, _End[T](error))

        self._tokens.add(cancel)
        self._submit(job)
        try:
            while not isinstance(item := await items.get(), _End):
                free.release()
                yield item
            if item.error is not None:
                raise item.error
        finally:
            cancel.cancel()
            free.release()

    async def close(self) -> bool:
        """Cancel what runs and end the thread; False if it did not end within ``STOP_S``."""
        if self._closed:
            return not self._thread.is_alive()
        self._closed = True
        for token in list(self._tokens):
            token.cancel()
        loop, ended = asyncio.get_running_loop(), asyncio.Event()
        self._jobs.put(lambda: _call_in(loop, ended.set))
        self._jobs.put(None)
        try:
            async with asyncio.timeout(STOP_S):
                await ended.wait()
        except TimeoutError:
            return False
        self._thread.join(POLL_INTERVAL_S)  # its last job is done: this only waits for the return
        return True


def _tellable(error: BaseException) -> Exception:
    """Return what a job raised as a failure that another task can be told of.

    In there an exit would end the program, a cancellation look like its own, and a future takes no
    ``StopIteration`` at all.
    """
    if isinstance(error, Exception) and not isinstance(error, StopIteration | StopAsyncIteration):
        return error
    told = RuntimeError(f"{type(error).__name__}: {error}")
    told.__cause__ = error
    return told


def _call_in(
    loop: asyncio.AbstractEventLoop, fn: Callable[P, object], *args: P.args, **kwargs: P.kwargs
) -> None:
    """Call ``fn`` in the loop's thread; a loop that has gone has nobody left to tell."""
    try:
        loop.call_soon_threadsafe(lambda: fn(*args, **kwargs))
    except RuntimeError:
        if not loop.is_closed():
            raise
