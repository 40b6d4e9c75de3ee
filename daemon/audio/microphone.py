"""The microphone as a source of sound."""

import math
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import soxr

from daemon.audio.devices import StreamTimes, find_input, sounddevice
from daemon.audio.echo_cancellation import EchoCanceller
from daemon.audio.ring_buffer import HostClock, RingBuffer
from daemon.audio.stuck_stream import closing_stuck_stream
from daemon.errors import DeviceError
from daemon.i18n import tr
from daemon.media import LISTEN_RATE, Samples
from daemon.worker import CancelToken

if TYPE_CHECKING:
    from sounddevice import CallbackFlags, InputStream

BLOCK_S = 0.02  # a whole number of the canceller's frames; smaller would only wake us oftener
RING_S = 2.0  # sound that may wait to be read; what is older is lost
GUARD_S = 0.2  # of the ring is never read: the callback may be overwriting it
POLL_INTERVAL_S = 0.1  # how often a reader without sound looks at its token
# While nothing is going on, sound is let gather for so long: each reading costs as much as the work
# on a few blocks. A beginning may be noticed this late; the end, which is waited for, never is.
GATHER_S = 0.1


@dataclass(slots=True)
class _Line:
    """An open device, and what became of its sound so far."""

    stream: "InputStream"
    ring: RingBuffer
    resampler: soxr.ResampleStream | None
    delivered: int = 0  # samples at LISTEN_RATE

    def read(self, timeout_s: float) -> tuple[Samples, float]:
        """Return new sound (``LISTEN_RATE``) and the moment of its first sample."""
        samples = self.ring.read(timeout_s)
        if self.resampler is not None:
            samples = np.asarray(self.resampler.resample_chunk(samples), np.float32)
        position_s = self.delivered / LISTEN_RATE + self.ring.lost / self.ring.rate
        moment = (self.ring.begin(round(position_s * self.ring.rate)) or 0.0) + position_s
        self.delivered += len(samples)
        return samples, moment


class Microphone:
    """An ``AudioSource``: an input stream of sounddevice, mono, resampled to ``LISTEN_RATE``.

    One thread opens and closes it, another reads. While it is closed it hears silence, so that
    a turn under way comes to its end.
    """

    def __init__(self, device: str, echo: EchoCanceller | None = None) -> None:
        """``device`` is a part of a device's name, ``""`` the default.

        ``echo`` belongs to the thread that reads.
        """
        self.name = ""
        """The device's own name, once it has been open."""
        self.level = 0.0
        """How loud what was read last was: RMS, 0 to 1."""
        self.tap: Callable[[Samples, float], None] | None = None
        """Told all that is read, and the ``time.monotonic()`` at which it began; the reader's."""
        self._device = device
        self._echo = echo
        self._line: _Line | None = None
        self._overflows = 0
        self._lost = 0
        self._called = 0.0
        self._thread = 0  # PortAudio's

    @property
    def overflows(self) -> int:
        """Samples lost because nobody read in time, and blocks lost before they reached us."""
        line = self._line
        return self._lost + self._overflows + (line.ring.lost if line else 0)

    @property
    def called(self) -> float:
        """The ``time.monotonic()`` at which the device last delivered sound, or was opened."""
        return self._called

    def open(self) -> None:
        """Begin to listen.

        Raises ``DeviceError`` when there is no such device, more than one, or it cannot be opened.
        """
        sd, index = sounddevice(), find_input(self._device)
        device = sd.query_devices(index)
        native, channels = round(device["default_samplerate"]), device["max_input_channels"]
        reason: Exception | None = None
        for rate, count in ((LISTEN_RATE, 1), (native, 1), (native, channels)):
            try:
                self._line = self._open(index, rate, count)
                self.name = str(device["name"])
                return
            except sd.PortAudioError as error:
                reason = error
        raise DeviceError(
            tr("The microphone cannot be opened: {reason}").format(reason=reason),
            fix="digital-life devices",
        ) from reason

    def _open(self, index: int, rate: int, channels: int) -> _Line:
        """Open the stream as we want it, or else as the device does it."""
        ring, clock = RingBuffer(rate, int(RING_S * rate), int(GUARD_S * rate)), HostClock()

        def callback(
            sound: Samples, frames: int, times: StreamTimes, status: "CallbackFlags"
        ) -> None:
            """Take one block from PortAudio's thread: copying, and nothing that could wait."""
            self._called = now = time.monotonic()
            self._thread = threading.get_ident()
            if status.input_overflow:
                self._overflows += 1
            begin = now - frames / rate
            if times.inputBufferAdcTime:  # a host that tells no times tells 0
                begin = clock.moment(times.inputBufferAdcTime, times.currentTime, now)
            ring.write(sound[:, 0], begin)

        stream = sounddevice().InputStream(
            device=index,
            samplerate=rate,
            channels=channels,
            blocksize=round(rate * BLOCK_S),
            dtype="float32",
            callback=callback,
        )
        try:
            self._called = time.monotonic()
            stream.start()
        except BaseException:
            stream.close(ignore_errors=True)
            raise
        resampler = soxr.ResampleStream(rate, LISTEN_RATE, 1, "float32")
        return _Line(stream, ring, None if rate == LISTEN_RATE else resampler)

    def chunks(
        self, cancel: CancelToken, unhurried: Callable[[], bool] = lambda: False
    ) -> Iterator[Samples]:
        """Yield sound as it comes, until ``cancel``; silence while the device is gone.

        While ``unhurried`` it is let gather for ``GATHER_S``.
        """
        self.read(0)  # what was said before anybody listened; none of it is missed
        self._lost -= self.overflows
        while not cancel.cancelled:
            if self._line is not None and unhurried():
                time.sleep(GATHER_S)
            samples = self.read(POLL_INTERVAL_S)
            if len(samples):
                yield samples

    def read(self, timeout_s: float) -> Samples:
        """Return all sound that has come since the last call (``LISTEN_RATE``), maybe none."""
        line = self._line
        if line is None:
            self.level = 0.0
            time.sleep(timeout_s)
            return np.zeros(round(timeout_s * LISTEN_RATE), np.float32)
        samples, moment = line.read(timeout_s)
        if self._echo is not None:
            samples = self._echo.clean(samples, moment)
        if len(samples):
            self.level = math.sqrt(float(np.dot(samples, samples)) / len(samples))
            if (tap := self.tap) is not None:
                tap(samples, moment)
        return samples

    def close(self) -> None:
        """Stop listening and free the device."""
        line, self._line = self._line, None
        if line is not None:
            self._lost += line.ring.lost
            with closing_stuck_stream(self._thread):
                line.stream.close(ignore_errors=True)
            self._thread = 0
