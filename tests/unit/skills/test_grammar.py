"""What is understood without a model, and what is left to the brain."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from daemon.skills.grammar import understand
from daemon.skills.intents import (
    AddToList,
    Cancel,
    ClearList,
    Correct,
    DueAt,
    Extend,
    Impossible,
    Intent,
    Names,
    Query,
    ReadList,
    RemoveFromList,
    Reschedule,
    Selector,
    SetAlarm,
    SetPace,
    SetReminder,
    SetTimer,
    SetVolume,
    Snooze,
    SwitchFace,
    SwitchVoice,
    TellDate,
    TellTime,
    TellTimeUntil,
)
from daemon.skills.normal import MAX_LENGTH, normalised

GOLDEN = Path(__file__).parents[2] / "golden"
NOW = datetime(2026, 11, 30, 18, 30, tzinfo=ZoneInfo("Europe/Berlin"))  # a Monday
NAMES = Names(
    assistant=("Luna", "Digital Life", "小美"),
    voices=("Amy", "Ryan", "小雅"),
    faces=("Default", "Ada"),
    timers=("pasta", "鸡蛋"),
    lists=("packing", "party"),
)


def rows(name: str) -> list[tuple[str, str]]:
    lines = (GOLDEN / name).read_text(encoding="utf-8").splitlines()
    return [(said, meant) for said, meant in (line.split("\t") for line in lines)]


def told(intent: Intent | None) -> str:
    """Return an intent as it stands in the tables."""
    return "-" if intent is None else " | ".join(_parts(intent)).rstrip(" |")


def _parts(intent: Intent) -> Sequence[str]:
    match intent:
        case SetTimer(seconds, name):
            return "timer", _length(seconds), name
        case SetAlarm(at, name, repeat):
            return "alarm", _at(at), name, _every(repeat)
        case SetReminder(at, text, repeat):
            return "remind", _at(at), text, _every(repeat)
        case Cancel(kind, name, which, everything):
            return "cancel", kind or "any", name, _which(which), "all" * everything
        case Query(kind, name, which):
            return "query", kind or "any", name, _which(which)
        case Reschedule(kind, timedelta() as to, name, which):
            return "move", kind or "any", _length(to.total_seconds()), name, _which(which)
        case Reschedule(kind, to, name, which):
            return "move", kind or "any", _at(to), name, _which(which)  # type: ignore[arg-type]
        case Snooze(seconds):
            return "snooze", _length(seconds) if seconds else ""
        case Extend(seconds, name):
            return "extend", _length(seconds), name
        case AddToList(name, items):
            return "add", name, ", ".join(items)
        case RemoveFromList(name, items):
            return "remove", name, ", ".join(items)
    return _other_parts(intent)


def _other_parts(intent: Intent) -> Sequence[str]:
    match intent:
        case ReadList(name):
            return "read", name
        case ClearList(name):
            return "clear", name
        case TellTime(zone, place):
            return "time", zone or "", place
        case TellDate(day, asked, called):
            return "date", str(day), asked, called
        case TellTimeUntil(at):
            return "until", _at(at)
        case SetVolume(level, delta):
            return "volume", f"{level:g}" if level is not None else f"{delta:+g}"
        case SetPace(value, delta):
            return "pace", f"{value:g}" if value is not None else f"{delta:+g}"
        case SwitchVoice(name):
            return "voice", name
        case SwitchFace(name):
            return "face", name
        case Impossible(reason):
            return "impossible", reason.value
        case Correct(by):
            return "correct", told(by)
    return (type(intent).__name__,)


def _length(seconds: float | None) -> str:
    return "?" if seconds is None else f"{seconds:g}"


def _at(at: datetime | None) -> str:
    return "?" if at is None else f"{at:%Y-%m-%d %H:%M}"


def _every(repeat: tuple[int, ...]) -> str:
    return f"every {''.join(map(str, repeat))}" if repeat else ""


def _which(which: Selector) -> str:
    match which:
        case timedelta():
            return f"{_length(which.total_seconds())}s"
        case DueAt(times, day):
            return "/".join([*(f"{at:%H:%M}" for at in times), *([str(day)] if day else [])])
    return ""


@pytest.mark.parametrize(("said", "meant"), rows("skills_en.tsv"))
def test_english(said: str, meant: str) -> None:
    assert told(understand(said, "en", NOW, NAMES)) == meant


@pytest.mark.parametrize(("said", "meant"), rows("skills_zh.tsv"))
def test_chinese(said: str, meant: str) -> None:
    assert told(understand(said, "zh", NOW, NAMES)) == meant


def conversations() -> list[list[tuple[str, str]]]:
    """Return what is said one after the other; empty lines are between conversations."""
    text = (GOLDEN / "skills_talks.tsv").read_text(encoding="utf-8")
    return [
        [(said, meant) for said, meant in (line.split("\t") for line in talk.splitlines())]
        for talk in text.strip().split("\n\n")
    ]


@pytest.mark.parametrize("talk", conversations(), ids=lambda talk: talk[-1][0])
def test_one_thing_after_another(talk: list[tuple[str, str]]) -> None:
    before: Intent | None = None
    for said, meant in talk:
        intent = understand(said, "en", NOW, NAMES, before)
        assert told(intent) == meant
        before = intent or before


@pytest.mark.parametrize(("said", "meant"), rows("skills_ringing.tsv"))
def test_while_something_rings(said: str, meant: str) -> None:
    assert told(understand(said, "en", NOW, Names(assistant=("Luna",), ringing=True))) == meant


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=MAX_LENGTH), st.sampled_from(["en", "zh"]), st.booleans())
def test_no_text_is_too_odd(text: str, language: str, ringing: bool) -> None:
    understand(text, language, NOW, Names(ringing=ringing), SetReminder(None, "call Bob"))


WORDS = [
    "set", "a", "timer", "alarm", "for", "at", "in", "on", "the", "ten", "minutes", "half", "past",
    "seven", "remind", "me", "to", "call", "every", "day", "monday", "next", "cancel", "all", "add",
    "list", "milk", "what", "time", "is", "it", "until", "7:30", "25", "minus", "more", "and", "no",
    "设", "一个", "十", "分钟", "的", "计时器", "闹钟", "提醒我", "明天", "早上", "七点", "半",
    "取消", "所有", "加", "清单", "几点", "下周三", "不对", "还有", "二月", "31号",
]  # fmt: skip


@settings(max_examples=500, deadline=None)
@given(st.lists(st.sampled_from(WORDS), max_size=14))
@example(["十", "十", "七点"])
def test_no_jumble_of_its_own_words_fails(words: list[str]) -> None:
    for glue in (" ", ""):
        text = glue.join(words)
        for before in (None, SetTimer(600.0), AddToList("shopping", ("milk",)), SetAlarm(NOW)):
            understand(text, "en", NOW, NAMES, before)


@pytest.mark.parametrize(
    "piece", ["set a timer for ", "and ", "十", "提醒我", "a", "7:30 ", "no, "]
)
def test_a_long_text_is_left_to_the_brain(piece: str) -> None:
    assert understand(piece * (10_000 // len(piece)), "en", NOW, NAMES) is None


@given(st.text(max_size=80))
def test_every_letter_knows_its_place(text: str) -> None:
    normal = normalised(text)
    assert len(normal.text) == len(normal.starts) == len(normal.ends)
    assert normal.starts == sorted(normal.starts)
    assert all(
        0 <= start < end <= len(text) for start, end in zip(normal.starts, normal.ends, strict=True)
    )
