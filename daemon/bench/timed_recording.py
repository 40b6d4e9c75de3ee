"""A recording in real time that knows when each of its samples was heard."""

import subprocess
import threading
import time
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from daemon.bench.signals import AUDIBLE, span
from daemon.bench.sound_server import SoundServer, end
from daemon.errors import DeviceError
from daemon.i18n import tr
from daemon.media import LISTEN_RATE, Samples

BLOCK = LISTEN_RATE // 100  # 10 ms: how often sound is taken from the server
LATENCY_MS = 10  # asked of the server
POLL_INTERVAL_S = 0.02  # how often a waiting measurement looks at the tape
KEPT = 90 * LISTEN_RATE // BLOCK  # blocks: longer than any one measurement looks back
CLOCK_S = 10.0  # the tape's clock is what held within this time: sound cards drift


class TimedRecording:
    """What microphone and loudspeaker carried, sample by sample on one clock; oldest forgotten."""

    def __init__(self) -> None:
        self._sound = np.zeros((KEPT * BLOCK, 2), np.int16)  # a ring
        self._arrivals = np.zeros(KEPT)  # when each block was there, time.monotonic(); likewise
        self._blocks = 0  # so far
        self._lock = threading.Lock()

    def add(self, piece: NDArray[np.int16], arrived: float) -> None:
        """Append ``BLOCK`` samples of both, (``BLOCK``, 2)."""
        with self._lock:
            place = self._blocks % KEPT
            self._sound[place * BLOCK : (place + 1) * BLOCK] = piece
            self._arrivals[place] = arrived
            self._blocks += 1

    @property
    def length(self) -> int:
        """Samples recorded so far."""
        with self._lock:
            return self._blocks * BLOCK

    def microphone(self, begin: int, stop: int) -> Samples:
        """Return what the microphone heard."""
        return self._cut(begin, stop, 0)

    def playback(self, begin: int, stop: int) -> Samples:
        """Return what the daemon played."""
        return self._cut(begin, stop, 1)

    def _cut(self, begin: int, stop: int, channel: int) -> Samples:
        with self._lock:
            begin = max(0, begin, (self._blocks - KEPT) * BLOCK)
            wanted = np.arange(begin, min(stop, self._blocks * BLOCK))
            sound = self._sound[:, channel].take(wanted, mode="wrap")
        return sound.astype(np.float32) / np.float32(32768)

    def moment(self, position: int) -> float:
        """Return when (``time.monotonic()``) a sample could be heard.

        A piece cannot arrive before its last sample was played, and the promptest arrivals come
        right after that: the clock is their lower edge.
        """
        near = round(CLOCK_S * LISTEN_RATE / 2 / BLOCK)
        with self._lock:
            middle = position // BLOCK
            first = max(0, self._blocks - KEPT, min(middle - near, self._blocks - 1))
            blocks = np.arange(first, max(first + 1, min(middle + near, self._blocks)))
            ends = (blocks + 1) * (BLOCK / LISTEN_RATE)
            edge = float(np.min(self._arrivals.take(blocks, mode="wrap") - ends))
        return edge + position / LISTEN_RATE

    def position(self, moment: float) -> int:
        """Return the sample that was heard at a moment (``time.monotonic()``) just past."""
        newest = self.length
        return newest + round((moment - self.moment(newest)) * LISTEN_RATE)


class Recorder:
    """Records a source of the server, two channels, while the ``with`` block runs."""

    def __init__(self, server: SoundServer, source: str) -> None:
        self.recording = TimedRecording()
        self._server = server
        self._source = source

    def __enter__(self) -> "Recorder":
        self._begin()
        return self

    def _begin(self) -> None:
        self._recorder = client(self._server, "parec", self._source, 2, LATENCY_MS)
        self._thread = threading.Thread(target=self._run, name="recorder")
        self._thread.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._recorder.terminate()
        end(self._recorder)
        self._thread.join()
        assert self._recorder.stdout is not None
        self._recorder.stdout.close()

    def _run(self) -> None:
        source = self._recorder.stdout
        assert source is not None
        while len(data := source.read(BLOCK * 4)) == BLOCK * 4:
            piece = np.frombuffer(data, np.int16).reshape(-1, 2)
            self.recording.add(piece, time.monotonic())
            self._answer(piece)

    def _answer(self, piece: NDArray[np.int16]) -> None:
        """Do something with each block, on the recorder's thread."""

    def wait_until(self, position: int) -> None:
        """Wait until the tape is that long."""
        deadline = time.monotonic() + 10 + max(0, position - self.recording.length) / LISTEN_RATE
        while self.recording.length < position:
            if not self._thread.is_alive() or time.monotonic() > deadline:
                raise DeviceError(tr("The private PulseAudio has gone."))
            time.sleep(POLL_INTERVAL_S)

    def first_audible(self, after: int, timeout_s: float) -> int | None:
        """Wait for the daemon's first audible sample at or after a position."""
        stop = max(after, self.recording.length) + round(timeout_s * LISTEN_RATE)
        while after < stop:
            self.wait_until(after + BLOCK)
            upto = self.recording.length
            if edges := span(self.recording.playback(after, upto), AUDIBLE):
                return after + edges[0]
            after = upto
        return None

    def quiet(self, seconds: float, timeout_s: float) -> bool:
        """Wait until the daemon has been silent for so long; False if it never was."""
        stop = self.recording.length + round(timeout_s * LISTEN_RATE)
        wanted = round(seconds * LISTEN_RATE)
        while (now := self.recording.length) < stop:
            if now >= wanted and span(self.recording.playback(now - wanted, now), AUDIBLE) is None:
                return True
            self.wait_until(now + BLOCK)
        return False


def client(
    server: SoundServer, program: str, device: str, channels: int, latency_ms: int
) -> subprocess.Popen[bytes]:
    """Start ``parec`` or ``pacat`` on raw 16-bit sound at ``LISTEN_RATE`` through a pipe."""
    return subprocess.Popen(
        [program, f"--device={device}", f"--channels={channels}", f"--rate={LISTEN_RATE}",
         "--format=s16le", "--raw", f"--latency-msec={latency_ms}"],
        env=server.env,
        stdin=subprocess.PIPE if program == "pacat" else subprocess.DEVNULL,
        stdout=subprocess.PIPE if program == "parec" else subprocess.DEVNULL,
        start_new_session=True,  # Ctrl+C is for us, who end it in order
    )  # fmt: skip
