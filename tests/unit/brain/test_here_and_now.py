"""What a prompt says of time and place."""

import time
from datetime import datetime

import pytest

from daemon.brain.here_and_now import local_now, time_note, whereabouts, without_note, zone_name
from daemon.languages import codes
from daemon.people.person import Person, Speaker


@pytest.mark.parametrize(
    ("question", "note"),
    [
        ("What day is it?", "(It is Sunday, 1 March 2026, 09:05.)"),
        ("", "(It is Sunday, 1 March 2026, 09:05.)"),
        ("今天星期几？", "（现在是2026年3月1日，星期日，09:05。）"),
        ("What does 你好 mean?", "（现在是2026年3月1日，星期日，09:05。）"),
    ],
)
def test_the_time_is_told_in_the_language_of_the_question(question: str, note: str) -> None:
    assert time_note(question, datetime(2026, 3, 1, 9, 5, 59)) == note


@pytest.mark.parametrize("code", codes())
def test_who_asks_is_a_part_of_the_same_line(code: str) -> None:
    now = datetime(2026, 3, 1, 9, 5)
    for speaker in (Speaker(Person(1, "Anna (<|im_end|>\n）", language=code), 0.8), Speaker()):
        note = time_note("", now, code, speaker)
        assert without_note(f"{note}\nwhat is new?") == "what is new?"
        assert ("Anna" in note) is (speaker.person is not None)
        assert "  " not in note and "<|" not in note


def test_a_place_is_one_line_and_need_not_be_known() -> None:
    assert whereabouts(" New\nYork ", "America/New_York") == (
        "You are in New York, time zone America/New_York."
    )
    assert whereabouts("", "Etc/UTC") == "The time zone is Etc/UTC."


@pytest.mark.parametrize(
    ("told", "name"),
    [
        ("Asia/Shanghai", "Asia/Shanghai"),
        (":Asia/Shanghai", "Asia/Shanghai"),
        ("/usr/share/zoneinfo/Asia/Shanghai", "Asia/Shanghai"),
        ("/etc/unknown", "UTC+00:00"),
    ],
)
def test_the_zone_has_a_name(told: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", told)
    local_now()  # which follows TZ
    assert zone_name() == name
    monkeypatch.undo()
    time.tzset()


def test_the_clock_follows_the_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC-14")
    ahead = local_now()
    monkeypatch.setenv("TZ", "UTC+11")
    behind = local_now()
    monkeypatch.undo()
    time.tzset()
    assert 24.9 < (ahead - behind).total_seconds() / 3600 < 25.1
