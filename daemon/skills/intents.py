"""What somebody can want of the built-in skills; understood by the grammar, carried out elsewhere.

A part that was not said is ``None`` or empty and is asked for ("For how long?"); the next thing
said completes it, see ``grammar.understand``.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import Enum
from typing import Literal

from daemon.skills.memory_intents import Consent, ForgetSaid, Recollect, Remember

Kind = Literal["timer", "alarm", "reminder"]


@dataclass(frozen=True, slots=True)
class Names:
    """What there is that can be called by a name, and what is going on."""

    assistant: tuple[str, ...] = ()
    """What it is called; may stand before and after what is wanted."""
    personas: tuple[str, ...] = ()
    voices: tuple[str, ...] = ()
    faces: tuple[str, ...] = ()
    timers: tuple[str, ...] = ()
    """Names of timers, alarms and reminders that are set."""
    lists: tuple[str, ...] = ()
    """Lists beside "shopping" and "todo"."""
    ringing: bool = False
    """Something rings: "stop", "OK" and "five more minutes" are meant for it."""


@dataclass(frozen=True, slots=True)
class DueAt:
    """Which one is meant, by when it is due."""

    times: tuple[time, ...] = ()
    """Wall times it may be due at: two where "seven" was said; none where only a day was."""
    day: date | None = None


Selector = DueAt | timedelta | None
"""Which one is meant: by when it is due, by a timer's full length, or not said."""


@dataclass(frozen=True, slots=True)
class SetTimer:
    """As in "set a pasta timer for ten minutes"."""

    seconds: float | None
    """More than 0, at most a year; ``None``: has to be asked for."""
    name: str = ""


@dataclass(frozen=True, slots=True)
class SetAlarm:
    """As in "wake me at seven on weekdays"."""

    at: datetime | None
    """With a zone, in the future; wall time, so it may fall into a clock change's gap."""
    name: str = ""
    repeat: tuple[int, ...] = ()
    """Weekdays, Monday 0; empty: once."""


@dataclass(frozen=True, slots=True)
class SetReminder:
    """As in "remind me to call the dentist tomorrow at nine"."""

    at: datetime | None
    text: str
    """As the person would be told it: "call your dentist"; empty: has to be asked for."""
    repeat: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Cancel:
    """As in "cancel the pasta timer", "delete all alarms"."""

    kind: Kind | None
    """``None``: whatever is meant, most likely what was set last."""
    name: str = ""
    which: Selector = None
    everything: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """As in "how long is left?", "what alarms are set?"."""

    kind: Kind | None
    name: str = ""
    which: Selector = None


@dataclass(frozen=True, slots=True)
class Reschedule:
    """As in "move my alarm to eight", "make the timer fifteen minutes"."""

    kind: Kind | None
    to: datetime | timedelta
    """When it is due from now on; of a timer, how long from now."""
    name: str = ""
    which: Selector = None


@dataclass(frozen=True, slots=True)
class Snooze:
    """As in "snooze", "five more minutes", while something rings or has just rung."""

    seconds: float | None = None
    """``None``: as usual."""


@dataclass(frozen=True, slots=True)
class Extend:
    """As in "add two minutes to the pasta timer"."""

    seconds: float
    """Negative: shorter."""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Dismiss:
    """As in "stop", "that's enough", while something rings."""


@dataclass(frozen=True, slots=True)
class AddToList:
    """As in "put milk and eggs on the shopping list"."""

    list: str
    """``shopping``, ``todo`` or a name of the person's own, in small letters."""
    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RemoveFromList:
    """As in "take milk off the list"."""

    list: str
    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReadList:
    """As in "what's on my shopping list?"."""

    list: str


@dataclass(frozen=True, slots=True)
class ClearList:
    """As in "clear my to-do list"."""

    list: str


@dataclass(frozen=True, slots=True)
class TellTime:
    """As in "what time is it in Tokyo?"."""

    zone: str | None = None
    """An IANA name; ``None``: here."""
    place: str = ""
    """As it was called."""


DateQuestion = Literal["date", "weekday", "days", "weeks", "month", "year", "week"]


@dataclass(frozen=True, slots=True)
class TellDate:
    """As in "what day is the first of next month?", "how many days until Christmas?"."""

    day: date
    asked: DateQuestion
    """``days`` and ``weeks``: from today until (or since) ``day``; ``week``: its ISO number."""
    called: str = ""
    """What the day was called, where that is its name: "Christmas"; else empty."""


@dataclass(frozen=True, slots=True)
class TellTimeUntil:
    """As in "how long until midnight?"."""

    at: datetime


@dataclass(frozen=True, slots=True)
class SetVolume:
    """As in "volume fifty percent", "louder"; exactly one of the two is given."""

    level: float | None = None
    """0 to 1."""
    delta: float | None = None
    """-1 to 1, to be added."""


@dataclass(frozen=True, slots=True)
class SetPace:
    """As in "slower", "speak at normal speed"; exactly one of the two is given."""

    value: float | None = None
    """1: as the voice speaks by itself; 2: twice as fast."""
    delta: float | None = None


@dataclass(frozen=True, slots=True)
class RepeatLast:
    """As in "say that again"."""


@dataclass(frozen=True, slots=True)
class StopTalking:
    """As in "stop", where nothing rings."""


@dataclass(frozen=True, slots=True)
class GoToSleep:
    """As in "go to sleep"."""


@dataclass(frozen=True, slots=True)
class WakeUp:
    """As in "wake up", said to it."""


@dataclass(frozen=True, slots=True)
class WhoAreYou:
    """As in "who are you?", "what's your name?"."""


@dataclass(frozen=True, slots=True)
class AreYouReal:
    """As in "are you a real person?"."""


@dataclass(frozen=True, slots=True)
class SwitchPersona:
    """As in "switch to Oliver"."""

    name: str
    """As it stands in ``Names``."""


@dataclass(frozen=True, slots=True)
class SwitchVoice:
    """As in "use the voice called Amy"."""

    name: str


@dataclass(frozen=True, slots=True)
class SwitchFace:
    """As in "show me the other face"."""

    name: str


class Reason(Enum):
    """Why something that was understood cannot be done."""

    IN_THE_PAST = "in the past"
    NO_SUCH_DATE = "no such date"  # 31 February
    NO_SUCH_TIME = "no such time"  # 25 o'clock
    NOT_POSITIVE = "not positive"  # in minus two minutes, in zero seconds
    TOO_LONG = "too long"  # a timer of more than a year, a reminder in 400 years
    NOT_REPEATABLE = "not repeatable"  # every two hours, each month: only weekdays repeat
    NO_SUCH_NAME = "no such name"  # a persona, voice or face that there is not


@dataclass(frozen=True, slots=True)
class Impossible:
    """What cannot be; told aloud, and nothing is changed."""

    reason: Reason
    said: str = ""
    """What was asked for, as it was said: "31 February"."""


@dataclass(frozen=True, slots=True)
class Correct:
    """As in "no, fifteen": what the intent before set or added is undone, and this done instead."""

    by: SetTimer | SetAlarm | SetReminder | AddToList


Intent = (
    SetTimer | SetAlarm | SetReminder | Cancel | Query | Reschedule | Snooze | Extend | Dismiss
    | AddToList | RemoveFromList | ReadList | ClearList | TellTime | TellDate | TellTimeUntil
    | SetVolume | SetPace | RepeatLast | StopTalking | GoToSleep | WakeUp | WhoAreYou | AreYouReal
    | SwitchPersona | SwitchVoice | SwitchFace | Recollect | ForgetSaid | Remember | Consent
    | Impossible | Correct
)  # fmt: skip
