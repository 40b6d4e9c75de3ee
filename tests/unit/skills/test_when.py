"""Which moment is meant by what is said of a time."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from daemon.skills import times_en, times_zh
from daemon.skills.intents import Reason
from daemon.skills.normal import normalised
from daemon.skills.numbers import chinese_number, english_number, english_ordinal
from daemon.skills.places import zone_of
from daemon.skills.special_days import next_special_day
from daemon.skills.when import Purpose, merged, moment, wall_times

BERLIN = ZoneInfo("Europe/Berlin")


def meant(said: str, now: datetime, purpose: Purpose = "reminder") -> datetime | Reason | None:
    text = normalised(said)
    (times_en if said.isascii() else times_zh).mark_times(text, now.date())
    when = merged(text.whens(text.text))
    assert when is not None
    return moment(when, now, purpose)


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}").replace(tzinfo=BERLIN)


@pytest.mark.parametrize(
    ("said", "now", "purpose", "expected"),
    [
        # The next such hour …
        ("at seven", "06-10 12:00", "reminder", "06-10 19:00"),
        ("at seven", "06-10 12:00", "alarm", "06-10 19:00"),
        ("at seven", "06-10 05:00", "alarm", "06-10 07:00"),
        ("at twelve", "06-10 09:00", "reminder", "06-10 12:00"),
        # … while people are awake, unless they are up anyway …
        ("at three", "06-10 23:00", "reminder", "06-11 15:00"),
        ("at three", "06-10 01:00", "reminder", "06-10 03:00"),
        # … and from the evening on, an alarm is for the morning.
        ("at seven", "06-10 18:10", "alarm", "06-11 07:00"),
        ("at seven", "06-10 18:10", "reminder", "06-10 19:00"),
        ("at seven", "06-10 10:00", "wake", "06-11 07:00"),
        ("at four", "06-10 14:00", "wake", "06-10 16:00"),
        # On another day.
        ("tomorrow at seven", "06-10 12:00", "alarm", "06-11 07:00"),
        ("tomorrow at three", "06-10 12:00", "reminder", "06-11 15:00"),
        ("tomorrow at five", "06-10 12:00", "alarm", "06-11 05:00"),
        # Said in full.
        ("at seven in the morning", "06-10 12:00", "reminder", "06-11 07:00"),
        ("tonight at eight", "06-10 12:00", "alarm", "06-10 20:00"),
        ("tonight at twelve", "06-10 12:00", "reminder", "06-11 00:00"),
        ("tonight at one", "06-10 12:00", "reminder", "06-11 01:00"),
        ("at midnight", "06-10 12:00", "reminder", "06-11 00:00"),
        ("下午三点", "06-10 12:00", "reminder", "06-10 15:00"),
        ("凌晨两点", "06-10 12:00", "reminder", "06-11 02:00"),
        ("晚上十二点", "06-10 12:00", "reminder", "06-11 00:00"),
        ("中午十一点半", "06-10 09:00", "reminder", "06-10 11:30"),
        # Days that come again.
        ("on Wednesday at 9 am", "06-10 12:00", "reminder", "06-17 09:00"),
        ("on Wednesday at 9 am", "06-10 08:00", "reminder", "06-10 09:00"),
        ("next Wednesday at 9 am", "06-10 08:00", "reminder", "06-17 09:00"),
        ("on the 10th at 9 am", "06-10 12:00", "reminder", "07-10 09:00"),
        ("every monday at 8 am", "06-10 12:00", "alarm", "06-15 08:00"),
        ("every day at 8 am", "06-10 12:00", "alarm", "06-11 08:00"),
        # Without an hour.
        ("tomorrow", "06-10 12:00", "reminder", "06-11 09:00"),
        ("tomorrow morning", "06-10 12:00", "alarm", "06-11 07:00"),
        ("tonight", "06-10 22:10", "reminder", "06-10 23:10"),
        ("in two weeks at noon", "06-10 12:00", "reminder", "06-24 12:00"),
        ("in one month", "01-31 12:00", "reminder", "02-28 12:00"),
    ],
)
def test_the_moment(said: str, now: str, purpose: Purpose, expected: str) -> None:
    assert meant(said, at(now), purpose) == at(expected)


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("yesterday at nine", Reason.IN_THE_PAST),
        ("three days ago", Reason.IN_THE_PAST),
        ("today at 9 am", Reason.IN_THE_PAST),
        ("on 31 February", Reason.NO_SUCH_DATE),
        ("二月三十号", Reason.NO_SUCH_DATE),
        ("at 25 o'clock", Reason.NO_SUCH_TIME),
        ("at 7:75", Reason.NO_SUCH_TIME),
        ("in minus two minutes", Reason.NOT_POSITIVE),
        ("in zero seconds", Reason.NOT_POSITIVE),
        ("零分钟后", Reason.NOT_POSITIVE),
        ("in 400 years", Reason.TOO_LONG),
        ("in 999999999 years", Reason.TOO_LONG),
        ("every two hours", Reason.NOT_REPEATABLE),
    ],
)
def test_what_cannot_be(said: str, reason: Reason) -> None:
    assert meant(said, at("06-10 12:00")) is reason


def test_an_alarm_for_some_day_needs_an_hour() -> None:
    assert meant("tomorrow", at("06-10 12:00"), "alarm") is None


def test_minutes_are_minutes_over_a_clock_change() -> None:
    # On 25 October at three, Berlin's clocks go back to two.
    before = at("10-25 01:50")
    later = meant("in twenty minutes", before)
    assert isinstance(later, datetime)
    assert later.timestamp() - before.timestamp() == 1200
    assert meant("tomorrow at nine", at("10-24 12:00")) == at("10-25 09:00")


def test_a_skipped_wall_time_is_kept() -> None:
    # On 29 March, Berlin has no half past two; the scheduler decides what rings then.
    found = meant("at 2:30 am", at("03-28 12:00"))
    assert isinstance(found, datetime)
    assert (found.hour, found.minute, found.date()) == (2, 30, date(2026, 3, 29))


def test_contradictions_are_no_time() -> None:
    text = normalised("tomorrow today")
    times_en.mark_times(text, date(2026, 6, 10))
    assert merged(text.whens(text.text)) is None


@pytest.mark.parametrize(
    ("said", "times"),
    [("at seven", ["07:00", "19:00"]), ("at 7 pm", ["19:00"]), ("tomorrow", [])],
)
def test_which_times_may_be_meant(said: str, times: list[str]) -> None:
    text = normalised(said)
    times_en.mark_times(text, date(2026, 6, 10))
    [when] = text.whens(text.text)
    assert [f"{found:%H:%M}" for found in wall_times(when)] == times


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("an hour and a half", 5400),
        ("one and a half hours", 5400),
        ("three quarters of an hour", 2700),
        ("a minute thirty", 90),
        ("1h 30m", 5400),
        ("two hours and 15 minutes", 8100),
        ("twenty-five minutes", 1500),
        ("一个半小时", 5400),
        ("两分半钟", 150),
        ("三刻钟", 2700),
        ("一小时二十分钟", 4800),
        ("一点五小时", 5400),
    ],
)
def test_lengths(said: str, seconds: float) -> None:
    text = normalised(said)
    (times_en if said.isascii() else times_zh).mark_times(text, date(2026, 6, 10))
    assert [span.total_s for span in text.spans(text.text)] == [seconds]


def test_numbers() -> None:
    assert english_number("two hundred and fifty") == 250
    assert english_number("one point five") == 1.5
    assert english_number("3 thousand") == 3000
    assert english_ordinal("thirty first") == 31
    assert english_ordinal("22nd") == 22
    assert chinese_number("两百五") == 250
    assert chinese_number("十百") is None


@pytest.mark.parametrize(
    ("name", "day"),
    [
        ("easter", date(2027, 3, 28)),
        ("thanksgiving", date(2026, 11, 26)),
        ("christmas", date(2026, 12, 25)),
        ("春节", date(2027, 2, 6)),
        ("除夕", date(2027, 2, 5)),
        ("中秋节", date(2026, 9, 25)),
        ("母亲节", date(2027, 5, 9)),
    ],
)
def test_days_that_have_a_name(name: str, day: date) -> None:
    found = next_special_day(name, date(2026, 6, 10))
    assert found is not None
    assert found[1] == day
    assert next_special_day(name, day + timedelta(days=1)) != found


def test_the_chinese_calendar_ends() -> None:
    assert next_special_day("春节", date(2150, 1, 1)) is None


@pytest.mark.parametrize(
    ("place", "zone"),
    [
        ("tokyo", "Asia/Tokyo"),
        ("beijing", "Asia/Shanghai"),
        ("san francisco", "America/Los_Angeles"),
        ("纽约", "America/New_York"),
        ("慕尼黑", "Europe/Berlin"),
        ("the story", None),
        ("", None),
    ],
)
def test_zones_of_places(place: str, zone: str | None) -> None:
    assert zone_of(place) == zone
