"""Where speech is heard, and the clock that everything else follows.

A player counts the samples of the current reply. ``audible()`` is the sample that the person hears
at this moment; the face is drawn for that sample and the history keeps what lies before it.
"""

import asyncio
from typing import Protocol

from daemon.media import Samples

POLL_S = 0.01  # an audio callback must not wake the event loop (that takes a lock): the loop looks


class Player(Protocol):
    """Where speech is heard. All methods belong to the event loop's thread."""

    async def begin(self) -> None:
        """Start a reply: the reply clock is at zero, nothing waits, nothing is held."""

    async def play(self, samples: Samples) -> None:
        """Append speech (``SPEAK_RATE``); waits while the buffer is full."""

    def audible(self) -> int:
        """Tell the sample of the reply that is heard now. Goes back at ``resume`` only."""

    def pause(self) -> None:
        """Fall silent now and keep the rest."""

    def resume(self) -> None:
        """Go on after ``pause``, a little earlier, so that what was cut is heard whole."""

    def flush(self) -> int:
        """Fall silent now and drop the rest; tell the sample that was heard last."""

    async def close(self) -> None:
        """Free the device."""


async def wait_until_heard(player: Player, position: int) -> None:
    """Wait until ``position`` on the reply clock has been heard."""
    while player.audible() < position:  # noqa: ASYNC110 (see POLL_S)
        await asyncio.sleep(POLL_S)


class MemoryPlayer:
    """A player without a device, for answers into a file: what is played has been heard."""

    def __init__(self) -> None:
        self.pieces: list[Samples] = []
        self._length = 0

    async def begin(self) -> None:
        """Forget the reply before."""
        self.pieces.clear()
        self._length = 0

    async def play(self, samples: Samples) -> None:
        """Keep the samples."""
        self.pieces.append(samples)
        self._length += len(samples)

    def audible(self) -> int:
        """Tell the number of samples so far."""
        return self._length

    def pause(self) -> None:
        """Nobody listens to a file yet."""

    def resume(self) -> None:
        """Nobody listens to a file yet."""

    def flush(self) -> int:
        """Tell the number of samples so far."""
        return self._length

    async def close(self) -> None:
        """Nothing is held."""
