"""Waiting for an event: as long as a slow or busy machine needs, but not for ever."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

PATIENCE_S = 300.0  # after which something does not happen at all


def wait_until(
    happened: Callable[[], object], complaint: object = "", patience_s: float = PATIENCE_S
) -> None:
    """Look every 20 ms; ``complaint`` is told when it has not happened in time."""
    deadline = time.monotonic() + patience_s
    while not happened():
        told = complaint() if callable(complaint) else complaint
        assert time.monotonic() < deadline, told or "it did not happen"
        time.sleep(0.02)


def has_ended(process: int) -> bool:
    """Whether a process is gone, or only waits for somebody to take notice of its end."""
    try:
        state = Path(f"/proc/{process}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return True
    return state.rpartition(")")[2].split()[0] in "ZX"


async def soon(happened: Callable[[], object]) -> None:
    """The same in an event loop."""
    async with asyncio.timeout(PATIENCE_S):
        while not happened():  # noqa: ASYNC110 (what is waited for tells nobody)
            await asyncio.sleep(0.01)
