"""What stands around a dialogue in the app: the persona, the place, what is recalled, the time."""

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, cast

from daemon.brain.here_and_now import time_note, whereabouts
from daemon.languages import language
from models.talk.wording import load

_SCENES = cast(dict[str, Any], load("scenes"))
_PERSONAS: list[dict[str, Any]] = _SCENES["persona"]
DEFAULT = _PERSONAS[0]["prompt"] + _SCENES["rules"]["en"]
"""The persona that the settings have from the start."""
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_RECALLED = "What you know of the person from earlier conversations:"
WITH_NOTE = 0.7  # the share of dialogues in which each question has the time before it


@dataclass
class Dialogue:
    """One conversation, as the model is to see it."""

    family: str
    """The template that it was made from."""
    language: str
    turns: list[str]
    """What the person and the assistant said, in turn."""
    system: str = ""
    """The persona and all that goes with it; "" leaves it to the chat template."""
    noted: bool = False
    """Whether the questions have the time before them already, or are to have none."""
    learn: list[bool] = field(default_factory=list)
    """Which of the assistant's turns are learnt; all of them if empty."""
    told: list[str] = field(default_factory=list)
    """What the person told of themselves, for the tests."""

    def record(self) -> dict[str, object]:
        """Return it as it is written."""
        system = [{"role": "system", "content": self.system}] if self.system else []
        roles = ("user", "assistant")
        said = [
            {"role": roles[number % 2], "content": text} for number, text in enumerate(self.turns)
        ]
        answers = len(self.turns) // 2
        return {
            "family": self.family,
            "language": self.language,
            "messages": [*system, *said],
            "train": self.learn or [True] * answers,
        }


@dataclass(frozen=True)
class Scene:
    """Who answers, and where."""

    names: tuple[str, str]
    """What the persona is called, in English and Chinese."""
    place: tuple[str, str]
    """Where it is, in English and Chinese; empty if that is not known."""
    zone: str
    system: str

    def name(self, language: str) -> str:
        """Return what the persona is called in ``language``."""
        return self.names[language == "zh"]


def scene(rng: random.Random, place: bool | None = None) -> Scene:
    """Draw who answers and where; with ``place`` the place is known, or is not."""
    persona = rng.choices(_PERSONAS, weights=[one["weight"] for one in _PERSONAS])[0]
    prompt = persona["prompt"] + _SCENES["rules"][persona["rules"]]
    english, chinese = persona["names"]
    city, city_zh, zone = rng.choice(_SCENES["places"]["rows"])
    if place is None:
        place = rng.random() < 0.3
    if place:
        where = f" {whereabouts(city, zone)}"
    else:
        where = f" {whereabouts('', zone)}" if rng.random() < 0.8 else ""
        city = city_zh = ""
    return Scene((english, chinese), (city, city_zh), zone, prompt + where)


def recalled(system: str, lines: list[str]) -> str:
    """Return a system prompt with what is known from earlier conversations."""
    return f"{system}\n\n{_RECALLED}\n" + "\n".join(lines)


def spoken_day(at: datetime) -> str:
    """Return a date as the app writes it in English."""
    return f"{at.day} {language('en').said.months[at.month - 1]} {at.year}"


def weekday(at: datetime, language: str) -> str:
    """Return the day of the week."""
    if language == "zh":
        return f"星期{'一二三四五六日'[at.weekday()]}"
    return _WEEKDAYS[at.weekday()]


def timed_question(question: str, at: datetime) -> str:
    """Return a question with the time before it, as the app asks it."""
    return f"{time_note(question, at)}\n{question}"


def some_time(rng: random.Random) -> datetime:
    """Draw a minute of a day of some years."""
    return datetime(2025, 1, 1) + timedelta(minutes=rng.randrange(6 * 365 * 24 * 60))


def add_notes(dialogue: Dialogue, rng: random.Random, share: float = WITH_NOTE) -> None:
    """Put the time before each question, in ``share`` of the dialogues."""
    if dialogue.noted or rng.random() >= share:
        return
    dialogue.noted = True
    at = some_time(rng)
    for number in range(0, len(dialogue.turns), 2):
        question = dialogue.turns[number]
        dialogue.turns[number] = timed_question(question, at)
        at += timedelta(seconds=rng.randint(10, 120))
