"""Commands that end well when somebody has enough: Ctrl+C, or SIGTERM from a program."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

ENDING = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def on_signals(
    act: Callable[[int], object], numbers: tuple[signal.Signals, ...] = ENDING
) -> Iterator[None]:
    """Have ``act`` called with a signal's number when it comes; afterwards all is as it was."""
    before = {number: signal.signal(number, lambda came, _frame: act(came)) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
