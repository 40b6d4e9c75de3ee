"""What speech asks of the face: accents where it is louder and higher, ends where it pauses."""

from dataclasses import replace

import numpy as np
import pytest

from daemon.expression import Cue, Feeling, Felt
from daemon.face.cues import CueTrack, loudness, melody
from daemon.media import SPEAK_RATE, Audio, Samples, Sentence, Speech

FPS = 25


def vowel(seconds: float, hz: float, level: float) -> Samples:
    """A buzz with formants' worth of harmonics, with soft edges."""
    time = np.arange(round(seconds * SPEAK_RATE)) / SPEAK_RATE
    buzz = sum(np.sin(2 * np.pi * hz * n * time) / n for n in range(1, 12))
    edge = np.clip(np.minimum(time, seconds - time) / 0.03, 0, 1)
    return np.asarray(level * edge * buzz, np.float32)


def silence(seconds: float) -> Samples:
    return np.zeros(round(seconds * SPEAK_RATE), np.float32)


def spoken(*pieces: Samples) -> Samples:
    return np.concatenate([piece for piece in pieces])


def cues(samples: Samples, *cuts: float, feelings: tuple[Felt, ...] = ()) -> list[Cue]:
    track, start = CueTrack(FPS), 0
    places = [round(cut * SPEAK_RATE) for cut in cuts]
    for piece in np.split(samples, places):
        sentence = Sentence(0, "It is a fine day.", feelings=feelings)
        track.feed(Speech(1, sentence, start, Audio(piece, SPEAK_RATE)))
        start += len(piece)
    return [track.take(n * SPEAK_RATE // FPS) for n in range(len(samples) * FPS // SPEAK_RATE)]


SYLLABLES = spoken(
    *(vowel(0.2, 110, 0.05) for _ in range(3)), vowel(0.24, 150, 0.25),
    *(vowel(0.2, 110, 0.05) for _ in range(4)), vowel(0.24, 140, 0.22),
    vowel(0.2, 105, 0.04), silence(0.6),
)  # fmt: skip


def test_the_stressed_syllables_are_found() -> None:
    accents = [n / FPS for n, cue in enumerate(cues(SYLLABLES)) if cue.accent]
    assert len(accents) == 2
    assert 0.6 <= accents[0] <= 0.86
    assert 1.62 <= accents[1] <= 1.92


def test_a_phrase_ends_once_a_little_after_its_sound() -> None:
    ends = [n / FPS for n, cue in enumerate(cues(SYLLABLES)) if cue.phrase_end]
    assert len(ends) == 1
    assert 2.08 < ends[0] < 2.45


def test_silence_asks_for_nothing_and_no_sound_fails() -> None:
    assert {replace(cue, ends=False) for cue in cues(silence(1))} == {Cue()}
    assert cues(silence(0)) == []
    assert CueTrack(FPS).take(0) == Cue()


def test_pieces_cut_anywhere_give_a_cue_for_each_frame() -> None:
    found = cues(SYLLABLES, 0.013, 0.5, 0.511, 2.0)
    assert len(found) == len(cues(SYLLABLES))
    assert [cue.energy > 0 for cue in found] == [cue.energy > 0 for cue in cues(SYLLABLES)]


@pytest.mark.parametrize("hz", [90, 140, 220, 300])
def test_the_melody_is_heard(hz: float) -> None:
    sound = spoken(vowel(0.4, hz, 0.2), vowel(0.2, hz * 2**0.25, 0.2))
    rise = melody(Audio(sound, SPEAK_RATE), 15)
    np.testing.assert_allclose(rise[1:9], 0, atol=0.06)
    np.testing.assert_allclose(rise[11:14], 0.25, atol=0.06)


def test_noise_has_no_melody_and_loudness_is_in_decibels() -> None:
    noise = np.random.default_rng(1).normal(0, 0.1, SPEAK_RATE).astype(np.float32)
    assert (melody(Audio(noise, SPEAK_RATE), 25) != 0).mean() < 0.3
    np.testing.assert_allclose(loudness(noise, 25), -20, atol=1)


def test_the_end_of_what_is_said_is_told_before_it_comes() -> None:
    ends = [cue.ends for cue in cues(vowel(4, 120, 0.1))]
    assert ends.index(True) == 3 * FPS
    assert all(ends[3 * FPS :])


def test_the_end_of_a_piece_in_a_long_sentence_is_no_end() -> None:
    track = CueTrack(FPS)
    sentence = Sentence(0, "It is a fine day, and we shall go down to the river. " * 2)
    for second in range(3):
        sound = Audio(vowel(1, 120, 0.1), SPEAK_RATE)
        track.feed(Speech(1, sentence, second * SPEAK_RATE, sound))
        found = [track.take(second * SPEAK_RATE + n * SPEAK_RATE // FPS) for n in range(FPS)]
        assert not any(cue.ends for cue in found)


def test_what_is_felt_comes_with_its_word() -> None:
    sound = vowel(2, 120, 0.1)
    found = cues(sound, feelings=(Felt(Feeling.SMILE, 0.0), Felt(Feeling.DOUBT, 0.9)))
    at = {cue.felt.feeling: n / FPS for n, cue in enumerate(found) if cue.felt}
    assert at[Feeling.SMILE] == 0
    assert 0.6 < at[Feeling.DOUBT] < 1.2
    found = cues(sound, feelings=(Felt(Feeling.SMILE, 1.0),))
    smiles = [n / FPS for n, cue in enumerate(found) if cue.felt]
    assert 0.4 < smiles[0] < 0.7, "a mark at the end says how all of it is meant"
