"""What is wrong with recordings by which somebody is to be known."""

from typing import cast

import numpy as np
import pytest
from numpy.typing import NDArray

from daemon.ears.speaker_id import SpeakerEncoder
from daemon.errors import InputError
from daemon.media import LISTEN_RATE, Audio, Samples
from daemon.people.identify import AnotherVoice, TooLittleSpeech, TooNoisy
from daemon.people.recordings import voiceprints_of


class Encoder:
    """Tells voices apart by their pitch."""

    def embed(self, speech: Samples) -> NDArray[np.float32]:
        loudest = np.argmax(np.abs(np.fft.rfft(speech))) * LISTEN_RATE / len(speech)
        return np.array([1, 0] if loudest < 300 else [0, 1], np.float32)


ENCODER = cast(SpeakerEncoder, Encoder())


def sentence(hertz: float, seconds: float, noise: float = 1e-4) -> Audio:
    times = np.arange(int(seconds * LISTEN_RATE)) / LISTEN_RATE
    voice = 0.1 * np.sin(2 * np.pi * hertz * times) * np.sin(2 * np.pi * 2 * times)  # syllables
    pause = np.zeros(LISTEN_RATE // 2)
    sound = np.concatenate([pause, voice, pause])
    sound += np.random.default_rng(0).normal(0, noise, len(sound))
    return Audio(sound.astype(np.float32), LISTEN_RATE)


def test_each_sentence_is_a_row_and_long_ones_are_several() -> None:
    assert voiceprints_of([sentence(200, 2) for _ in range(3)], ENCODER).shape == (3, 2)
    assert voiceprints_of([sentence(200, 9)], ENCODER).shape == (3, 2)


def test_of_much_speech_ten_rows_are_enough() -> None:
    assert voiceprints_of([sentence(200, 60)], ENCODER).shape == (10, 2)


def test_what_is_shorter_than_a_second_is_left_out() -> None:
    assert voiceprints_of([sentence(200, 4), sentence(400, 0.5)], ENCODER).shape == (1, 2)


@pytest.mark.parametrize(
    ("recordings", "error"),
    [
        ([sentence(200, 2)], TooLittleSpeech),
        ([sentence(200, 0.7) for _ in range(8)], TooLittleSpeech),
        ([], TooLittleSpeech),
        ([sentence(200, 5, noise=0.04)], TooNoisy),
        ([sentence(200, 3), sentence(400, 3)], AnotherVoice),
        ([sentence(200, 3), sentence(200, 3), sentence(400, 1.5)], AnotherVoice),
    ],
)
def test_what_is_wrong_is_told(recordings: list[Audio], error: type[InputError]) -> None:
    with pytest.raises(error):
        voiceprints_of(recordings, ENCODER)
