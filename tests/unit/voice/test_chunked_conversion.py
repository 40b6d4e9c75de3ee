from itertools import cycle

import numpy as np
import pytest

from daemon.media import Audio, Samples
from daemon.voice.chunked_conversion import convert_in_chunks, cut_points, fit, match_loudness
from daemon.voice.pauses import active_level

RATE = 16_000


def tone(seconds: float, hz: float = 200.0, level: float = 0.3) -> Samples:
    times = np.arange(round(seconds * RATE)) / RATE
    return (level * np.sin(2 * np.pi * hz * times)).astype(np.float32)


def test_borders_are_where_it_is_quietest() -> None:
    sound = tone(5)
    sound[round(1.6 * RATE) : round(1.7 * RATE)] *= 0.01
    cuts = cut_points(Audio(sound, RATE), 2.0)
    assert cuts[0] == 0 and cuts[-1] == len(sound)
    assert 1.6 * RATE <= cuts[1] <= 1.7 * RATE
    assert max(np.diff(cuts)) <= 2.0 * RATE


def test_short_sound_is_one_piece() -> None:
    assert cut_points(Audio(tone(1), RATE), 2.0) == [0, RATE]
    assert cut_points(Audio(tone(0), RATE), 2.0) == [0, 0]


def test_pieces_that_do_nothing_give_the_same_sound() -> None:
    sound = np.random.default_rng(1).standard_normal(5 * RATE).astype(np.float32) * np.float32(0.1)
    made = convert_in_chunks(Audio(sound, RATE), lambda piece: piece, 2.0, 0.1)
    assert np.allclose(made, sound, atol=1e-6)


@pytest.mark.parametrize("hz", [110.0, 203.0, 377.0])
def test_no_border_is_heard_where_each_piece_has_a_phase_of_its_own(hz: float) -> None:
    """A vocoder begins every piece with another phase; a plain cross-fade would cancel it."""
    phase = cycle([0.0, 2.0, 4.0, 1.0])

    def convert(piece: Samples) -> Samples:
        angle = 2 * np.pi * hz * np.arange(len(piece)) / RATE + next(phase)
        return (0.3 * np.sin(angle)).astype(np.float32)

    made = convert_in_chunks(Audio(tone(6, hz), RATE), convert, 2.0, 0.1)
    assert len(made) == 6 * RATE
    steps = np.abs(np.diff(made))
    assert steps.max() < 1.1 * 0.3 * 2 * np.pi * hz / RATE  # no click
    loudness = np.sqrt(np.convolve(np.square(made), np.ones(320) / 320, "valid"))
    assert loudness.min() > 0.85 * 0.3 / np.sqrt(2)  # no dip


def test_a_piece_knows_what_is_around_it() -> None:
    lengths: list[int] = []

    def convert(piece: Samples) -> Samples:
        lengths.append(len(piece))
        return piece

    convert_in_chunks(Audio(tone(5), RATE), convert, 2.0, 0.25)
    assert all(length <= 2.5 * RATE for length in lengths)
    assert lengths[1] > RATE


def test_loudness_follows_the_source_and_nothing_clips() -> None:
    source = Audio(tone(1, level=0.5), RATE)
    spiky = tone(1, level=0.02)
    spiky[::1600] = 0.9
    for made in (tone(1, level=0.01), tone(1, level=0.9), spiky):
        matched = match_loudness(Audio(made, RATE), source)
        assert np.abs(matched.samples).max() <= 0.951
    quiet = match_loudness(Audio(tone(1, level=0.01), RATE), source)
    assert active_level(quiet) == pytest.approx(active_level(source), rel=0.02)


def test_silence_stays_silence() -> None:
    nothing = Audio(np.zeros(100, np.float32), RATE)
    assert not match_loudness(nothing, Audio(tone(1), RATE)).samples.any()


def test_fit_cuts_and_fills() -> None:
    assert len(fit(tone(1), 10)) == 10
    assert len(fit(tone(0.01), 1000)) == 1000


def test_the_last_piece_is_never_a_snippet() -> None:
    for extra in (1, 160, 2000):
        sound = Audio(tone(2)[: -extra or None], RATE)
        longer = Audio(np.concatenate([sound.samples, tone(0.0125)]), RATE)
        for audio in (sound, longer):
            assert np.diff(cut_points(audio, 2.0)).min() >= 0.2 * RATE
            assert len(convert_in_chunks(audio, lambda p: p, 2.0, 0.1)) == len(audio.samples)
