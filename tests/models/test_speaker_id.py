"""Real voices, told apart by the real encoder."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from daemon.audio.files import read_recording
from daemon.ears.speaker_id import FILE, WEIGHT, SpeakerEncoder
from daemon.media import LISTEN_RATE, Audio, Samples
from daemon.people.identify import AnotherVoice, identify, speaker_change
from daemon.people.person import Person, Profile
from daemon.people.recordings import embeddings_of, voiceprints_of
from daemon.people.voices import KnownVoices
from daemon.worker import CancelToken

AUDIO = Path(__file__).parent.parent / "audio"
LINDA, JOHN = Person(1, "Linda"), Person(2, "John")
PAUSE = np.zeros(LISTEN_RATE // 5, np.float32)


def sound(name: str) -> Samples:
    return read_recording(AUDIO / name, 60).samples


@pytest.fixture(scope="module")
def encoder(weights: Callable[[str], Path]) -> SpeakerEncoder:
    return SpeakerEncoder(weights(WEIGHT) / FILE)


@pytest.fixture(scope="module")
def profiles(encoder: SpeakerEncoder) -> list[Profile]:
    john = voiceprints_of([Audio(sound("jfk.flac")[: 7 * LISTEN_RATE], LISTEN_RATE)], encoder)
    return [
        Profile(LINDA, embeddings_of(AUDIO / "lj-page.ogg", encoder)),
        Profile(JOHN, john),
    ]


def test_people_are_known_by_what_they_have_not_said_before(
    encoder: SpeakerEncoder, profiles: list[Profile]
) -> None:
    for name in ("lj-unfinished.flac", "lj-finished.flac"):
        assert identify(encoder.embed(sound(name)), 2, profiles).person == LINDA
    rest = encoder.embed(sound("jfk.flac")[7 * LISTEN_RATE :])
    assert identify(rest, 3, profiles).person == JOHN


def test_strangers_are_nobody_in_either_language(
    encoder: SpeakerEncoder, profiles: list[Profile]
) -> None:
    for name in ("question-en.wav", "question-zh.wav"):
        found = identify(encoder.embed(sound(name)), 2, profiles)
        assert found.person is None and found.judged


def test_loudness_is_nothing_to_know_a_voice_by(encoder: SpeakerEncoder) -> None:
    speech = sound("lj-unfinished.flac")
    assert np.dot(encoder.embed(speech), encoder.embed(speech * np.float32(0.03))) > 0.98


def test_what_is_said_later_changes_nothing(encoder: SpeakerEncoder) -> None:
    page = sound("lj-page.ogg")
    first, more = page[: 10 * LISTEN_RATE], page[: 12 * LISTEN_RATE]
    assert np.dot(encoder.embed(first), encoder.embed(more)) > 0.97


def test_a_sentence_that_a_stranger_joins_is_cut_before_them(
    encoder: SpeakerEncoder, profiles: list[Profile]
) -> None:
    begun, strange = sound("lj-unfinished.flac"), sound("jfk.flac")[: 4 * LISTEN_RATE]
    place = speaker_change(np.concatenate([begun, PAUSE, strange]), profiles[0], encoder.embed)
    assert place is not None
    assert abs(place - len(begun) - len(PAUSE) / 2) < 0.5 * LISTEN_RATE
    page = sound("lj-page.ogg")[: 9 * LISTEN_RATE]
    assert speaker_change(page, profiles[0], encoder.embed) is None


def test_two_people_are_not_enrolled_as_one(encoder: SpeakerEncoder) -> None:
    several = [Audio(sound(name), LISTEN_RATE) for name in ("lj-unfinished.flac", "jfk.flac")]
    with pytest.raises(AnotherVoice):
        voiceprints_of(several, encoder)


def test_nobody_is_known_before_they_are_used_and_after_they_are_gone(
    encoder: SpeakerEncoder, profiles: list[Profile]
) -> None:
    voices, said = KnownVoices(encoder), Audio(sound("lj-unfinished.flac"), LISTEN_RATE)
    voices.warm_up()
    assert not voices.identify(said, CancelToken()).judged
    voices.use(profiles)
    assert voices.identify(said, CancelToken()).person == LINDA
    assert voices.change(said, LINDA.number, CancelToken()) is None
    voices.use([])
    assert not voices.identify(said, CancelToken()).judged
