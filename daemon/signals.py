"""Runs a coroutine until it ends, or a signal asks it to."""

import asyncio
import os
import signal
from collections.abc import Coroutine
from typing import TypeVar

INTERRUPTED = 130  # what a shell reports after Ctrl+C

T = TypeVar("T")


def run_until_signal(main: Coroutine[None, None, T]) -> T:
    """Run ``main`` to its end.

    SIGINT or SIGTERM cancels it, and ``KeyboardInterrupt`` is raised once it has cleaned up; a
    second signal ends the process.
    """
    signals = 0

    async def guarded() -> T:
        loop, task = asyncio.get_running_loop(), asyncio.ensure_future(main)

        def stop() -> None:
            nonlocal signals
            signals += 1
            if signals > 1:
                os._exit(INTERRUPTED)
            task.cancel()

        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop)
        return await task

    try:
        return asyncio.run(guarded())
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None
