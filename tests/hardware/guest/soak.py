"""Proof 5: a long conversation in which nothing grows and nothing drifts."""

import os
import statistics
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable

import numpy as np

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
TEXT = "Papa and mama may be back by Monday morning, maybe by bus, and then we will all have lunch."
BLOCK_S = 0.02
STEP_S, FARTHEST_S = 0.01, 0.6  # of the moments at which mouth and sound are compared
ALIKE = 0.3  # their correlation, at the least


class Loudness:
    """Notes how loud the loopback card is, block by block.

    A reader that has to wait for the processor reads late, never early: the sound's clock is the
    lower edge of when its blocks came.
    """

    def __init__(self) -> None:
        self.heard: deque[tuple[float, float]] = deque(maxlen=3000)  # a minute
        self._program = subprocess.Popen(
            ["arecord", "-q", "-D", "plughw:Loopback,1", "-f", "S16_LE", "-c", "1",
             "-r", str(LISTEN_RATE), "-t", "raw", "--buffer-time=200000", "--period-time=20000"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        self._thread = threading.Thread(target=self._listen)
        self._thread.start()

    def _listen(self) -> None:
        assert self._program.stdout is not None
        began: deque[float] = deque(maxlen=500)  # when the first block was read, as each tells
        number = 0
        while data := self._program.stdout.read(round(LISTEN_RATE * BLOCK_S) * 2):
            began.append(time.monotonic() - number * BLOCK_S)
            level = float(np.abs(np.frombuffer(data, np.int16).astype(np.float32)).mean())
            self.heard.append((min(began) + number * BLOCK_S, level))
            number += 1

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
        ask_it("say", text=TEXT)  # a Python of its own would make sound and pictures late
        end = time.monotonic()
    mouth = np.array(viewer.opening(begin, end)).reshape(-1, 2)
    sound = np.array([(at, level) for at, level in loudness.heard if begin - 1 < at < end + 1])
    if len(mouth) < 25 or len(sound) < 50:
        return None
    moments = np.arange(begin, end, STEP_S)
    opening = np.interp(moments, mouth[:, 0], mouth[:, 1])
    lags = np.arange(-FARTHEST_S, FARTHEST_S, STEP_S)
    alike = [
        np.corrcoef(opening, np.interp(moments - lag, sound[:, 0], sound[:, 1]))[0, 1]
        for lag in lags
    ]
    return float(lags[np.argmax(alike)]) if max(alike) > ALIKE else None
