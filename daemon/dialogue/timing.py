"""When things happened in one turn, counted from the end of the question's speech."""

import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import ParamSpec, TypeVar

MAX_SPANS = 2000  # pieces of work that one turn remembers: an answer has a few hundred tokens

T = TypeVar("T")
P = ParamSpec("P")


class Timings:
    """The marks of one turn, and how long each stage worked.

    ``clock`` and ``speech_end`` are the event loop's time, which is ``time.monotonic()``. Marks are
    set in the loop's thread; work is measured in the stage's own thread, each stage under its own
    name.
    """

    def __init__(self, clock: Callable[[], float], speech_end: float) -> None:
        self._clock = clock
        self.speech_end = speech_end
        self.marks: dict[str, float] = {}
        """Name → seconds from the end of the question's speech."""
        self.work: dict[str, float] = {}
        """Stage → seconds its thread worked."""
        self.spans: deque[tuple[str, float, float]] = deque(maxlen=MAX_SPANS)
        """Each piece of that work: stage, begin and end."""

    def mark(self, name: str) -> None:
        """Note that ``name`` happens now; only the first time counts."""
        self.marks.setdefault(name, self._clock() - self.speech_end)

    def timed(self, stage: str, fn: Callable[P, T]) -> Callable[P, T]:
        """Wrap a call so that its duration counts as work of ``stage``."""

        def call(*args: P.args, **kwargs: P.kwargs) -> T:
            begin = time.monotonic()
            try:
                return fn(*args, **kwargs)
            finally:
                self.worked(stage, begin, time.monotonic())

        return call

    def timed_iterator(self, stage: str, fn: Callable[P, Iterator[T]]) -> Callable[P, Iterator[T]]:
        """Wrap a generator likewise; the time its consumer takes does not count."""

        def call(*args: P.args, **kwargs: P.kwargs) -> Iterator[T]:
            begin = time.monotonic()
            for item in fn(*args, **kwargs):
                self.worked(stage, begin, time.monotonic())
                yield item
                begin = time.monotonic()
            self.worked(stage, begin, time.monotonic())

        return call

    def worked(self, stage: str, begin: float, end: float) -> None:
        """Note a piece of work."""
        self.work[stage] = self.work.get(stage, 0.0) + end - begin
        self.spans.append((stage, begin, end))
