"""What requests carry, as JSON; ``/v1/openapi.json`` is made from it, and from ``answers.py``."""

import builtins
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from daemon.skills.intents import Kind
from daemon.skills.timer_table import MAX_SECONDS

MAX_TEXT = 5000  # characters: ten minutes of speech
MAX_NAME = 200  # characters
MAX_VALUE = 4000  # characters of a setting
MAX_OFFER = 16_000  # characters; a browser's has 2,000
MAX_FILM_S = 24 * 3600.0  # a forgotten recording ends by itself

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_TEXT)]
Name = Annotated[str, StringConstraints(max_length=MAX_NAME)]
Limit = Annotated[int, Field(ge=1, le=500)]
Number = Annotated[int, Field(ge=0, le=2**63 - 1)]  # of a conversation or fact, as SQLite has it
Value = (
    Annotated[str, Field(max_length=MAX_VALUE)]
    | bool
    | int
    | float
    | Annotated[list[Annotated[str, Field(max_length=8)]], Field(max_length=8)]
)


class Body(BaseModel):
    """What a request carries: nothing that is not known, and nothing turned into another type."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class SpeechRequest(Body):
    """A text to say, or a question to answer."""

    text: Text


class SwitchRequest(Body):
    """Which device is meant."""

    what: Literal["microphone", "camera"] = "microphone"


class KeyRequest(Body):
    """The push-to-talk key was pressed (``on``) or let go."""

    on: bool


class RecordingRequest(Body):
    """How long a film is to become, unless it is ended before."""

    seconds: Annotated[float, Field(gt=0, le=MAX_FILM_S)] = MAX_FILM_S


class FaceChoice(Body):
    """A face, as ``digital-life faces list`` names it."""

    name: Name


class VoiceChoice(Body):
    """A voice of ``voices list``: a plain one for its language, or one that it is converted to."""

    name: Name
    """"" converts none."""
    language: str = ""
    """Not looked at any more: a plain voice tells its own."""


class PersonaChoice(Body):
    """Who is to answer."""

    name: Name


class SettingRequest(Body):
    """A setting that the panel offers, such as ``voice.speed``, and its value."""

    name: Name
    value: Value


class PullRequest(Body):
    """Whether the licence of what is fetched is accepted."""

    accept_license: bool = False


class OfferRequest(Body):
    """A page's offer to listen: WebRTC's, in SDP."""

    offer: Annotated[str, Field(max_length=MAX_OFFER)]


class TimerRequest(Body):
    """What is to be set: in ``words``, or in ``seconds`` from now, or ``at`` a wall time."""

    words: Text | None = None
    """As it would be said: "remind me to call the dentist tomorrow at nine", or "10 minutes"."""
    kind: Kind = "timer"
    seconds: Annotated[float, Field(gt=0, le=MAX_SECONDS)] | None = None
    at: Annotated[str, Field(max_length=40)] | None = None
    """Of alarms and reminders: the time on the wall, such as ``2026-12-01T07:30``."""
    name: Name = ""
    """A name; of a reminder, its text."""
    repeat: Annotated[list[Annotated[int, Field(ge=0, le=6)]], Field(max_length=7)] = []
    """Weekdays on which it rings at that time, Monday 0; empty: once."""


class RingingChoice(Body):
    """Which of those that ring is meant; none: all."""

    id: Number | None = None


class SnoozeRequest(RingingChoice):
    """For how long it is put off; none: as long as when it is said."""

    seconds: Annotated[float, Field(gt=0, le=MAX_SECONDS)] | None = None


class ItemsRequest(Body):
    """What is to be put on a list: ``shopping``, ``todo`` or one of any name."""

    list: Annotated[str, Field(min_length=1, max_length=MAX_NAME)]
    items: Annotated[builtins.list[Text], Field(min_length=1, max_length=100)]


class PersonChange(Body):
    """What is to change of somebody who is known."""

    name: Name | None = None
    owner: bool | None = None
    persona: Name | None = None
    """Who answers them; "" is whoever answers everybody."""
    language: Annotated[str, Field(max_length=8)] | None = None
    """The language they are answered in; "" is the one that they speak."""
    tools: bool | None = None
