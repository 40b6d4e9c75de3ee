"""What watches the daemon under measurement, and what waits for it."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import cast

import numpy as np
import pytest

from daemon.bench.daemon_under_test import StandInCamera, WatchedFace, report_voice
from daemon.bench.process import Process, ProcessEvent
from daemon.bench.results import Results
from daemon.bench.room import Room
from daemon.bench.sound_server import SoundServer
from daemon.bench.speech import QuestionSet
from daemon.bench.timed_recording import BLOCK, TimedRecording
from daemon.bench.trial import Trial
from daemon.dialogue.conversion import Conversion
from daemon.expression import Pose
from daemon.face.shapes import OPEN, PARAMETERS, VOICE
from daemon.media import Audio, Image, Mouth
from daemon.stages import VoiceConverter
from daemon.worker import CancelToken
from tests.fakes import VirtualWorker
from tests.virtual_time import run_virtual


class Face:
    """Draws nothing."""

    fps, size, statement = 25, (4, 4), ""

    def warm_up(self) -> None:
        pass

    def begin(self) -> None:
        pass

    def close(self) -> None:
        pass

    def render(self, audio: Audio, cancel: CancelToken) -> Iterator[Mouth]:
        return iter(())

    def finish(self, cancel: CancelToken) -> Iterator[Mouth]:
        return iter(())

    def picture(self, tick: int, mouth: Mouth | None, pose: Pose | None = None) -> Image:
        return np.zeros((4, 4, 3), np.uint8)

    def moves(self, before: Pose, now: Pose) -> bool:
        return True


def lips(opened: float, voice: float = 0.0) -> Mouth:
    mouth = np.zeros(PARAMETERS, np.float32)
    mouth[OPEN], mouth[VOICE] = opened, voice
    return mouth


def test_the_mouth_moves_when_lips_do_and_not_while_a_reply_is_silent_still(
    capsys: pytest.CaptureFixture[str],
) -> None:
    camera = StandInCamera()
    camera.face = WatchedFace(Face())
    told = []
    shown = [None, lips(0), lips(0.01, voice=0.5), lips(0.1), lips(0), lips(0.8), None, None]
    for tick, mouth in enumerate(shown):
        camera.show(camera.face.picture(tick, mouth))
        told.append([json.loads(line)["event"] for line in capsys.readouterr().out.splitlines()])
    assert told == [[], [], [], ["mouth open"], [], [], ["mouth closed"], []]


def test_painted_lips_are_taken_to_move() -> None:
    face = WatchedFace(Face())
    face.picture(0, object())
    assert not face.resting


@dataclass
class SilentRoom:
    """A room in which nothing is heard."""

    recording: TimedRecording = field(default_factory=TimedRecording)

    def quiet(self, seconds: float, timeout_s: float) -> bool:
        return True

    def wait_until(self, position: int) -> None:
        while self.recording.length < position:
            self.recording.add(np.zeros((BLOCK, 2), np.int16), 0.0)


class Thinking:
    """A daemon that thinks for ``blocks`` of the tape before it listens again."""

    def __init__(self, recording: TimedRecording, blocks: int) -> None:
        self.looks = 0
        self._recording, self._until = recording, blocks * BLOCK

    def last(self, *names: str) -> ProcessEvent:
        self.looks += 1
        assert self.looks <= 100, "it looks again and again while no time passes"
        state = "listening" if self._recording.length >= self._until else "thinking"
        return ProcessEvent(state, 0.0, {}, "")


def test_waiting_for_silence_waits_while_it_thinks() -> None:
    room = SilentRoom()
    process = Thinking(room.recording, 20)
    trial = Trial(
        cast(SoundServer, None),
        cast(Room, room),
        cast(Process, process),
        QuestionSet([], [], []),
        Results(),
        face=False,
    )
    assert trial._let_finish()
    assert process.looks == 21


class Converter:
    """Changes nothing."""

    def warm_up(self) -> None:
        pass

    def close(self) -> None:
        pass

    def convert(self, audio: Audio, cancel: CancelToken) -> Audio:
        return audio


def test_a_voice_is_told_of_when_it_has_loaded(capsys: pytest.CaptureFixture[str]) -> None:
    async def load() -> None:
        may_load = asyncio.Event()

        async def make() -> VoiceConverter:
            await may_load.wait()
            return Converter()

        conversion = Conversion("mother", VirtualWorker())
        conversion.load_in_background(make)
        telling = asyncio.create_task(report_voice(conversion))
        await asyncio.sleep(1)
        assert capsys.readouterr().out == ""
        may_load.set()
        await telling
        assert conversion.loaded

    run_virtual(load())
    assert json.loads(capsys.readouterr().out)["event"] == "voice"


def test_the_plain_voice_is_there_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    run_virtual(report_voice(None))
    assert json.loads(capsys.readouterr().out)["event"] == "voice"
