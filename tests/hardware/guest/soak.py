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
TEXTS = ("Bom bom bom bom bom.", "Papa and mama may be back by Monday morning, maybe by bus.")


BLOCK_S = 0.02
RUN, SPEECH = 15, 8  # blocks; the card repeats a scrap of old sound when the processor is late


class Onsets:
    """Notes when speech begins at the loopback card, after a second of silence."""

    def __init__(self) -> None:
        self.at: list[float] = []
        self._program = subprocess.Popen(
            ["arecord", "-q", "-D", "plughw:Loopback,1", "-f", "S16_LE", "-c", "1",
             "-r", str(LISTEN_RATE), "-t", "raw", "--buffer-time=200000", "--period-time=20000"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        self._thread = threading.Thread(target=self._listen)
        self._thread.start()

    def _listen(self) -> None:
        assert self._program.stdout is not None
        run: deque[tuple[float, bool]] = deque(maxlen=RUN)
        spoke = 0.0
        while data := self._program.stdout.read(round(LISTEN_RATE * BLOCK_S) * 2):
            run.append((time.monotonic(), np.abs(np.frombuffer(data, np.int16)).max() > 500))
            loud = [at for at, is_loud in run if is_loud]
            if len(loud) >= SPEECH:
                if loud[0] - spoke > 1:
                    self.at.append(loud[0])
                spoke = loud[-1]

    def close(self) -> None:
        self._program.terminate()
        self._thread.join(20)
        self._program.communicate()


def prove_soak(service: Service) -> None:
    grow_up()
    process, begin = service.process, time.monotonic()
    figures: list[dict[str, float]] = []
    ahead: list[float] = []
    onsets = Onsets()
    turn = 0
    try:
        while time.monotonic() - begin < SECONDS or turn < WARM_TURNS + 3:
            turn += 1
            if turn % 2:
                if (offset := spoken_offset(onsets, TEXTS[turn // 2 % 2])) is not None:
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
        onsets.close()
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


def spoken_offset(onsets: Onsets, text: str) -> float | None:
    """Have a text said; return how much later than the sound the mouth begins, in seconds."""
    time.sleep(1.2)
    sounds = len(onsets.at)
    with Viewer(str(status()["devices"]["camera"])) as viewer:
        time.sleep(1.5)
        ask_it("say", text=text)  # another Python would make sound and pictures late
        time.sleep(0.3)
    if len(onsets.at) <= sounds:
        return None
    heard = onsets.at[sounds]
    moved = viewer.first_motion(heard - 1.0, heard + 1.0)
    return None if moved is None else moved - heard
