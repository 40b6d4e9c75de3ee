"""Which words are on the picture at a moment."""

from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from daemon.audio.player import MemoryPlayer
from daemon.captions import Captions, spoken_now
from daemon.config import Settings
from daemon.dialogue.events import ConversationStep
from daemon.dialogue.mute import Mute
from daemon.dialogue.reply import Reply
from daemon.dialogue.state import Phase, State
from daemon.face.overlay import NOTHING, Caption
from daemon.media import SPEAK_RATE, Audio, Sentence, Speech, Transcript

ONE, TWO = Sentence(0, "Good morning to you."), Sentence(1, "How are you?")


def speech(sentence: Sentence, start_s: float, seconds: float) -> Speech:
    sound = Audio(np.zeros(round(seconds * SPEAK_RATE), np.float32), SPEAK_RATE)
    return Speech(1, sentence, round(start_s * SPEAK_RATE), sound)


def reply(*spoken: Speech, heard: str = "") -> Reply:
    turn = SimpleNamespace(words=Transcript(heard, "en") if heard else None)
    return cast("Reply", SimpleNamespace(spoken=list(spoken), turn=turn))


class Heard(MemoryPlayer):
    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._length = round(seconds * SPEAK_RATE)


def shown(
    phase: Phase, answer: Reply | None, seconds: float = 0.0, muted: bool = False, **face: Any
) -> Caption:
    mute = Mute()
    if muted:
        mute.toggle_microphone()
    settings = Settings.model_validate({"face": face})
    captions = Captions(Heard(seconds), mute, lambda: settings)
    captions.follow(ConversationStep(State(phase, 1), answer))
    return captions.now()


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.1, ONE.text), (1.9, ONE.text), (2.1, TWO.text), (3.3, TWO.text), (5.0, "")],
)
def test_the_sentence_that_is_heard(seconds: float, text: str) -> None:
    answer = reply(speech(ONE, 0, 1), speech(ONE, 1, 1), speech(TWO, 2, 1))
    assert spoken_now(answer, round(seconds * SPEAK_RATE))[0] == text


def test_how_much_of_it_has_been_heard() -> None:
    answer = reply(speech(ONE, 0, 1), speech(ONE, 1, 1), speech(TWO, 2, 1))
    assert spoken_now(answer, SPEAK_RATE)[1] == pytest.approx(0.5)
    growing = reply(speech(ONE, 0, 0.2))
    assert spoken_now(growing, SPEAK_RATE // 5)[1] < 0.3, "the rest is still being made"


def test_off_by_default() -> None:
    answer = reply(speech(ONE, 0, 2), heard="What is up?")
    assert shown(Phase.SPEAKING, answer, 1.0) == NOTHING
    assert shown(Phase.THINKING, answer, muted=True) == NOTHING


def test_what_is_said_and_what_was_heard() -> None:
    answer = reply(speech(ONE, 0, 2), heard="What is up?")
    assert shown(Phase.SPEAKING, answer, 1.0, subtitles="said").lines == (ONE.text,)
    assert shown(Phase.THINKING, answer, subtitles="said").lines == ()
    assert shown(Phase.THINKING, answer, subtitles="both").lines == ("What is up?",)
    assert shown(Phase.LISTENING, None, subtitles="both").lines == ()


def test_only_in_some_languages() -> None:
    answer = reply(speech(ONE, 0, 2))
    wanted: dict[str, Any] = {"subtitles": "said", "subtitle_languages": ["zh"]}
    assert shown(Phase.SPEAKING, answer, 1.0, **wanted).lines == ()
    assert shown(Phase.SPEAKING, answer, 1.0, **wanted | {"subtitle_languages": ["en"]}).lines


def test_signs() -> None:
    assert shown(Phase.THINKING, None, signs=True).sign == "thinking"
    assert shown(Phase.THINKING, None, muted=True, signs=True).sign == "muted"
    assert shown(Phase.LISTENING, None, signs=True).sign == ""
