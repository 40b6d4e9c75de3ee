"""Clicks and flashes: ``python -m daemon.bench.av_sync_probe CONFIG SECONDS``.

A reply whose every click is a white picture too goes through the real player, virtual microphone
and screen. Short replies first, a third of the time: where the camera's ticks fall within a
picture's time differs from reply to reply, and so does the offset. Then one long reply, in which
only a drift can change it.
"""

import asyncio
import contextlib
import random
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from daemon.audio.loudspeaker import Loudspeaker
from daemon.audio.player import wait_until_heard
from daemon.audio.virtual_microphone import virtual_microphone
from daemon.bench.daemon_under_test import end_with_parent, report
from daemon.components import Components
from daemon.config import Settings, load
from daemon.errors import DeviceError
from daemon.expression import Pose
from daemon.face.camera import VirtualCamera
from daemon.face.streamer import FaceStreamer
from daemon.media import SPEAK_RATE, Audio, FaceFrame, Image, Mouth
from daemon.processor_load import PROCESSORS, physical_cores
from daemon.signals import run_until_signal
from daemon.stages import Camera
from daemon.worker import CancelToken

SETTLE_S = 3.0  # for whoever records to begin
SHORT_S = 1.2  # a reply of two clicks
LEAD_S, EVERY_S = 0.2, 0.6  # the first click of a reply, and from one to the next
FLASH_S = 0.12  # three pictures at 25 a second: one that is dropped does not hide a flash
GAPS_S = (0.2, 0.5)  # between replies: as long as chance will have it
SHARE_SHORT = 1 / 3
CLICK = np.asarray(0.5 * np.sin(2 * np.pi * np.arange(48) / 48), np.float32)  # 1 ms of 1 kHz

DARK, BRIGHT = np.zeros(1, np.float32), np.ones(1, np.float32)


class FlashFace:
    """A ``LipSync`` that is white for a ``BRIGHT`` mouth and black otherwise."""

    def __init__(self, fps: int, size: tuple[int, int]) -> None:
        self.fps = fps
        self.size = size
        self.statement = ""
        self._black = np.zeros((size[1], size[0], 3), np.uint8)
        self._white = np.full_like(self._black, 255)

    def warm_up(self) -> None:
        """Nothing is slow."""

    def begin(self) -> None:
        """Nothing to forget."""

    def render(self, audio: Audio, cancel: CancelToken) -> Iterator[Mouth]:
        """Not asked for: the mouths are made with the sound."""
        yield from ()

    def finish(self, cancel: CancelToken) -> Iterator[Mouth]:
        """Yield nothing."""
        yield from ()

    def picture(self, tick: int, mouth: Mouth | None, pose: Pose | None = None) -> Image:
        """Return white or black."""
        return self._white if mouth is not None and mouth[0] > 0 else self._black

    def moves(self, before: Pose, now: Pose) -> bool:
        """Each picture is shown."""
        return True

    def close(self) -> None:
        """Nothing is held."""


class FlashCamera:
    """A ``Camera`` that tells when a white picture was handed to it after a black one."""

    def __init__(self) -> None:
        self._bright = False

    def warm_up(self) -> None:
        """Nothing to do."""

    def show(self, image: Image) -> None:
        """Convert the picture as the device wants it, and look."""
        bright = bool(cv2.cvtColor(image, cv2.COLOR_RGB2YUV_I420)[0, 0] > 127)
        if bright and not self._bright:
            report("flash")
        self._bright = bright

    def watched(self) -> bool:
        """Somebody looks."""
        return True

    def close(self) -> None:
        """Nothing is held."""


@dataclass(frozen=True, slots=True)
class ProbeStage:
    """Where replies are given."""

    player: Loudspeaker
    screen: FaceStreamer
    fps: int

    async def reply(self, turn: int, seconds: float) -> None:
        """Give one reply, to its end."""
        frames = round(seconds * self.fps)
        await self.player.begin()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._show(turn, frames))
            group.create_task(self._play(frames))
        await wait_until_heard(self.player, frames * SPEAK_RATE // self.fps)

    async def _show(self, turn: int, frames: int) -> None:
        length = round(FLASH_S * self.fps)
        for number in range(frames):
            bright = any(self._clicks(k) for k in range(max(0, number - length + 1), number + 1))
            at = number * SPEAK_RATE // self.fps
            await self.screen.put(FaceFrame(turn, at, BRIGHT if bright else DARK))

    async def _play(self, frames: int) -> None:
        for number in range(frames):
            begin = number * SPEAK_RATE // self.fps
            sound = np.zeros((number + 1) * SPEAK_RATE // self.fps - begin, np.float32)
            if self._clicks(number):
                sound[: len(CLICK)] = CLICK
            await self.player.play(sound)

    def _clicks(self, number: int) -> bool:
        """Whether a frame begins with a click."""
        lead, every = round(LEAD_S * self.fps), round(EVERY_S * self.fps)
        return number >= lead and (number - lead) % every == 0


async def run(settings: Settings, seconds: float) -> None:
    """Click and flash for so long, then wait for the signal."""
    voice = settings.voice.model_copy(update={"output": "virtual-microphone"})
    face = FlashFace(settings.face.fps, (settings.face.width, settings.face.height))
    async with (
        virtual_microphone(voice, settings.ears) as devices,
        Components(settings) as components,
    ):
        worker = components.worker("camera")
        player = Loudspeaker(devices.loudspeaker)
        components.on_close_async(player.close)
        player.open()
        camera = await worker.run(lambda _: _camera(components))
        cores = physical_cores()
        screen = FaceStreamer(
            face, lambda: camera, worker, camera, player.audible_in,
            sparing=lambda: PROCESSORS.scarce(cores),
        )  # fmt: skip
        components.on_close_async(screen.close)
        showing = asyncio.create_task(screen.run(), name="camera")
        try:
            device = camera.device if isinstance(camera, VirtualCamera) else ""
            await asyncio.sleep(SETTLE_S)
            report("ready", text=device)
            await asyncio.sleep(SETTLE_S)
            await _replies(ProbeStage(player, screen, face.fps), seconds)
            report("done")
            await asyncio.Event().wait()
        finally:
            showing.cancel()
            await asyncio.wait([showing])


def _camera(components: Components) -> Camera:
    """Open the device, or take the stand-in where there is none."""
    try:
        return components.camera()
    except DeviceError:
        return FlashCamera()


async def _replies(stage: ProbeStage, seconds: float) -> None:
    chance, begin, turn = random.Random(1), time.monotonic(), 0  # noqa: S311 (the same every run)
    while turn == 0 or time.monotonic() - begin + SHORT_S < seconds * SHARE_SHORT:
        turn += 1
        await stage.reply(turn, SHORT_S)
        await asyncio.sleep(chance.uniform(*GAPS_S))
    report("long")
    left = seconds - (time.monotonic() - begin)
    await stage.reply(turn + 1, max(SHORT_S, left))


def main() -> None:
    """Run until a signal."""
    end_with_parent()
    settings = load(Path(sys.argv[1])).settings
    with contextlib.suppress(asyncio.CancelledError, KeyboardInterrupt):
        run_until_signal(run(settings, float(sys.argv[2])))


if __name__ == "__main__":
    main()
