"""What is measured of one model tells of another, and is remembered."""

import json
from pathlib import Path

import pytest

from daemon.brain import speed
from daemon.brain.speed import (
    QUESTION_TOKENS,
    WRITE_TOKENS,
    BrainSpeed,
    CalibratedBrain,
    KnownSpeeds,
    estimate,
)
from daemon.config import Settings, load, packaged_config
from daemon.remembered import MAX_KEPT
from daemon.store.manifest import BrainFacts

BRAIN = load(packaged_config()).settings.brain
FILE = "a" * 64


def facts(parameters: float, active: float = 0.0) -> BrainFacts:
    return BrainFacts(
        languages="zh en",
        tools="no",
        parameters=parameters,
        active=active,
        cache_bytes=1000,
        quality=1,
    )


KNOWN = CalibratedBrain(facts(1.0), 1_000_000_000, BrainSpeed(read=100.0, write=20.0))


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Path]:
    """Measure nothing, and note what would be."""
    done: list[Path] = []

    def measure(path: Path, _brain: object) -> BrainSpeed:
        done.append(path)
        return BrainSpeed(100.0, 20.0 + len(done))

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(speed, "measure", measure)
    monkeypatch.setattr(speed, "is_busy", lambda: False)
    return done


def test_a_first_clause_is_a_question_read_and_some_words_written() -> None:
    assert BrainSpeed(QUESTION_TOKENS, WRITE_TOKENS).first_clause_s == pytest.approx(2.0)


def test_the_same_model_is_as_quick_as_itself() -> None:
    made = estimate(KNOWN.facts, KNOWN.size, KNOWN)
    assert (made.read, made.write) == pytest.approx((100.0, 20.0))


def test_twice_the_weights_take_twice_the_time() -> None:
    made = estimate(facts(2.0), 2 * KNOWN.size, KNOWN)
    assert made.first_clause_s == pytest.approx(2 * KNOWN.speed.first_clause_s)


def test_of_experts_only_those_that_work_are_read_to_write() -> None:
    dense, sparse = facts(10.0), facts(10.0, active=1.0)
    size = 10 * KNOWN.size
    assert estimate(sparse, size, KNOWN).write == pytest.approx(20.0)
    assert estimate(dense, size, KNOWN).write == pytest.approx(2.0)
    assert estimate(sparse, size, KNOWN).read > estimate(dense, size, KNOWN).read


def test_a_question_passes_all_experts_once() -> None:
    made = estimate(facts(100.0, active=0.1), 100 * KNOWN.size, KNOWN)
    assert made.read == pytest.approx(QUESTION_TOKENS / (100 * KNOWN.size / (20.0 * KNOWN.size)))


def test_what_was_measured_is_remembered(measured: list[Path]) -> None:
    first = KnownSpeeds(BRAIN).measure(FILE, Path("model.gguf"))
    assert KnownSpeeds(BRAIN).get(FILE) == first
    assert KnownSpeeds(BRAIN).get("b" * 64) is None


def test_with_other_threads_it_is_measured_anew(measured: list[Path]) -> None:
    KnownSpeeds(BRAIN).measure(FILE, Path("model.gguf"))
    other = Settings.model_validate({"brain": {"threads": 7}}).brain
    assert KnownSpeeds(other).get(FILE) is None


def test_what_a_busy_machine_does_is_not_remembered(
    measured: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(speed, "is_busy", lambda: True)
    KnownSpeeds(BRAIN).measure(FILE, Path("model.gguf"))
    assert KnownSpeeds(BRAIN).get(FILE) is None


@pytest.mark.parametrize("text", ["", "[]", "{", '{"%s": [1]}', '{"%s": "fast"}', '{"%s": 5}'])
def test_a_broken_cache_is_as_none(measured: list[Path], tmp_path: Path, text: str) -> None:
    known = KnownSpeeds(BRAIN)
    known.measure(FILE, Path("model.gguf"))
    path = tmp_path / "digital-life" / "brain-speeds.json"
    [key] = json.loads(path.read_text())
    path.write_text(text.replace("%s", key))
    assert known.get(FILE) is None
    known.measure(FILE, Path("model.gguf"))
    assert known.get(FILE) is not None


def test_the_cache_does_not_grow_for_ever(measured: list[Path], tmp_path: Path) -> None:
    known = KnownSpeeds(BRAIN)
    for number in range(MAX_KEPT + 5):
        known.measure(str(number), Path("model.gguf"))
    kept = json.loads((tmp_path / "digital-life" / "brain-speeds.json").read_text())
    assert len(kept) == MAX_KEPT
    assert known.get(str(MAX_KEPT + 4)) is not None


def test_a_cache_that_cannot_be_written_is_no_failure(measured: list[Path], tmp_path: Path) -> None:
    (tmp_path / "digital-life").write_text("in the way")
    assert KnownSpeeds(BRAIN).measure(FILE, Path("model.gguf")).write == 21.0
