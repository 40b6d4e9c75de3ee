"""The loudspeaker: a device's stream, fed from a ring, and the clock of what is heard of it."""

import asyncio
import contextlib
import threading
import time
from typing import TYPE_CHECKING, Final

import numpy as np

from daemon.audio.block_times import BlockTimes
from daemon.audio.chime import Overlay
from daemon.audio.device_rest import DeviceRest
from daemon.audio.devices import StreamTimes, find_output, sounddevice
from daemon.audio.player import POLL_S
from daemon.audio.ring_buffer import HostClock, RingBuffer
from daemon.audio.stuck_stream import closing_stuck_stream
from daemon.errors import DeviceError
from daemon.i18n import tr
from daemon.media import SPEAK_RATE, Samples
from daemon.processor_load import PROCESSORS, UNNOTICED

if TYPE_CHECKING:
    from sounddevice import OutputStream

BLOCK = 480  # samples: 10 ms; the host's own choice can be 2 ms, and a callback costs 30 µs
LATENCY_S = 0.03  # asked of the host: Python may be late by a few blocks without a gap
# Likewise where other programs take a processor: whichever thread runs Python may have to wait for
# it, and the callback for that thread, whatever its own priority. Answers are heard later by that.
BUSY_LATENCY_S = 0.1
BUFFER_S = 2.0  # speech that may wait to be heard; more would only make interrupting costly
REWIND_S = 0.3  # a held reply goes on this much earlier: about a word, so that none is cut in two
FADE_S = 0.005  # cut speech fades over this, or it would click
PLAYED_S = 4.0  # of what was played is kept for the echo canceller: the microphone may be 2 s late

FADE: Final = np.linspace(1, 0, int(FADE_S * SPEAK_RATE), dtype=np.float32)
REWIND: Final = int(REWIND_S * SPEAK_RATE)


class Loudspeaker:
    """A sounddevice output stream, fed from a ring of ``BUFFER_S``; silence between replies.

    The callback runs in PortAudio's thread and shares only numbers, flags and two arrays with the
    event loop: the loop alone moves ``_written``, the callback alone moves ``_read``. ``pause``,
    ``resume`` and ``flush`` are wishes that the callback fulfils within one block. ``open`` and
    ``stop_device`` may be called from a third thread; while the device is shut a reply waits.

    Between conversations whoever owns the device (``AudioDevices``) lets it ``rest``, shut.
    """

    def __init__(self, device: str) -> None:
        """``device`` is a part of a device's name, ``""`` the default."""
        self.rest: Final = DeviceRest()
        """Whether the device is shut because there is nothing to hear."""
        self.played: Final = RingBuffer(SPEAK_RATE, int(PLAYED_S * SPEAK_RATE), SPEAK_RATE)
        """All that leaves the loudspeaker, silence and chimes too, with its moments."""
        self.overlay: Final = Overlay(self.rest.wake)
        """What sounds over replies and silence alike, without moving the reply's clock."""
        self.name = ""
        """The device's own name, once it has been open."""
        self.asked_s = LATENCY_S
        """The latency that was asked of the device when it was last opened."""
        self._device = device
        self._ring: Final = np.zeros(int(BUFFER_S * SPEAK_RATE) + REWIND, np.float32)
        self._written = 0
        self._read = 0
        self._base = 0  # the position at which the current reply began
        self._end = 0  # one past the last sample handed to the device
        self._heard = 0  # the last position that audible() knew
        self._flushing = threading.Event()
        self._pausing = False  # the loop's wish
        self._silenced = False  # the callback has fulfilled it
        self._times: Final = BlockTimes()
        self._called = 0.0
        self._thread = 0  # PortAudio's
        self._latency = 0.0
        self._clock = HostClock()
        self._stream: OutputStream | None = None

    @property
    def called(self) -> float:
        """The ``time.monotonic()`` at which the device last took sound, or was opened.

        Now, while it rests: then nothing is wrong with it.
        """
        return time.monotonic() if self.rest.active else self._called

    @property
    def busy(self) -> bool:
        """Whether something waits to be heard, or to be dropped."""
        return self._read != self._written or self._flushing.is_set() or self.overlay.sounds

    def open(self) -> None:
        """Open the device; ``DeviceError`` when there is none, or it cannot be opened."""
        sd = sounddevice()
        self.asked_s = latency_s()
        try:
            index = find_output(self._device)
            self.name = str(sd.query_devices(index)["name"])
            stream = sd.OutputStream(
                samplerate=SPEAK_RATE,
                device=index,
                channels=1,
                dtype="float32",
                blocksize=BLOCK,
                latency=self.asked_s,
                callback=self._callback,
            )
            self._latency = float(stream.latency)
            self._times.forget()
            self._drop_if_asked()
            self._clock = HostClock()
            self.played.forget_moments()
            self._called = time.monotonic()
            self._stream, self.rest.active = stream, False
            stream.start()
        except sd.PortAudioError as error:
            self.stop_device()
            raise DeviceError(
                tr("The loudspeaker cannot be opened: {reason}").format(reason=error),
                "digital-life devices",
            ) from None

    def stop_device(self) -> None:
        """Stop at once and free the device; what waits to be heard goes on waiting."""
        stream, self._stream = self._stream, None
        if stream is not None:
            with contextlib.suppress(Exception), closing_stuck_stream(self._thread):
                stream.abort(ignore_errors=True)
                stream.close(ignore_errors=True)
            self._thread = 0
        self._drop_if_asked()

    def _drop_if_asked(self) -> None:
        """Fulfil a flush while no callback runs."""
        if self._flushing.is_set():
            self._read = self._written
            self._silenced = False
            self._flushing.clear()

    def _callback(self, out: Samples, frames: int, times: StreamTimes, status: object) -> None:
        """Copy the next ``frames`` samples out. PortAudio's thread: no waiting, no logging."""
        self._called = now = time.monotonic()
        self._thread = threading.get_ident()
        mono = out[:, 0]
        pausing = self._pausing  # before flushing: flush() ends a pause, in the other order
        flushing = self._flushing.is_set()
        resuming = self._silenced and not pausing and not flushing
        if resuming:
            self._read = max(self._base, self._read - REWIND)
        read, written = self._read, self._written
        count = min(frames, written - read)
        if self._silenced and not resuming:
            count = 0
        elif flushing or pausing:
            count = min(count, len(FADE))
        begin = read % len(self._ring)
        first = min(count, len(self._ring) - begin)
        mono[:first] = self._ring[begin : begin + first]
        mono[first:count] = self._ring[: count - first]
        mono[count:] = 0
        if flushing or pausing:
            mono[:count] *= FADE[:count]
        elif resuming:
            faded = min(count, len(FADE))
            mono[:faded] *= FADE[::-1][:faded]
        due = now + self._latency
        if times.outputBufferDacTime > times.currentTime:  # a host that tells no times tells 0
            due = self._clock.moment(times.outputBufferDacTime, times.currentTime, now)
        if count:
            self._end = read + count
        self._times.add(due, self._end - count, count)
        self.overlay.mix(mono)
        self.played.write(mono, due)
        self._silenced = pausing
        self._read = written if flushing else read + count
        if flushing:
            self._flushing.clear()

    async def begin(self) -> None:
        """Start a reply at the place where the ring is; an unfinished flush is waited for."""
        self.rest.wake()
        for _ in range(int(1 / POLL_S)):
            if not self._flushing.is_set():
                break
            await asyncio.sleep(POLL_S)
        self._base = self._heard = self._written
        self._pausing = False

    async def play(self, samples: Samples) -> None:
        """Append speech in pieces as the ring has room."""
        done = 0
        while done < len(samples):
            free = len(self._ring) - REWIND - (self._written - self._read)
            if free <= 0 or self._flushing.is_set():
                await asyncio.sleep(POLL_S)
                continue
            piece = samples[done : done + free]
            begin = self._written % len(self._ring)
            first = min(len(piece), len(self._ring) - begin)
            self._ring[begin : begin + first] = piece[:first]
            self._ring[: len(piece) - first] = piece[first:]
            self._written += len(piece)
            done += len(piece)

    def audible(self) -> int:
        """Tell the sample leaving the loudspeaker now, from the blocks' times at the DAC."""
        heard = self._times.heard_at(time.monotonic())
        self._heard = self._heard if heard is None else heard
        return max(0, self._heard - self._base)

    def audible_in(self, seconds: float) -> int:
        """Tell the sample that will leave the loudspeaker in so many seconds.

        Of what the device has got already, that is known; if it is all speech, more will follow.
        """
        heard = self._times.expected_at(time.monotonic() + seconds, whole=BLOCK)
        return max(0, (self._heard if heard is None else heard) - self._base)

    def pause(self) -> None:
        """Ask the callback to fade out and stay where it is."""
        self._pausing = True

    def resume(self) -> None:
        """Ask the callback to go back ``REWIND_S`` and fade in."""
        self._pausing = False

    def flush(self) -> int:
        """Ask the callback to fade out and drop the rest.

        What the device has already got will be heard, so that counts as heard.
        """
        last = self._read if self._silenced else min(self._read + len(FADE), self._written)
        self._flushing.set()
        self._pausing = False
        return max(0, last - self._base)

    async def close(self) -> None:
        """Stop at once and free the device."""
        self.stop_device()


def latency_s() -> float:
    """Return the latency to ask for at the load that there is."""
    return BUSY_LATENCY_S if PROCESSORS.others() > UNNOTICED else LATENCY_S
