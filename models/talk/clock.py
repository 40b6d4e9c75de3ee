"""Questions of time, date and place, answered from what the app puts into the prompt."""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, cast

from models.talk.prompts import Dialogue, scene, some_time, spoken_day, timed_question, weekday
from models.talk.wording import LANGUAGES, Draw, load

_PARTS = (  # until which hour
    (5, "night", "凌晨"),
    (12, "morning", "上午"),
    (18, "afternoon", "下午"),
    (22, "evening", "晚上"),
    (24, "night", "夜里"),
)


def _part(at: datetime, language: str) -> str:
    _, english, chinese = next(part for part in _PARTS if at.hour < part[0])
    return chinese if language == "zh" else english


def _clock(at: datetime, language: str) -> str:
    if language == "en":
        return f"{at.hour}:{at.minute:02}"
    return f"{at.hour}点{at.minute:02}分" if at.minute else f"{at.hour}点整"


def _date(at: datetime, language: str) -> str:
    return f"{at.month}月{at.day}日" if language == "zh" else spoken_day(at).rpartition(" ")[0]


def _slots(at: datetime, language: str) -> dict[str, str]:
    day = timedelta(days=1)
    return {
        "clock": _clock(at, language),
        "part": _part(at, language),
        "weekday": weekday(at, language),
        "tomorrow": weekday(at + day, language),
        "yesterday": weekday(at - day, language),
        "overmorrow": weekday(at + 2 * day, language),
        "date": _date(at, language),
        "tomorrowdate": _date(at + day, language),
        "year": str(at.year),
        "month": f"{at.month}月" if language == "zh" else _date(at, "en").partition(" ")[2],
        "hour": str(at.hour),
    }


_FORMS = cast(dict[str, dict[str, Any]], load("forms")["clock"])
_COUNTS = {"time": 36, "day": 40, "date": 30, "year": 22, "part": 12, "weekend": 12}


def clock(seed: int, share: float) -> Iterator[Dialogue]:
    """Yield the dialogues about time and place."""
    for language in LANGUAGES:
        for name, count in _COUNTS.items():
            scripts = _FORMS[language][name]
            rng = random.Random(f"{seed} clock {name} {language}")
            for number in range(round(count * share / 2)):
                yield _timed(f"clock_{name}", language, scripts[number % len(scripts)], rng)
        rng = random.Random(f"{seed} place {language}")
        for number in range(round(14 * share)):
            here = _FORMS[language]["here"][number % 2]
            yield _placed("place_known", language, here, rng, known=True)
        for _ in range(round(6 * share)):
            yield _placed("place_unknown", language, _FORMS[language]["nowhere"], rng, known=False)
            missing = _placed(
                "clock_missing", language, _FORMS[language]["no_clock"], rng, known=None
            )
            missing.noted = True  # there is to be no note
            yield missing


def _timed(family: str, language: str, script: list[str], rng: random.Random) -> Dialogue:
    at = some_time(rng)
    slots = _slots(at, language)
    slots["weekend"] = _FORMS[language]["weekend_is"][at.weekday() < 5].format(**slots)
    draw = Draw(language, rng, slots)
    lines = script[: rng.choice((2, 4))]
    turns = [draw.assistant(line) for line in lines]
    moments: list[datetime] = [at] * len(turns)
    if rng.random() < 0.4:  # the time that counts is that of the newest question
        other = at - timedelta(minutes=rng.randint(1, 50))
        if other.date() == at.date():
            turns = [*(draw.assistant(line) for line in _FORMS[language]["before"]), *turns]
            moments = [other, other, *moments]
    for number in range(0, len(turns), 2):
        turns[number] = timed_question(turns[number], moments[number])
    return Dialogue(family, language, turns, scene(rng).system, noted=True)


def _placed(
    family: str, language: str, script: list[str], rng: random.Random, known: bool | None
) -> Dialogue:
    who = scene(rng, known)
    place = who.place[language == "zh"]
    draw = Draw(language, rng, {"place": place, "zone": who.zone})
    return Dialogue(family, language, [draw.assistant(line) for line in script], who.system)
