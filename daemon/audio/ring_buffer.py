"""Sound between PortAudio's threads and ours, and the moment at which it was at the device."""

import statistics
import threading
from typing import Final

import numpy as np

from daemon.media import Samples

HISTORY = 512  # blocks whose moments are kept: more than any ring's sound
# Blocks whose moments are compared: enough that one that tells a wrong moment does not count, few
# enough that what a device does after a gap counts at once.
NEIGHBOURS = 15
# A clock that is set back is followed this fast: seconds in a block.
CREEP_S = 0.0001


class HostClock:
    """PortAudio's clock, told in ``time.monotonic()``; for one callback.

    Python's side of a callback may have to wait for the interpreter, and then looks at the time too
    late, never too early. So the promptest look counts.
    """

    def __init__(self) -> None:
        self._ahead = float("inf")

    def moment(self, told: float, current: float, now: float) -> float:
        """Translate ``told``; ``current`` is PortAudio's time of the call, ``now`` is ours."""
        self._ahead = min(now - current, self._ahead + CREEP_S)
        return told + self._ahead


class RingBuffer:
    """One thread writes and one reads; neither ever waits for the other.

    The writer alone moves ``_written`` and the reader alone ``_read``. The lock is no lock but a
    doorbell: only the reader takes it, only the writer frees it, and freeing never waits.
    """

    def __init__(self, rate: int, capacity: int, guard: int) -> None:
        """Room for ``capacity`` samples, of which the oldest ``guard`` are not read.

        ``rate`` is in samples per second.
        """
        self.rate: Final = rate
        self.lost = 0
        """Samples that were overwritten before they were read."""
        self._samples: Final = np.zeros(capacity, np.float32)
        self._readable: Final = capacity - guard
        self._written = 0
        self._read = 0
        self._begins: Final = np.zeros(HISTORY)  # when sample 0 was at the device, as blocks tell
        self._block = 1  # samples written at a time
        self._oldest = 0  # number of the first block that counts
        self._data_written: Final = threading.Lock()
        self._data_written.acquire()

    @property
    def written(self) -> int:
        """The number of samples so far."""
        return self._written

    def write(self, samples: Samples, moment: float) -> None:
        """Copy ``samples`` (at most the guard, always as many) in, over the oldest.

        ``moment`` is the ``time.monotonic()`` at which the first was, or will be, at the device.
        """
        start = self._written % len(self._samples)
        first = min(len(samples), len(self._samples) - start)
        self._samples[start : start + first] = samples[:first]
        self._samples[: len(samples) - first] = samples[first:]
        self._block = len(samples)
        number = self._written // self._block
        self._begins[number % HISTORY] = moment - self._written / self.rate
        self._written += len(samples)
        if self._data_written.locked():
            self._data_written.release()

    def read(self, timeout_s: float) -> Samples:
        """Return a copy of all that is new; waits for something, empty after ``timeout_s``."""
        self._data_written.acquire(timeout=timeout_s)
        written = self._written
        first = max(self._read, written - self._readable)
        samples = self._samples[np.arange(first, written) % len(self._samples)]
        # The writer may have lapped a reader that was held up while it copied.
        whole = min(max(first, self._written - self._readable), written)
        self.lost += whole - self._read
        self._read = written
        return samples[whole - first :]

    def excerpt(self, start: int, length: int) -> Samples:
        """Return ``length`` samples from number ``start`` on, whether read or not.

        What has been overwritten, or is not there yet, is silence.
        """
        written = self._written
        first = max(start, written - self._readable, 0)
        last = min(start + length, written)
        samples = np.zeros(length, np.float32)
        if first < last:
            places = np.arange(first, last) % len(self._samples)
            samples[first - start : last - start] = self._samples[places]
            lapped = min(max(first, self._written - self._readable), last)
            samples[first - start : lapped - start] = 0
        return samples

    def begin(self, position: int) -> float | None:
        """Return when sample 0 would have been at the device, by the clock around ``position``.

        In ``time.monotonic()``; ``None`` if unknown. It is the median of what the blocks around
        tell: single moments are off by milliseconds. A device that leaves a gap has begun later.
        """
        newest = self._written // self._block
        first = position // self._block - NEIGHBOURS // 2
        first = max(self._oldest, newest - HISTORY + 1, min(first, newest - NEIGHBOURS))
        numbers = np.arange(first, min(first + NEIGHBOURS, newest))
        moments = self._begins[numbers % HISTORY].tolist()
        return statistics.median(moments) if moments else None  # numpy's takes ten times as long

    @property
    def first(self) -> int:
        """The first sample whose moment counts: the present device's."""
        return self._oldest * self._block

    def forget_moments(self) -> None:
        """Begin anew with the moments: another device writes from now on."""
        self._oldest = self._written // self._block
