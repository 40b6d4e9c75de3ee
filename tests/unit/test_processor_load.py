"""How much other programs compute, and the threads that this leaves."""

from collections.abc import Callable
from pathlib import Path

import pytest

from daemon.processor_load import WINDOW_S, LoadSample, ProcessorLoad, processor_quota, take_sample


def seen(*samples: LoadSample | None) -> ProcessorLoad:
    """Return who has looked at these moments."""
    left = list(samples)
    load = ProcessorLoad(lambda: left.pop(0) if left else None)
    while left:
        load.look()
    return load


@pytest.fixture(autouse=True)
def _no_quota(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("daemon.processor_load.processor_quota", lambda: float("inf"))


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = iter(range(10**6))
    monkeypatch.setattr("daemon.processor_load.time.monotonic", lambda: float(next(ticks)))


def test_own_work_is_not_counted() -> None:
    assert seen(LoadSample(0, 10, 5), LoadSample(1, 12, 7)).others() == 0


def test_others_are() -> None:
    assert seen(LoadSample(0, 10, 5), LoadSample(1, 12, 6)).others() == pytest.approx(1)


def test_only_the_last_second_counts() -> None:
    moments = [LoadSample(at, at, 0) for at in (0, 1, 2, 3)]
    assert seen(*moments, LoadSample(3 + WINDOW_S, 3, 0)).others() == 0


def test_after_a_silence_the_time_since_the_last_look_counts() -> None:
    assert seen(LoadSample(0, 0, 0), LoadSample(100, 50, 0)).others() == pytest.approx(0.5)


def test_nobody_can_be_seen_where_there_is_no_proc() -> None:
    load = seen(None, None)
    assert load.others() == 0
    assert load.threads(4) == 4


@pytest.mark.parametrize(
    ("taken", "threads"), [(0.0, 2), (0.4, 2), (0.6, 1), (1.0, 1), (2.0, 1), (9.0, 1)]
)
def test_threads_make_room_for_another_program(taken: float, threads: int) -> None:
    assert seen(LoadSample(0, 0, 0), LoadSample(1, taken, 0)).threads(2) == threads


def test_the_quota_of_a_control_group_limits_the_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("daemon.processor_load.processor_quota", lambda: 2.0)
    assert seen(None).threads(8) == 2


def group(root: Path, limits: dict[str, str]) -> Callable[[str], float]:
    for name, text in limits.items():
        (root / name).mkdir(parents=True, exist_ok=True)
        (root / name / "cpu.max").write_text(text)
    own = root / "own"

    def quota(told: str) -> float:
        own.write_text(told)
        return processor_quota(root, own)

    return quota


def test_the_narrowest_group_above_counts(tmp_path: Path) -> None:
    quota = group(tmp_path, {"a": "150000 100000", "a/b": "max 100000", "a/b/c": "300000 100000"})
    assert quota("0::/a/b/c\n") == 1.5


@pytest.mark.parametrize("limit", ["max 100000", "", "100000 0", "words"])
def test_a_group_without_a_limit_leaves_all(tmp_path: Path, limit: str) -> None:
    assert group(tmp_path, {"a": limit})("0::/a\n") == float("inf")


def test_a_group_that_is_not_below_the_root_is_none(tmp_path: Path) -> None:
    assert group(tmp_path, {})("0::/../../a\n") == float("inf")


def test_this_machine_can_be_sampled() -> None:
    first = take_sample()
    assert first is not None
    assert first.everybody > 0
    assert first.own > 0
