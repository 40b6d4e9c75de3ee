"""When a wall time comes, through clock changes and in other zones."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from daemon.skills.clock import due_at, local_time, next_due, read_clock
from tests.unit.skills.clocks import zone


@pytest.fixture(autouse=True)
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with zone(monkeypatch, "Europe/Berlin"):
        yield


def utc(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("wall", "due"),
    [
        ("2026-12-01T07:30", "2026-12-01T06:30"),
        ("2026-07-01T07:30", "2026-07-01T05:30"),
        ("2027-03-28T02:30", "2027-03-28T01:00"),  # skipped: when the clocks go forward
        ("2027-03-28T02:00", "2027-03-28T01:00"),
        ("2027-03-28T03:00", "2027-03-28T01:00"),
        ("2027-03-28T01:59", "2027-03-28T00:59"),
        ("2026-10-25T02:30", "2026-10-25T00:30"),  # comes twice: the first
        ("2026-10-25T03:00", "2026-10-25T02:00"),
    ],
)
def test_a_wall_time(wall: str, due: str) -> None:
    assert due_at(datetime.fromisoformat(wall)) == utc(due)


@pytest.mark.parametrize(
    ("after", "repeat", "due"),
    [
        ("2026-11-30T06:29", (0, 1, 2, 3, 4), "2026-11-30T06:30"),  # a Monday
        ("2026-11-30T06:30", (0, 1, 2, 3, 4), "2026-12-01T06:30"),
        ("2026-12-04T06:30", (0, 1, 2, 3, 4), "2026-12-07T06:30"),
        ("2026-11-30T06:30", (0,), "2026-12-07T06:30"),
        ("2026-10-24T06:30", (5, 6), "2026-10-25T06:30"),  # an hour later by the sun
        ("2026-11-30T00:00", (), "2026-11-30T06:30"),
    ],
)
def test_what_repeats_is_due_on_its_next_day(after: str, repeat: tuple[int, ...], due: str) -> None:
    wall = datetime.fromisoformat("2026-11-30T07:30")
    assert next_due(wall, repeat, utc(after)) == utc(due)


def test_another_zone_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    wall = datetime.fromisoformat("2026-12-01T07:30")
    assert due_at(wall) == utc("2026-12-01T06:30")
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "Asia/Shanghai")
        assert due_at(wall) == utc("2026-11-30T23:30")
        assert local_time(0).isoformat() == "1970-01-01T08:00:00+08:00"


def test_the_computers_own_clocks() -> None:
    first, second = read_clock(), read_clock()
    assert first.boot_id == second.boot_id
    assert 0 <= second.boot - first.boot < 60
