from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from daemon.audio.file_writer import write_sound
from daemon.ears.speech_detection import CHUNK
from daemon.errors import InputError
from daemon.media import LISTEN_RATE, Audio, Samples
from daemon.training.recordings import (
    Recording,
    examine,
    examine_all,
    find_recordings,
    several_speakers,
)
from daemon.worker import CancelToken

RATE = 22_050


class FakeSilero:
    """Takes what is loud for speech."""

    def reset(self) -> None:
        pass

    def probability(self, chunk: Samples) -> float:
        return float(np.sqrt(np.mean(chunk**2)) > 0.05)


def talk(seconds: float = 8.0) -> Samples:
    """Noise in syllables, with a soft room behind."""
    random = np.random.default_rng(1)
    times = np.arange(round(seconds * RATE)) / RATE
    words = np.clip(np.sin(2 * np.pi * 0.7 * times) + 0.6, 0, 1)
    sound = words * random.standard_normal(len(times)) * 0.2
    return (sound + 2e-4 * random.standard_normal(len(times))).clip(-0.9, 0.9).astype(np.float32)


def music(length: int) -> Samples:
    times = np.arange(length) / RATE
    chord = sum(np.sin(2 * np.pi * hz * times) for hz in (523.0, 659.0, 784.0, 1568.0))
    return np.asarray(0.01 * chord, np.float32)


def noise(length: int) -> Samples:
    return np.random.default_rng(2).standard_normal(length).astype(np.float32) * np.float32(0.03)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda sound: sound, ""),
        (lambda sound: np.clip(sound * 8, -1, 1), "clipped"),
        (lambda sound: np.clip(sound * 8, -1, 1) * np.float32(0.5), "clipped"),
        (lambda sound: sound + noise(len(sound)), "noisy"),
        (lambda sound: sound + music(len(sound)), "music"),
        (lambda sound: sound * 0, "hardly any speech"),
        (lambda sound: music(len(sound)), "hardly any speech"),
    ],
)
def test_faults_are_noticed(
    tmp_path: Path, change: Callable[[Samples], Samples], fault: str
) -> None:
    path = tmp_path / "a.wav"
    write_sound(path, Audio(np.asarray(change(talk()), np.float32), RATE))
    found = examine(path, FakeSilero())  # type: ignore[arg-type]
    assert found.audio.rate == RATE
    assert " ".join(found.faults).startswith(fault) and bool(found.faults) == bool(fault)


def test_only_speech_counts(tmp_path: Path) -> None:
    sound = np.concatenate([talk(4), np.zeros(4 * RATE, np.float32)])
    write_sound(tmp_path / "a.wav", Audio(sound, RATE))
    found = examine(tmp_path / "a.wav", FakeSilero())  # type: ignore[arg-type]
    assert 1.5 < found.speech_s < 4.1
    assert len(found.speech) % CHUNK == 0


def recording(name: str, *people: int) -> Recording:
    """Each person speaks three seconds of their own number."""
    speech = np.concatenate([np.full(3 * LISTEN_RATE, person, np.float32) for person in people])
    return Recording(Path(name), Audio(speech, LISTEN_RATE), speech, ())


def embed(speech: Samples) -> Samples:
    vector = np.zeros(4, np.float32)
    vector[int(speech[0])] = 1
    return vector


def test_who_is_not_the_person_of_most_recordings_is_named() -> None:
    recordings = [recording("a", 0, 0), recording("b", 1), recording("c", 0), recording("d", 0, 2)]
    assert several_speakers(recordings, embed) == [Path("b"), Path("d")]
    assert several_speakers(recordings[:1], embed) == []
    assert several_speakers([], embed) == []


def test_recordings_are_found_in_folders_below(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    for name in ("b.WAV", "a.mp3", "deep/c.flac", "notes.txt", ".hidden.wav"):
        (tmp_path / name).touch()
    found = [path.name for path in find_recordings(tmp_path)]
    assert sorted(found) == ["a.mp3", "b.WAV", "c.flac"]
    assert find_recordings(tmp_path / "a.mp3") == [tmp_path / "a.mp3"]


@pytest.mark.parametrize("place", ["empty", "missing"])
def test_no_recordings(tmp_path: Path, place: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=place):
        find_recordings(tmp_path / place)


def test_recordings_are_known_by_their_contents(tmp_path: Path) -> None:
    sound = tmp_path / "talk.wav"
    write_sound(sound, Audio(talk(1), RATE))
    for name in ("voice-note", "b.PART", "c.wav.bak"):
        (tmp_path / name).write_bytes(sound.read_bytes())
    for name, content in (("a.json", b"{}"), ("b.txt", b"words\n" * 99), ("c", bytes(5000))):
        (tmp_path / name).write_bytes(content)
    for ending in ["amr", "oga", "caf", "3gp", "wma", "mka", "mov", "aif", "AIF"]:
        (tmp_path / f"x.{ending}").touch()
    found = {path.name for path in find_recordings(tmp_path)}
    assert {"voice-note", "b.PART", "c.wav.bak", "talk.wav", "x.amr", "x.AIF", "x.mov"} <= found
    assert not found & {"a.json", "b.txt", "c"}
    assert len(found) == 13


def test_one_bad_file_is_named_and_left_out(tmp_path: Path) -> None:
    write_sound(tmp_path / "a.wav", Audio(talk(), RATE))
    (tmp_path / "b.wav").write_bytes(b"junk")
    silero, paths = FakeSilero(), find_recordings(tmp_path)
    recordings, faults = examine_all(paths, silero, CancelToken())  # type: ignore[arg-type]
    assert [one.path.name for one in recordings] == ["a.wav"]
    assert len(faults) == 1 and "left out" in faults[0] and "b.wav" in faults[0]
    with pytest.raises(InputError, match=r"b\.wav"):
        examine_all([tmp_path / "b.wav"], silero, CancelToken())  # type: ignore[arg-type]
