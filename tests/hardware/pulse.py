"""The product's private PulseAudio, with a recording of all that the daemon plays."""

import os
import subprocess
import threading
import time
from pathlib import Path
from types import TracebackType

import numpy as np

from daemon.bench.sound_server import SoundServer, end, missing_programs
from daemon.media import LISTEN_RATE, Audio, Samples

__all__ = ["Pulse", "loud_blocks", "missing_programs"]

READ = LISTEN_RATE // 50 * 2  # bytes: 20 ms at a time
LOUD = 0.01  # RMS above which 20 ms count as sound


class Pulse(SoundServer):
    """Runs while the ``with`` block does; records the sink ``room``."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        # neither the developer's own settings nor their files, but their models
        self.env["XDG_CACHE_HOME"] = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
        self.env["HOME"] = str(folder)
        self._pieces: list[Samples] = []
        self._lock = threading.Lock()

    def __enter__(self) -> "Pulse":
        super().__enter__()
        self._listen()
        return self

    def _listen(self) -> None:
        self._recorder = subprocess.Popen(
            ["parec", "--device=room.monitor", f"--rate={LISTEN_RATE}", "--channels=1",
             "--format=s16le", "--latency-msec=20"],
            env=self.env, stdout=subprocess.PIPE,
        )  # fmt: skip
        self._thread = threading.Thread(target=self._record)
        self._thread.start()

    def _deafen(self) -> None:
        self._recorder.terminate()
        end(self._recorder)
        self._thread.join(10)
        if self._recorder.stdout is not None:
            self._recorder.stdout.close()

    def restart(self, gap_s: float) -> None:
        """Crash, and come back after ``gap_s``."""
        self.stop(kill=True)
        self._deafen()
        time.sleep(gap_s)
        self.start()
        self._listen()

    def _record(self) -> None:
        stream = self._recorder.stdout
        assert stream is not None
        while data := stream.read(READ):
            samples = np.frombuffer(data, np.int16).astype(np.float32) / np.float32(32768)
            with self._lock:
                self._pieces.append(samples)

    def say(self, recording: Path) -> None:
        """Play a file to the daemon's microphone, to its end."""
        subprocess.run(
            ["paplay", "--device=mouth", str(recording)], env=self.env, check=True, timeout=600
        )

    def mark(self) -> int:
        """Tell where the recording stands, for ``since``."""
        with self._lock:
            return len(self._pieces)

    def since(self, mark: int) -> Audio:
        """Return what the daemon has played since ``mark``."""
        with self._lock:
            pieces = self._pieces[mark:]
        return Audio(np.concatenate(pieces or [np.zeros(0, np.float32)]), LISTEN_RATE)

    def answer(self, mark: int, timeout_s: float = 300, quiet_s: float = 2.5) -> Audio:
        """Wait until something was played since ``mark`` and ``quiet_s`` of silence followed."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            heard = self.since(mark)
            loud = loud_blocks(heard)
            if loud.any() and len(loud) - int(np.flatnonzero(loud)[-1]) > quiet_s * 50:
                return heard
            time.sleep(0.2)
        raise AssertionError(f"no complete answer within {timeout_s} s")

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._deafen()
        self.stop()


def loud_blocks(audio: Audio) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Tell for each 20 ms whether there is sound."""
    size = audio.rate // 50
    blocks = audio.samples[: len(audio.samples) // size * size].reshape(-1, size)
    return np.asarray(np.sqrt((blocks**2).mean(axis=1)) > LOUD)
