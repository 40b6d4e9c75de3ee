"""What commands, programs and the panel ask for."""

import time
from collections.abc import Iterator
from contextlib import closing
from datetime import date, datetime, timedelta
from datetime import time as time_of_day
from pathlib import Path
from typing import Any

import pytest

from daemon.errors import InputError, named
from daemon.skills import requests
from daemon.skills.entries import EXAMPLE, Entry
from daemon.skills.intents import (
    Impossible,
    Intent,
    Names,
    Reason,
    SetAlarm,
    SetReminder,
    SetTimer,
    TellTime,
)
from daemon.skills.requests import Wanted
from daemon.skills.store import SkillStore

# At noon, when no clock is set forward or back; and with the offset that holds tomorrow, not today.
SOON = datetime.combine(date.today() + timedelta(days=1), time_of_day(12)).astimezone()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SkillStore]:
    with closing(SkillStore(tmp_path / "skills.db")) as opened:
        yield opened


class Parse:
    """Understands what it was told to, and notes what it was asked."""

    def __init__(self, **known: Intent) -> None:
        self.known, self.asked = known, []  # type: tuple[dict[str, Intent], list[tuple[str, str]]]

    def __call__(self, text: str, language: str, now: datetime, names: Names) -> Intent | None:
        assert now.tzinfo is not None
        self.asked.append((text, language))
        return self.known.get(text)


def by_words(store: SkillStore, intent: Intent, name: str = "") -> Entry:
    return requests.add(store, Wanted("this", name=name), Parse(this=intent))


def test_words_set_what_they_would_set_when_said(store: SkillStore) -> None:
    timer = by_words(store, SetTimer(600, "pasta"))
    assert (timer.kind, timer.text, timer.seconds) == ("timer", "pasta", 600)
    alarm = by_words(store, SetAlarm(SOON, "", (1, 2)), name="up")
    assert (alarm.kind, alarm.text, alarm.repeat) == ("alarm", "up", (1, 2))
    reminder = by_words(store, SetReminder(SOON, "call the dentist"))
    assert (reminder.kind, reminder.text) == ("reminder", "call the dentist")
    assert reminder.due == SOON.timestamp()


@pytest.mark.parametrize(
    ("words", "language", "tried"),
    [("10 minutes", "en", "set a timer for 10 minutes"), ("十分钟", "zh", "设一个十分钟的计时器")],
)
def test_a_bare_length_is_a_timer(store: SkillStore, words: str, language: str, tried: str) -> None:
    parse = Parse(**{tried: SetTimer(600)})
    assert requests.add(store, Wanted(words, name="pasta"), parse).text == "pasta"
    assert parse.asked == [(words, language), (tried, language)]
    assert requests.add(store, Wanted(words)).seconds == 600, "and the grammar knows it"


@pytest.mark.parametrize(
    "intent",
    [
        TellTime(),
        SetTimer(None),
        SetAlarm(None),
        SetReminder(None, "call"),
        SetReminder(SOON, ""),
        Impossible(Reason.IN_THE_PAST),
        None,
    ],
)
def test_what_sets_nothing_is_refused_with_an_example(store: SkillStore, intent: Any) -> None:
    with pytest.raises(InputError) as refused:
        by_words(store, intent)
    assert refused.value.fix == EXAMPLE
    assert refused.value.message
    assert not store.timers.entries()


def test_a_log_does_not_get_the_words(store: SkillStore) -> None:
    with pytest.raises(InputError) as refused:
        requests.add(store, Wanted("the dentist said no"), Parse())
    assert "dentist" in str(refused.value)
    assert "dentist" not in named(refused.value)


def test_figures_do_too(store: SkillStore) -> None:
    timer = requests.add(store, Wanted(seconds=90, name="egg"))
    assert (timer.kind, timer.seconds, timer.text) == ("timer", 90, "egg")
    at = SOON.replace(tzinfo=None).isoformat()
    alarm = requests.add(store, Wanted(kind="alarm", at=at, repeat=[4, 0, 4]))
    assert (alarm.kind, alarm.repeat) == ("alarm", (0, 4))
    reminder = requests.add(store, Wanted(kind="reminder", at=SOON.isoformat(), name="call"))
    assert reminder.due == SOON.timestamp()
    soon = requests.add(store, Wanted(kind="reminder", seconds=3600, name="call"))
    assert soon.due == pytest.approx(time.time() + 3600, abs=60)


@pytest.mark.parametrize(
    "wanted",
    [
        Wanted(),
        Wanted("10 minutes", seconds=5),
        Wanted(seconds=5, at="2099-01-01T09:00"),
        Wanted(at="2099-01-01T09:00"),  # of a timer
        Wanted(seconds=5, repeat=[1]),
        Wanted(kind="reminder", seconds=5, name=" "),
        Wanted(kind="alarm", at="tomorrow"),
        Wanted(kind="alarm", at="2020-01-01T09:00"),
        Wanted(kind="alarm", at="2099-02-31T09:00"),
    ],
)
def test_what_says_not_once_what_is_to_ring_when_is_refused(
    store: SkillStore, wanted: Wanted
) -> None:
    with pytest.raises(InputError):
        requests.add(store, wanted)
    assert not store.timers.entries()


def test_one_is_found_by_its_number_or_its_name(store: SkillStore) -> None:
    first = store.timers.add_timer(60, "Pasta")
    second = store.timers.add_timer(60, "1")
    assert requests.find_entries(store, " pasta ") == [first]
    assert requests.find_entries(store, str(second.id)) == [second]
    assert requests.find_entries(store, "1") == [first], "numbers go first"
    for unknown in ("", "soup", "77", "9" * 40, "²"):
        with pytest.raises(InputError) as refused:
            requests.find_entries(store, unknown)
        assert refused.value.fix == "digital-life timers"


def test_cancelling_takes_one_or_all(store: SkillStore) -> None:
    first, second = store.timers.add_timer(60), store.timers.add_timer(70)
    third = store.timers.add_timer(80)
    assert requests.cancel(store, [first.id]) == [first]
    assert requests.cancel(store, None) == [second, third]
    assert requests.cancel(store, None) == []


def test_what_rings_is_stopped_or_put_off(store: SkillStore) -> None:
    for change in (requests.stop, lambda store: requests.snooze(store, 60)):
        with pytest.raises(InputError):
            change(store)
    rings, waits = store.timers.add_timer(60, "a"), store.timers.add_timer(60, "b")
    store.timers.ring([rings.id])
    (later,) = requests.snooze(store, 300)
    assert (later.id, later.state, later.snoozed) == (rings.id, "pending", 1)
    store.timers.ring([rings.id])
    assert [entry.id for entry in requests.stop(store)] == [rings.id]
    assert store.timers.entries() == [waits]


@pytest.mark.parametrize(
    ("name", "kept"),
    [("Shopping", "shopping"), ("购物清单", "shopping"), ("To-Do", "todo"), ("待办", "todo"),
     ("Books  to read", "books to read")],
)  # fmt: skip
def test_a_list_is_known_by_what_people_call_it(name: str, kept: str) -> None:
    assert requests.canonical_list(name) == kept


def test_a_list_without_a_name_is_none() -> None:
    with pytest.raises(InputError):
        requests.canonical_list(" \n")


@pytest.mark.parametrize(
    "words",
    [
        "31 February at nine",
        "31 February",
        "2月31日九点",
        "minus two minutes",
        "负两分钟",
        "yesterday at nine",
        "昨天九点",
        "25:00",
    ],
)
def test_a_bare_moment_that_cannot_be_is_told(store: SkillStore, words: str) -> None:
    with pytest.raises(InputError) as caught:
        requests.add(store, Wanted(words))
    assert words not in str(caught.value), "understood, and told why it cannot be"
    assert str(caught.value) != str(requests.unsaid())
    assert store.timers.entries() == []


@pytest.mark.parametrize("words", ["tomorrow at nine", "明天九点", "weekdays at seven"])
def test_a_bare_moment_is_an_alarm(store: SkillStore, words: str) -> None:
    assert requests.add(store, Wanted(words)).kind == "alarm"
