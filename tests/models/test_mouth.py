"""Mouth shapes from real synthesized speech."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from daemon.face.shapes import BITE, OPEN, PRESS, ROUND, TEETH, VOICE, WIDE, MouthShapes
from daemon.face.visemes import VisemeNetwork
from daemon.media import Samples
from daemon.voice.piper import Piper
from daemon.worker import CancelToken
from tests.bench.lips_closed import closed, is_lips, late, mouths, voices

Speak = Callable[[str], Samples]

DRAWS = 7  # Piper says a word a little differently each time; the median judges, not one draw


@pytest.fixture(scope="module")
def speak(weights: Callable[[str], Path]) -> Speak:
    """Words to the mouths that say them."""
    voice, network = Piper(weights("piper-joe") / "voice.onnx", 1.0), VisemeNetwork()

    def mouths(text: str) -> Samples:
        pieces = list(voice.synthesize(text, CancelToken()))
        sound = np.concatenate([piece.samples for piece in pieces])
        return np.array(MouthShapes(pieces[0].rate, 25, network).feed(sound))

    return mouths


def typical_peaks(speak: Speak, text: str) -> Samples:
    """How far each shape goes when ``text`` is said, as the median of several times."""
    return np.array(np.median([speak(text).max(axis=0) for _ in range(DRAWS)], axis=0))


def test_vowels(speak: Speak) -> None:
    ah, ee, oh = (typical_peaks(speak, word) for word in ("Ah.", "See.", "Oh."))
    assert ah[OPEN] > ee[OPEN] + 0.25
    assert ee[WIDE] > max(ah[WIDE], oh[WIDE]) + 0.3
    assert oh[ROUND] > ee[ROUND] + 0.2


def test_lips_close_between_vowels(speak: Speak) -> None:
    shapes = speak("Mama, mama.")
    pressed = shapes[:, PRESS] > 0.35
    starts = np.flatnonzero(np.diff(pressed.astype(int)) == 1)
    assert len(starts) >= 3
    assert typical_peaks(speak, "Mama, mama.")[OPEN] > 0.6
    assert shapes[pressed][:, OPEN].min() < 0.2


def test_hisses_show_teeth_and_f_bites(speak: Speak) -> None:
    see, far = speak("See, see, see."), speak("Five fifths of the fleet.")
    assert typical_peaks(speak, "See, see, see.")[TEETH] > 0.7
    assert far[:, BITE].max() > 0.4
    assert far[:, BITE].mean() > 1.5 * see[:, BITE].mean()


@pytest.mark.parametrize("name", ["piper", "kokoro", "mandarin"])
def test_lips_close_where_a_voice_says_that_it_speaks_with_them(
    weights: Callable[[str], Path], name: str
) -> None:
    weights({"piper": "piper-joe", "mandarin": "mandarin-baker"}.get(name, name))
    ((_, voice, texts),) = voices([name])
    pieces = [audio for text in texts[:2] for audio in voice.synthesize(text, CancelToken())]
    away = list[float]()
    for audio in pieces:
        shapes, told = mouths(audio), audio.phones
        assert told[-1].end > 0.85 * len(audio.samples) - 0.4 * audio.rate
        for before, phone, after in zip(told, told[1:], told[2:], strict=False):
            assert not is_lips(phone) or closed(shapes, phone, audio.rate)
            one = late(audio, before, phone, after)
            away += [] if one is None else [one]
    assert len(away) > 3
    assert abs(float(np.median(away))) < 0.03, "stops are silent where they are told to be"


def test_the_mouth_is_shut_at_both_ends_of_a_sentence(speak: Speak) -> None:
    shapes = speak("The weather is fine today, and the wind has calmed down.")
    assert np.abs(shapes[0, :VOICE]).max() < 0.4
    assert shapes[-1, OPEN] < 0.15
    assert shapes[:, VOICE].max() > 0.8


def test_it_moves_like_a_mouth(speak: Speak) -> None:
    shapes = speak("The weather is fine today, and the wind has calmed down.")
    steps = np.abs(np.diff(shapes[:, OPEN]))
    assert steps.max() < 0.65
    turns = np.diff(np.sign(np.diff(shapes[:, OPEN]))) != 0
    assert 3 < turns.sum() / (len(shapes) / 25) < 11  # up and down about twice a syllable
