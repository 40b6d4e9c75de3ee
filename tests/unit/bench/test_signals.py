import numpy as np
import pytest

from daemon.bench.signals import (
    SPEECH_DB,
    cough,
    levelled,
    locate,
    room_response,
    span,
    trimmed,
)
from daemon.media import LISTEN_RATE, Samples


def noise(seconds: float, level: float = 0.1, seed: int = 0) -> Samples:
    rng = np.random.default_rng(seed)
    return np.asarray(rng.standard_normal(round(seconds * LISTEN_RATE)) * level, np.float32)


def test_the_span_is_exact_to_the_sample() -> None:
    sound = np.zeros(1000, np.float32)
    sound[200] = 0.01
    sound[749] = -0.004
    sound[900] = 0.002
    assert span(sound) == (200, 750)
    assert span(sound, 0.001) == (200, 901)


def test_silence_has_no_span() -> None:
    assert span(np.zeros(1000, np.float32)) is None
    assert span(np.zeros(0, np.float32)) is None


def test_trimming_leaves_the_word_and_nothing_else() -> None:
    word = noise(0.5)
    word[0] = word[-1] = 0.3
    hiss = noise(1.0, 0.0001, seed=1)
    padded = np.concatenate((hiss, word, hiss))
    np.testing.assert_array_equal(trimmed(padded), word)
    assert len(trimmed(np.zeros(100, np.float32))) == 100


def test_levelling_reaches_the_level_but_never_clips() -> None:
    rms = np.sqrt(np.mean(np.square(levelled(noise(1.0, 0.9)))))
    assert 20 * np.log10(rms) == pytest.approx(SPEECH_DB, abs=0.01)
    spike = noise(1.0, 0.0001)
    spike[5] = 0.5
    assert np.abs(levelled(spike)).max() == pytest.approx(0.9)


@pytest.mark.parametrize("place", [0, 1, 7777, 8000])
def test_locating_is_exact_to_the_sample(place: int) -> None:
    piece, recording = noise(0.25, 0.1), noise(0.75, 0.001, seed=1)
    recording[place : place + len(piece)] += 0.5 * piece
    found, likeness = locate(piece, recording)
    assert found == place
    assert likeness > 0.99


def test_locating_survives_an_echo_as_loud_as_the_person() -> None:
    piece, recording = noise(0.25, 0.1), noise(0.75, 0.1, seed=1)
    recording[3210 : 3210 + len(piece)] += piece
    found, likeness = locate(piece, recording)
    assert found == 3210
    assert 0.6 < likeness < 0.8


def test_what_is_not_there_is_not_like_anything() -> None:
    assert locate(noise(0.25), noise(0.75, seed=1))[1] < 0.1
    assert locate(noise(0.25), np.zeros(12000, np.float32))[1] < 0.01
    assert locate(noise(0.25), noise(0.1))[1] == 0


def test_the_room_has_the_asked_energy_and_dies_away() -> None:
    response = room_response(-10, 0.0, np.random.default_rng(0))
    assert 10 * np.log10(np.sum(np.square(response))) == pytest.approx(-10, abs=0.01)
    assert np.argmax(np.abs(response)) == 0
    early, late = np.split(np.square(response[1:]), [round(0.15 * LISTEN_RATE)])
    # 60 dB in 0.3 s are 30 dB between the two halves
    assert 10 * np.log10(early.sum() / late.sum()) == pytest.approx(30, abs=2)


def test_the_direct_sound_comes_late() -> None:
    response = room_response(-10, 0.06, np.random.default_rng(0))
    assert np.flatnonzero(response)[0] == 960


def test_a_cough_is_short_and_audible() -> None:
    sound = cough(np.random.default_rng(0))
    assert 0.2 < len(sound) / LISTEN_RATE < 0.6
    assert np.abs(sound).max() <= 0.9
    assert np.sqrt(np.mean(np.square(sound))) > 0.01


def test_digital_silence_is_found_nowhere() -> None:
    silence = np.zeros(LISTEN_RATE, np.float32)
    assert locate(silence[:4000], noise(1)) == (0, 0.0)
    assert locate(silence[:4000], silence) == (0, 0.0)
    assert locate(noise(0.25), silence)[1] == pytest.approx(0)
