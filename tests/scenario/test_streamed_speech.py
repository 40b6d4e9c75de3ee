"""A voice that speaks in small pieces is heard from the first of them on. Virtual time."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from daemon.media import SPEAK_RATE, Audio
from daemon.worker import CancelToken
from tests.fakes import FakeChat, FakeConverter, FakeRecognizer, FakeVoice, parts
from tests.scenario.test_session import Stage, says

PIECES = 6


class StreamingFake(FakeVoice):
    def stream(self, text: str, cancel: CancelToken) -> Iterator[Audio]:
        for audio in self.synthesize(text, cancel):
            for samples in np.array_split(audio.at_rate(SPEAK_RATE).samples, PIECES):
                yield Audio(samples, SPEAK_RATE)


def answered(voice: FakeVoice, converter: FakeConverter | None = None) -> Stage:
    chat = FakeChat(["That ", "is ", "a ", "whole ", "clause."])
    made = parts(FakeRecognizer("tell me"), chat, converter=converter)
    stage = Stage(replace(made, synthesizer=voice))
    stage.play(says(1, 0, 1), until=10)
    return stage


def test_it_is_heard_as_soon_as_its_first_piece_is_there() -> None:
    whole, streamed = answered(FakeVoice()), answered(StreamingFake())
    assert len(streamed.player._segments) == PIECES * len(whole.player._segments)
    spoken = [sum(n for _, n in stage.player._segments) for stage in (whole, streamed)]
    assert spoken[0] == spoken[1]
    assert streamed.remembered() == whole.remembered()
    numbers = [int(frame.mouth[0]) for frame in streamed.screen.frames]
    assert numbers == list(range(len(numbers))), "no mouth is left out, and none comes twice"
    assert len(numbers) == pytest.approx(spoken[1] * 25 / SPEAK_RATE, abs=1)


def test_a_converted_voice_is_given_whole_clauses() -> None:
    converter = FakeConverter()
    stage = answered(StreamingFake(), converter)
    assert len(stage.player._segments) == 1
    assert converter.converted == 1
