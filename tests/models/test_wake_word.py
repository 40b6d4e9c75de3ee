"""The real wake word, spoken, through the whole ears."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from daemon.audio.files import read_recording
from daemon.config import load, packaged_config
from daemon.dialogue.filters import DialogueContext, addressed_words
from daemon.ears.endpointing import Endpointer
from daemon.ears.events import SpeechEnded
from daemon.ears.listen_mode import ListenGate, WakeWord
from daemon.ears.speech_detection import Silero, WebRtcVad
from daemon.ears.turn_detection import SmartTurn
from daemon.ears.whisper import Whisper
from daemon.media import LISTEN_RATE, Samples
from daemon.voice.piper import Piper
from daemon.worker import CancelToken
from tests.hearing import sounds_like

pytest.importorskip("pymicro_wakeword")

from daemon.ears.wake_word import MicroWakeWords

Weights = Callable[[str], Path]
SETTINGS = load(packaged_config()).settings
PIECE = 512  # samples; the microphone's
WORDS = {
    "okay_nabu": "Okay Nabu",
    "hey_jarvis": "Hey Jarvis",
    "hey_mycroft": "Hey Mycroft",
    "alexa": "Alexa",
}


def room(seconds: float) -> Samples:
    noise = np.random.default_rng(1).standard_normal(round(seconds * LISTEN_RATE), np.float32)
    return np.float32(1e-3) * noise


class Ears:
    """All of the ears behind a wake word; time is that of the sound."""

    def __init__(self, weights: Weights, word: str) -> None:
        self.heard_s = 0.0
        self.mode = WakeWord(MicroWakeWords(word), 8.0, lambda: self.heard_s)
        silero = Silero(weights("silero-vad") / "silero_vad.onnx")
        turn = SmartTurn(weights("smart-turn") / "smart-turn.onnx")
        self.ears = ListenGate(Endpointer(SETTINGS.ears, WebRtcVad(2), silero, turn), self.mode)
        whisper = Whisper(weights("whisper-base"), ("en",), 0)
        self.whisper, self.context = whisper, DialogueContext(wake_phrase=self.mode.detector.phrase)

    def hear(self, *sounds: Samples) -> list[str]:
        """Return what was understood."""
        said = []
        samples = np.concatenate(sounds)
        for begin in range(0, len(samples), PIECE):
            piece = samples[begin : begin + PIECE]
            self.heard_s += len(piece) / LISTEN_RATE
            for event in self.ears.feed(piece):
                if isinstance(event, SpeechEnded):
                    heard = self.whisper.transcribe(event.utterance.audio, CancelToken())
                    said.append(addressed_words(heard, self.heard_s, self.context).text)
        return said


@pytest.fixture(scope="module")
def voice(weights: Weights) -> Iterator[Callable[[str], Samples]]:
    piper = Piper(weights("piper-joe"), 1.0)

    def speak(text: str) -> Samples:
        pieces = piper.synthesize(text, CancelToken())
        return np.concatenate([piece.at_rate(LISTEN_RATE).samples for piece in pieces])

    yield speak
    piper.close()


@pytest.mark.parametrize("word", WORDS)
def test_what_follows_the_word_is_heard_and_nothing_before(
    word: str, weights: Weights, voice: Callable[[str], Samples]
) -> None:
    ears = Ears(weights, word)
    question = voice("What is the capital of France?")
    assert ears.hear(room(1), question, room(3)) == []
    asked = voice(f"{WORDS[word]}, what is the capital of Italy?")
    said = " ".join(ears.hear(asked, room(3)))  # in two turns, which the session joins
    assert sounds_like(said, "What is the capital of Italy?"), said
    assert "France" not in said
    [said] = ears.hear(question, room(3))
    assert sounds_like(said, "What is the capital of France?"), "the ears stay open for a while"
    assert ears.hear(room(10), question, room(3)) == []


@pytest.mark.parametrize("loudness", [1.0, 0.3, 0.1])
@pytest.mark.parametrize("word", WORDS)
def test_it_is_heard_from_near_and_far(
    word: str, loudness: float, voice: Callable[[str], Samples]
) -> None:
    found = MicroWakeWords(word)
    sound = np.concatenate([room(2), np.float32(loudness) * voice(WORDS[word]), room(2)])
    times = [found.detects(sound[at : at + PIECE]) for at in range(0, len(sound), PIECE)]
    found.close()
    assert sum(times) == 1


def test_other_speech_wakes_nobody(audio_files: Path, voice: Callable[[str], Samples]) -> None:
    recordings = [path for path in audio_files.iterdir() if path.suffix != ".md"]
    sounds = [read_recording(path, 60).samples for path in recordings]
    sounds.append(np.concatenate([voice("Okay, now bring the book, Jarrett."), room(0.5)]))
    assert len(recordings) >= 6
    for word in WORDS:
        found = MicroWakeWords(word)
        for sound in sounds:
            pieces = range(0, len(sound), PIECE)
            assert not any(found.detects(sound[at : at + PIECE]) for at in pieces), word
        found.close()
