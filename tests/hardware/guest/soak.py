"""Proof 5: a long conversation in which nothing grows and nothing drifts."""

import os
import statistics
import subprocess
import threading
import time
from collections.abc import Callable

import numpy as np

from daemon.bench.timed_recording import BLOCK, TimedRecording
from daemon.media import LISTEN_RATE
from tests.hardware.guest.scene import (
    Service,
    ask_it,
    check,
    grow_up,
    say_to_it,
    status,
    wait,
)
from tests.hardware.guest.talking import Viewer

SECONDS = float(os.environ.get("DL_SOAK_S", "75"))
WARM_TURNS = 2
MOST_MB = 20.0
MOST_DRIFT_S = 0.08  # two pictures
Series = np.ndarray[tuple[int], np.dtype[np.floating]]

TEXT = "Papa and mama may be back by Monday morning, maybe by bus, and then we will all have lunch."
STEP_S, FARTHEST_S = 0.01, 0.6  # of the moments at which mouth and sound are compared
ALIKE = 0.3  # their correlation, at the least


class Loudness:
    """How loud the loopback card is; a reader that waits for the processor does not matter."""

    def __init__(self) -> None:
        self._recording = TimedRecording()
        self._program = subprocess.Popen(
            ["arecord", "-q", "-D", "plughw:Loopback,1", "-f", "S16_LE", "-c", "2",
             "-r", str(LISTEN_RATE), "-t", "raw", "--buffer-time=200000", "--period-time=20000"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        self._thread = threading.Thread(target=self._listen)
        self._thread.start()

    def _listen(self) -> None:
        assert self._program.stdout is not None
        size = 2 * 2 * BLOCK  # bytes
        while len(data := self._program.stdout.read(size)) == size:
            self._recording.add(np.frombuffer(data, np.int16).reshape(-1, 2), time.monotonic())

    def between(self, begin: float, end: float) -> tuple[Series, Series]:
        """Return moments and how loud it was at them."""
        first = self._recording.position(begin)
        sound = np.abs(self._recording.playback(first, self._recording.position(end)))
        levels = sound[: len(sound) // BLOCK * BLOCK].reshape(-1, BLOCK).mean(axis=1)
        return self._recording.moment(first) + np.arange(len(levels)) * BLOCK / LISTEN_RATE, levels

    def close(self) -> None:
        self._program.terminate()
        self._thread.join(20)
        self._program.communicate()


def prove_soak(service: Service) -> None:
    grow_up()
    process, begin = service.process, time.monotonic()
    figures: list[dict[str, float]] = []
    ahead: list[float] = []
    loudness = Loudness()
    turn = 0
    try:
        while time.monotonic() - begin < SECONDS or turn < WARM_TURNS + 3:
            turn += 1
            if turn % 2:
                if (offset := spoken_offset(loudness)) is not None:
                    ahead.append(offset)
                    print(f"the mouth is {1000 * offset:.0f} ms behind the sound", flush=True)
            elif not answered():
                check("every question is answered", False, f"turn {turn}\n{service.log()[-1500:]}")
                return
            found = status()
            if turn > WARM_TURNS:
                names = ("memory_mb", "threads", "descriptors")
                figures.append({name: found[name] for name in names})
                print(f"{time.monotonic() - begin:.0f} s", figures[-1], flush=True)
            if time.monotonic() - begin > 4 * SECONDS + 300:
                break
    finally:
        loudness.close()
    check("every question is answered", True, f"{turn} turns in {time.monotonic() - begin:.0f} s")
    check("one process all along", service.process == process and service.restarts == 0)
    edge = max(1, len(figures) // 5)
    # What the allocator keeps of freed buffers comes and goes by 25 MB: the mean of those. A client
    # that has just hung up is a descriptor or two: the least of those.
    looked_at: tuple[tuple[str, float, Callable[[list[float]], float]], ...] = (
        ("memory_mb", MOST_MB, statistics.fmean),
        ("threads", 0, min),
        ("descriptors", 0, min),
    )
    for name, most, typical in looked_at:
        first = typical([figure[name] for figure in figures[:edge]])
        last = typical([figure[name] for figure in figures[-edge:]])
        check(f"{name} does not grow", last - first <= most, f"{first:.1f} → {last:.1f}")
    edge = max(1, len(ahead) // 3)
    early, late = statistics.median(ahead[:edge]), statistics.median(ahead[-edge:])
    drift = late - early
    shown = f"{1000 * drift:.0f} ms in {len(ahead)}"
    check("lips and sound stay together", abs(drift) <= MOST_DRIFT_S, shown)


def answered() -> bool:
    """Ask a recorded question; whether its answer was heard to the end."""
    before = status()["turns"][-1:]
    say_to_it("question-en.wav")
    return bool(wait(lambda: status()["turns"][-1:] != before, 60, 1.0))


def spoken_offset(loudness: Loudness) -> float | None:
    """Have a text said; return how much later than the sound the mouth is, in seconds.

    An onset would not do: a processor that is late makes gaps in the sound, and lets the card
    repeat scraps of what it played before. So the whole is compared.
    """
    with Viewer(str(status()["devices"]["camera"])) as viewer:
        time.sleep(1.5)
        begin = time.monotonic()
        ask_it(
            lambda client: client.post("say", text=TEXT)
        )  # a Python of its own would make sound and pictures late
        end = time.monotonic()
    mouth = np.array(viewer.opening(begin, end)).reshape(-1, 2)
    at, levels = loudness.between(begin - FARTHEST_S, end + FARTHEST_S)
    if len(mouth) < 25 or len(levels) < 100:
        return None
    moments = np.arange(begin, end, STEP_S)
    opening = np.interp(moments, mouth[:, 0], mouth[:, 1])
    lags = np.arange(-FARTHEST_S, FARTHEST_S, STEP_S)
    alike = [np.corrcoef(opening, np.interp(moments - lag, at, levels))[0, 1] for lag in lags]
    return float(lags[np.argmax(alike)]) if max(alike) > ALIKE else None
