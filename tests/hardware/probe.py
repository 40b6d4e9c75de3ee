"""AudioDevices without models: a process that plays noise, listens, and tells what it notices.

Run as ``python -m tests.hardware.probe``; prints one JSON object per line, and leaves with the exit
code that the daemon would leave with.
"""

import asyncio
import json
import sys
import time
from collections import deque
from typing import Any

import numpy as np

from daemon.audio.device_monitor import AudioDevices
from daemon.audio.echo_cancellation import EchoCanceller
from daemon.audio.loudspeaker import Loudspeaker
from daemon.audio.microphone import Microphone
from daemon.audio.player import wait_until_heard
from daemon.bench.signals import locate
from daemon.cli import leave
from daemon.errors import DeviceError
from daemon.media import LISTEN_RATE, SPEAK_RATE, Audio, Samples
from daemon.worker import CancelToken, Worker

REPORT_S = 0.25
PIECE = LISTEN_RATE // 4  # samples of the microphone that are looked for in what was played


class Tap(EchoCanceller):
    """Takes note of the sound and the moments that an echo canceller would get."""

    def __init__(self) -> None:
        self.heard: deque[tuple[float, Samples]] = deque(maxlen=50)  # a second

    def clean(self, samples: Samples, moment: float) -> Samples:
        if len(samples):  # nothing has no moment
            self.heard.append((moment, samples))
        return samples


class Probe:
    def __init__(self) -> None:
        self.loudspeaker, self.tap = Loudspeaker(""), Tap()
        self.microphone = Microphone("", self.tap)
        self.noise = np.random.default_rng(1).standard_normal(8 * SPEAK_RATE).astype(np.float32)
        self.noise *= np.float32(0.1)
        self.searched = Audio(self.noise, SPEAK_RATE).at_rate(LISTEN_RATE).samples
        self.positions: deque[tuple[float, int]] = deque(maxlen=200)  # audible(), each 10 ms
        self.level = 0.0

    async def run(self) -> None:
        ears, opening = Worker("ears"), Worker("sound")
        sound = AudioDevices(self.microphone, self.loudspeaker, opening)
        try:
            await sound.open()
            async with asyncio.TaskGroup() as group:
                group.create_task(ears.run(self._listen))
                group.create_task(self._play())
                group.create_task(self._note())
                group.create_task(self._report())
                group.create_task(sound.watch(lambda: tell(event="lost")))
        finally:
            await sound.close()
            await ears.close()
            await opening.close()

    def _listen(self, cancel: CancelToken) -> None:
        for samples in self.microphone.chunks(cancel):
            self.level = float(np.sqrt(np.mean(np.square(samples))))

    async def _play(self) -> None:
        while True:
            await self.loudspeaker.begin()
            await self.loudspeaker.play(self.noise)
            await wait_until_heard(self.loudspeaker, len(self.noise))

    async def _note(self) -> None:
        while True:
            self.positions.append((time.monotonic(), self.loudspeaker.audible()))
            await asyncio.sleep(0.01)

    async def _report(self) -> None:
        while True:
            await asyncio.sleep(REPORT_S)
            level, self.level = self.level, 0.0  # of what was heard since the last report
            tell(position=self.positions[-1][1], level=level, ahead_ms=self._ahead_ms())

    def _ahead_ms(self) -> float | None:
        """How much ``audible()`` is ahead of what the microphone heard; ``None`` if unknown."""
        tapped, positions = list(self.tap.heard)[-25:], list(self.positions)
        samples = np.concatenate([piece for _, piece in tapped] or [np.zeros(0, np.float32)])
        if len(samples) < PIECE or not positions:
            return None
        place, like = locate(samples[:PIECE], self.searched)
        if like < 0.8:
            return None
        moment = tapped[0][0]
        at, position = min(positions, key=lambda noted: abs(noted[0] - moment))
        audible_s = position / SPEAK_RATE + moment - at
        return 1000 * (audible_s - place / LISTEN_RATE)


def tell(**facts: Any) -> None:
    print(json.dumps(facts), flush=True)


def main() -> int:
    code = 0
    try:
        asyncio.run(Probe().run())
    except* DeviceError as errors:
        error: BaseException = errors
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        tell(event="end", message=str(error))
        code = DeviceError.exit_code
    return leave(code)


if __name__ == "__main__":
    sys.exit(main())
