"""The daemon under measurement: ``python -m … CONFIG [face] [--trace FILE]``.

It is what ``digital-life run`` runs, and tells on standard output, a line of JSON each, what its
log does not: when its state changes, the timings of a turn (figures, no words), when the voice that
is set speaks, and when the mouth moves and closes. With ``face`` the picture goes to a stand-in for
the camera: it is drawn and converted as for the device, and then only looked at.
"""

import argparse
import asyncio
import contextlib
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from daemon.bench.turns import DEVICE, EARS_OPEN, MOUTH_CLOSED, MOUTH_OPEN, VOICE_READY
from daemon.bus import Bus
from daemon.components import Components
from daemon.config import Settings, load
from daemon.dialogue.conversion import Conversion
from daemon.dialogue.events import ConversationStep
from daemon.dialogue.parts import Parts
from daemon.dialogue.state import Phase
from daemon.dialogue.trace import Trace
from daemon.events import Listening
from daemon.expression import Pose
from daemon.face.shapes import VOICE
from daemon.graphics import device_of
from daemon.media import Audio, Image, Mouth
from daemon.run_once import serve
from daemon.running import Running
from daemon.signals import run_until_signal
from daemon.stages import Camera, LipSync
from daemon.worker import CancelToken

MOVES = 0.02  # share of all that lips can move: from here on it may be seen


def report(event: str, **what: object) -> None:
    """Write one line for whoever measures, with the moment on the clock all processes share."""
    # One write: print() makes two of it, between which another thread's line may come.
    sys.stdout.write(json.dumps({"event": event, "at": time.monotonic(), **what}) + "\n")
    sys.stdout.flush()


def end_with_parent() -> None:
    """Stop as for a signal when whoever measures is gone, however that came."""

    def wait() -> None:
        os.read(0, 1)  # nothing is ever written; this is the end of the pipe
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, name="parent", daemon=True).start()


def moves(mouth: Mouth) -> bool:
    """Whether lips are seen to move; those that are painted are taken to, as nobody knows how."""
    return not isinstance(mouth, np.ndarray) or bool(np.abs(mouth[:VOICE]).max() > MOVES)


class WatchedFace:
    """A ``LipSync`` that remembers whether the mouth has moved since it was at rest.

    A reply begins with silence, whose mouths are there but do not move.
    """

    def __init__(self, face: LipSync) -> None:
        self.resting = True
        self._face = face

    @property
    def fps(self) -> int:
        """Frames per second."""
        return self._face.fps

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self._face.size

    @property
    def device(self) -> str:
        """That of the face."""
        return device_of(self._face)

    @property
    def statement(self) -> str:
        """That of the face."""
        return self._face.statement

    def warm_up(self) -> None:
        """Pass on."""
        self._face.warm_up()

    def begin(self) -> None:
        """Pass on."""
        self._face.begin()

    def render(self, audio: Audio, cancel: CancelToken) -> Iterator[Mouth]:
        """Pass on."""
        return self._face.render(audio, cancel)

    def finish(self, cancel: CancelToken) -> Iterator[Mouth]:
        """Render the end."""
        return self._face.finish(cancel)

    def picture(self, tick: int, mouth: Mouth | None, pose: Pose | None = None) -> Image:
        """Pass on, and remember."""
        if mouth is None:
            self.resting = True
        elif moves(mouth):
            self.resting = False
        return self._face.picture(tick, mouth, pose)

    def moves(self, before: Pose, now: Pose) -> bool:
        """Pass on."""
        return self._face.moves(before, now)

    def close(self) -> None:
        """Pass on."""
        self._face.close()


class StandInCamera:
    """A ``Camera`` that tells when it is handed the first moving mouth, and when one at rest."""

    def __init__(self) -> None:
        self.face: WatchedFace | None = None
        self._resting = True

    def warm_up(self) -> None:
        """Nothing to do."""

    def show(self, image: Image) -> None:
        """Convert the picture as the device wants it, and look."""
        cv2.cvtColor(image, cv2.COLOR_RGB2YUV_I420)
        if self.face is not None and self.face.resting != self._resting:
            self._resting = self.face.resting
            report(MOUTH_CLOSED if self._resting else MOUTH_OPEN)

    def watched(self) -> bool:
        """As in a call, somebody looks."""
        return True

    def close(self) -> None:
        """Nothing is held."""


class WatchedComponents(Components):
    """Makes the parts as ever, but the camera is the stand-in, and the face is watched."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self._camera = StandInCamera()

    def camera(self) -> Camera:
        """Return the stand-in."""
        return self._camera

    def face(self) -> LipSync:
        """Make the face and watch it."""
        face = WatchedFace(super().face())
        self._camera.face = face
        return face


class EventReporter:
    """Tells each change of state, and with the first sound of a reply its timings so far."""

    def __init__(self) -> None:
        self._phase = Phase.LISTENING

    def follow(self, step: ConversationStep) -> None:
        """See one step."""
        state, reply = step.state, step.reply
        if state.phase is self._phase:
            return
        self._phase = state.phase
        if reply is not None and state.phase is Phase.SPEAKING:
            timings = reply.timings
            report(state.phase.value, marks=timings.marks, work=timings.work.copy())
        else:
            report(state.phase.value)


async def report_voice(
    conversion: Conversion | None, first: Callable[[], object] = lambda: None
) -> None:
    """Tell when the voice that is set speaks; the plain one is not measured in its stead.

    ``first`` is called before that, when it has loaded.
    """
    if conversion is not None:
        await conversion.wait_loaded()
        if conversion.failed:
            os.kill(os.getpid(), signal.SIGTERM)  # the last line of the log says why
            return
    first()
    report(VOICE_READY)


def report_devices(parts: Parts) -> None:
    """Tell where each part computes, by the section of its settings."""
    converter = parts.conversion.converter if parts.conversion else None
    for name, part in (
        ("ears", parts.recognizer),
        ("brain", parts.chat_model),
        ("voice", parts.synthesizer),
        ("voice.name", converter),
        ("face", parts.lip_sync),
    ):
        if part is not None:
            report(DEVICE, text=f"{name}: {device_of(part)}")


def main() -> None:
    """Run until a signal."""
    end_with_parent()
    parser = argparse.ArgumentParser()
    parser.add_argument("config", type=Path)
    parser.add_argument("face", nargs="?")
    parser.add_argument("--trace", type=Path)
    arguments = parser.parse_args()
    settings = load(arguments.config).settings
    if arguments.face is None:
        camera = settings.camera.model_copy(update={"output": "none"})
        settings = settings.model_copy(update={"camera": camera})
    trace = Trace(arguments.trace) if arguments.trace else None
    bus = Bus()
    bus.subscribe(ConversationStep, EventReporter().follow)
    bus.subscribe(Listening, lambda _: report(EARS_OPEN))
    if trace is not None:
        bus.subscribe(ConversationStep, trace.follow)
    background: set[asyncio.Task[None]] = set()  # the loop alone would forget it

    def ready(running: Running) -> None:
        report("ready")
        parts = running.parts
        voice = report_voice(parts.conversion, partial(report_devices, parts))
        background.add(asyncio.create_task(voice, name="voice"))

    with contextlib.suppress(asyncio.CancelledError, KeyboardInterrupt), trace or nullcontext():
        run_until_signal(serve(WatchedComponents(settings), ready, bus=bus))


if __name__ == "__main__":
    main()
