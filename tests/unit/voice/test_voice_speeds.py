"""What counts as quick, and what is remembered of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from daemon.media import Audio
from daemon.store.manifest import load_default
from daemon.store.model_store import ModelStore
from daemon.voice import voice_speeds
from daemon.voice.plain_voices import find_plain
from daemon.voice.voice_speeds import (
    KnownVoiceSpeeds,
    VoiceSpeed,
    known_speed,
    kokoro_is_quick,
    measure,
    speed_key,
)
from daemon.worker import CancelToken


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    made = ModelStore(tmp_path / "models", load_default())
    place = made.place("kokoro")
    place.mkdir(parents=True)
    (place / "kokoro.onnx").write_bytes(b"network")
    return made


@pytest.mark.parametrize(
    ("clause_s", "lasts_s", "quick"),
    [(0.24, 1.0, True), (0.26, 1.0, False), (0.25, 0.6, True), (0.4, 1.7, True), (0.5, 1.7, False)],
)
def test_a_quarter_of_a_second_or_of_what_it_lasts(
    clause_s: float, lasts_s: float, quick: bool
) -> None:
    assert VoiceSpeed(clause_s, lasts_s).is_quick is quick


def test_what_was_measured_is_remembered(store: ModelStore) -> None:
    heart = find_plain("af_heart", store)
    assert known_speed(heart, store) is None and not kokoro_is_quick(store)
    KnownVoiceSpeeds().keep(speed_key(heart, store), VoiceSpeed(0.2, 1.1))
    assert known_speed(heart, store) == VoiceSpeed(0.2, 1.1)
    assert known_speed(find_plain("zf_xiaoxiao", store), store) == VoiceSpeed(0.2, 1.1)
    assert kokoro_is_quick(store)


def test_another_network_or_machine_is_measured_again(
    store: ModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    heart = find_plain("af_heart", store)
    KnownVoiceSpeeds().keep(speed_key(heart, store), VoiceSpeed(0.2, 1.1))
    monkeypatch.setattr(voice_speeds, "processor", lambda: "another one")
    assert known_speed(heart, store) is None
    monkeypatch.undo()


def test_a_network_that_was_replaced_is_measured_again(store: ModelStore) -> None:
    heart = find_plain("af_heart", store)
    KnownVoiceSpeeds().keep(speed_key(heart, store), VoiceSpeed(0.2, 1.1))
    (store.place("kokoro") / "kokoro.onnx").write_bytes(b"another network")
    assert known_speed(heart, store) is None


def test_a_voice_that_is_not_there_has_no_speed(store: ModelStore) -> None:
    assert known_speed(find_plain("piper-joe", store), store) is None


class Counting:
    """A voice that notes what it says."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def warm_up(self) -> None:
        pass

    def close(self) -> None:
        pass

    def synthesize(self, text: str, cancel: CancelToken) -> Iterator[Audio]:
        self.said.append(text)
        yield Audio(np.zeros(24_000, np.float32), 24_000)


@pytest.mark.parametrize("language", ["en", "zh", "fr"])
def test_it_is_measured_beside_the_brain_after_a_first_round(language: str) -> None:
    voice, during = Counting(), list[int]()

    @contextmanager
    def brain() -> Iterator[None]:
        during.append(len(voice.said))
        yield
        during.append(len(voice.said))

    speed = measure(voice, language, brain)
    assert speed.lasts_s == 1.0 and speed.clause_s >= 0
    assert during == [1, 1 + voice_speeds.ROUNDS]
