"""A voice that speaks in small pieces is heard from the first of them on. Virtual time."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from daemon.config import Settings
from daemon.dialogue.openers import Openers
from daemon.media import SPEAK_RATE, Audio
from daemon.worker import CancelToken
from tests.fakes import (
    FakeChat,
    FakeConverter,
    FakeRecognizer,
    FakeVoice,
    VirtualWorker,
    parts,
)
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


def test_an_opener_waits_for_what_follows_it_and_not_for_its_own_end() -> None:
    token_s = 0.3  # so slowly that an opener heard at once would be followed by silence
    learnt = ["That ", "is ", "a ", "whole ", "clause, ", "and ", "more."]
    opened = ["Sure, ", "I ", "will ", "tell ", "you ", "all ", "of ", "it ", "now."]
    made = parts(FakeRecognizer("tell me", "tell me"), FakeChat(learnt, opened))
    openers = Openers(Settings())
    slow = replace(
        made, thinking=VirtualWorker(token_s), openers=openers, synthesizer=StreamingFake()
    )
    stage = Stage(slow)
    stage.play([*says(1, 0, 1), *says(2, 10, 11)], until=20)
    second = [(at, n / SPEAK_RATE) for at, n in stage.player._segments if at > 10]
    begun, spoken = second[0][0], 0.0
    while spoken < 0.1 * len("Sure,") - 0.01:
        spoken += second.pop(0)[1]
    assert second[0][0] - (begun + spoken) <= 0.31


def test_a_converted_voice_is_given_whole_clauses() -> None:
    converter = FakeConverter()
    stage = answered(StreamingFake(), converter)
    assert len(stage.player._segments) == 1
    assert converter.converted == 1
