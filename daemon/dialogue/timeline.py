"""When things happened in one turn, counted from the end of the question's speech."""

import time
from collections.abc import Callable, Iterator
from typing import ParamSpec, TypeVar

T = TypeVar("T")
P = ParamSpec("P")


class Timeline:
    """The marks of one turn, and how long each stage worked.

    ``clock`` and ``speech_end`` are the event loop's time. Marks are set in the loop's thread;
    work is measured in the stage's own thread, each stage under its own name.
    """

    def __init__(self, clock: Callable[[], float], speech_end: float) -> None:
        self._clock = clock
        self._speech_end = speech_end
        self.marks: dict[str, float] = {}
        """Name → seconds from the end of the question's speech."""
        self.work: dict[str, float] = {}
        """Stage → seconds its thread worked."""

    def mark(self, name: str) -> None:
        """Note that ``name`` happens now; only the first time counts."""
        self.marks.setdefault(name, self._clock() - self._speech_end)

    def timed(self, stage: str, fn: Callable[P, T]) -> Callable[P, T]:
        """Wrap a call so that its duration counts as work of ``stage``."""

        def call(*args: P.args, **kwargs: P.kwargs) -> T:
            begin = time.perf_counter()
            try:
                return fn(*args, **kwargs)
            finally:
                self._add(stage, time.perf_counter() - begin)

        return call

    def timed_iterator(self, stage: str, fn: Callable[P, Iterator[T]]) -> Callable[P, Iterator[T]]:
        """Wrap a generator likewise; the time its consumer takes does not count."""

        def call(*args: P.args, **kwargs: P.kwargs) -> Iterator[T]:
            begin = time.perf_counter()
            for item in fn(*args, **kwargs):
                self._add(stage, time.perf_counter() - begin)
                yield item
                begin = time.perf_counter()
            self._add(stage, time.perf_counter() - begin)

        return call

    def _add(self, stage: str, seconds: float) -> None:
        self.work[stage] = self.work.get(stage, 0.0) + seconds
