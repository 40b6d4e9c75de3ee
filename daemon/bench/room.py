"""A room in real time: a person in front of the microphone, and a recording of it all."""

import contextlib
import threading
import time
from collections import deque
from dataclasses import dataclass
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from daemon.bench.signals import locate
from daemon.bench.sound_server import SoundServer, end
from daemon.bench.timed_recording import BLOCK, Recorder, client
from daemon.media import LISTEN_RATE, Samples

PLAY_MS = 20  # latency asked of the server
PREFILL = 4  # blocks that wait to be played
# A block of the recording that comes later than this is not answered: what was to be played ran dry
# meanwhile. Else all that waits would grow with each delay, until the recording itself comes late.
LATE_S = 0.1
WINDOW = 200  # blocks: late by the promptest of these; after a halt of its own a server stays late
SLACK = LISTEN_RATE // 100  # samples by which a place that was told may be late
NOISE = 0.0005  # RMS, -66 dB of full scale: a quiet room; no microphone gives digital silence
REACH = LISTEN_RATE // 2  # samples by which a loaded machine may delay what was said
MIN_CORRELATION = 0.3  # likeness below which it is not there: an echo may cover half of it
PROBE = LISTEN_RATE // 4  # samples at either end of something said by which it is found
SYNC = LISTEN_RATE * 3 // 10  # samples of noise by which the way through the server is measured
SYNC_TRIES = 10
SAME = 0.5  # likeness of the same noise before and after the server, which filters it a little
RECENT = 600  # blocks given that are remembered: far longer than the way


class LostError(Exception):
    """What was said was not recorded as it was: the machine was too busy to play it whole."""


@dataclass(frozen=True, slots=True)
class PlayedClip:
    """Something a person said: its place in the stream of the microphone's sound."""

    samples: Samples
    begin: int
    """Samples given to the server before it."""


class Room(Recorder):
    """Plays persons into ``mouth`` and records both ways, while the ``with`` block runs.

    One thread takes a block from the recording and gives a block to the microphone in turn, so
    both run at the server's pace.
    """

    def __init__(self, server: SoundServer) -> None:
        super().__init__(server, "world.monitor")
        self._delay = 0  # what is given as sample n of all comes n + this in the recording
        self._behind: deque[float] = deque(maxlen=WINDOW)  # arrival less place, seconds
        self._noise = np.random.default_rng(1)
        self._lock = threading.Lock()
        self._saying: PlayedClip | None = None
        self._given = 0  # samples
        self._recent: deque[Samples] = deque(maxlen=RECENT)

    def __enter__(self) -> "Room":
        self._player = client(self._server, "pacat", "mouth", 1, PLAY_MS)
        self._give(b"".join(self._next() for _ in range(PREFILL)))
        self._begin()
        try:
            self._synchronise()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._player.terminate()
        end(self._player)
        super().__exit__(kind, error, trace)
        assert self._player.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # what was not written any more
            self._player.stdin.close()

    def _answer(self, piece: NDArray[np.int16]) -> None:
        behind = time.monotonic() - self.recording.length / LISTEN_RATE
        self._behind.append(behind)
        if behind - min(self._behind) < LATE_S:
            self._give(self._next())

    def _give(self, data: bytes) -> None:
        assert self._player.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # the server has gone; the recording ends too
            self._player.stdin.write(data)
            self._player.stdin.flush()

    def _next(self) -> bytes:
        """Make the microphone's next block."""
        block = np.asarray(self._noise.standard_normal(BLOCK) * NOISE, np.float32)
        with self._lock:
            saying = self._saying
            if saying is not None:
                part = saying.samples[self._given - saying.begin :][:BLOCK]
                block[: len(part)] += part
                if self._given + BLOCK >= saying.begin + len(saying.samples):
                    self._saying = None
            self._given += BLOCK
            self._recent.append(block)
        return (np.clip(block, -1, 1) * 32767).astype(np.int16).tobytes()

    def _synchronise(self) -> None:
        """Find out how long the way through the server is, by the noise that is always there.

        A loaded machine leaves gaps, and each makes the way longer.
        """
        for _ in range(SYNC_TRIES):
            self.wait_until(self.recording.length + SYNC)
            end = self.recording.length
            with self._lock:
                given, last = np.concatenate(self._recent), self._given
            place, like = locate(self.recording.microphone(end - SYNC, end), given)
            if like < SAME:
                continue  # a gap just then
            with self._lock:
                self._delay = end - SYNC - (last - len(given) + place)
            return

    def say(self, samples: Samples, after: int = 0) -> PlayedClip:
        """Begin to say something, not before a position of the recording; one thing at a time."""
        self._synchronise()
        self.wait_until(after)
        with self._lock:
            assert self._saying is None
            self._saying = PlayedClip(samples, self._given)
            return self._saying

    def find(self, said: PlayedClip) -> tuple[int, int]:
        """Wait until it has been said; return its onset and end in the recording, to the sample.

        Looked for by its own sound, head and tail apart: what a loaded machine delays or tears
        does not count as having been said earlier. Raises ``LostError`` when it is not there.
        """
        length = len(said.samples)
        begin = max(0, said.begin + self._delay - SLACK)
        stop = begin + length + REACH
        self.wait_until(stop)
        heard = self.recording.microphone(begin, stop)
        head, tail = said.samples[:PROBE], said.samples[-PROBE:]
        first, like_head = locate(head, heard[: REACH + len(head)])
        after = max(0, first + length - len(tail) - SLACK)
        last, like_tail = locate(tail, heard[after:])
        if min(like_head, like_tail) < MIN_CORRELATION:
            raise LostError
        return begin + first, begin + after + last + len(tail)
