"""When the blocks that a device has taken are heard: the clock of a loudspeaker."""

from typing import Final

from daemon.media import SPEAK_RATE

BLOCKS = 256  # that are remembered: 2.5 s of 10 ms each, more than any device's latency


class BlockTimes:
    """The newest blocks, written by the device's callback and read by anybody.

    Positions are those of the sound that fills the blocks; silence has none, so a block may hold
    fewer samples than it lasts.
    """

    def __init__(self) -> None:
        self._blocks: Final[list[tuple[float, int, int]]] = [(0.0, 0, 0)] * BLOCKS
        self._count = 0

    def forget(self) -> None:
        """Begin anew, with another device."""
        self._count = 0

    def add(self, due: float, start: int, count: int) -> None:
        """Note that ``count`` samples from ``start`` on are heard from ``due`` (seconds) on."""
        self._blocks[self._count % BLOCKS] = (due, start, count)
        self._count += 1

    def heard_at(self, moment: float) -> int | None:
        """Return the position that is heard at a moment; ``None`` before all that is known."""
        newest = self._count
        for number in range(newest - 1, max(-1, newest - 1 - BLOCKS), -1):
            due, start, count = self._blocks[number % BLOCKS]
            if due <= moment:
                return start + min(count, int((moment - due) * SPEAK_RATE))
        return None

    def expected_at(self, moment: float, whole: int) -> int | None:
        """Return likewise what will be heard, also a little after all that is known.

        Where the newest block is full, with ``whole`` samples, sound is taken to go on.
        """
        due, start, count = self._blocks[(self._count - 1) % BLOCKS]
        if self._count and count == whole and due <= moment:
            return start + int((moment - due) * SPEAK_RATE)
        return self.heard_at(moment)
