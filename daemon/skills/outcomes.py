"""What came of an intent. Pure data: ``replies.reply`` makes a sentence of it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from daemon.skills.intents import (
    AddToList,
    Cancel,
    Extend,
    Impossible,
    Kind,
    Query,
    Reschedule,
    SetAlarm,
    SetReminder,
    SetTimer,
    TellDate,
    TellTime,
    TellTimeUntil,
)
from daemon.skills.memory_outcomes import MemoryOutcome

NEAR_S = 3600.5  # an hour, and what rounding takes
SHORT_S = 120.0
SLACK_S = 2.0  # between understanding and answering


@dataclass(frozen=True, slots=True)
class Scheduled:
    """A timer, alarm or reminder."""

    kind: Kind
    name: str
    """Of a reminder, its text."""
    at: datetime
    """When it is or was due, with a zone."""
    length: timedelta | None = None
    """Of a timer: how long it was set for."""
    repeat: tuple[int, ...] = ()


def soon_s(entry: Scheduled, now: datetime) -> float | None:
    """Return in how many seconds an entry is due if that is best said so: at most an hour.

    ``None`` beyond, for what comes again, and where the time is no whole number of minutes away:
    such a time was said by the clock.
    """
    left_s = (entry.at - now).total_seconds()
    whole_s = 60.0 * round(left_s / 60)
    if entry.repeat or not 0 < left_s <= NEAR_S:
        return None
    if left_s < SHORT_S:
        return float(round(left_s))
    return whole_s if abs(left_s - whole_s) <= SLACK_S else None


@dataclass(frozen=True, slots=True)
class WasSet:
    """It runs from now on; ``instead``: by ``Correct`` or ``Reschedule``, in place of another."""

    entry: Scheduled
    instead: bool = False


@dataclass(frozen=True, slots=True)
class Missing:
    """A part was not said and is asked for: "For how long?"."""

    intent: SetTimer | SetAlarm | SetReminder | AddToList


@dataclass(frozen=True, slots=True)
class WasCancelled:
    """These ring no more; at least one."""

    entries: tuple[Scheduled, ...]


@dataclass(frozen=True, slots=True)
class NoneFound:
    """There is none of the kind that was asked about."""

    intent: Cancel | Query | Extend | Reschedule


@dataclass(frozen=True, slots=True)
class WhichOne:
    """More than one may be meant."""

    entries: tuple[Scheduled, ...]


@dataclass(frozen=True, slots=True)
class AreSet:
    """The answer to a query; at least one."""

    entries: tuple[Scheduled, ...]


@dataclass(frozen=True, slots=True)
class WasSnoozed:
    """It rings again at ``entry.at``."""

    entry: Scheduled


@dataclass(frozen=True, slots=True)
class WasExtended:
    """A timer runs longer, or, with negative seconds, shorter."""

    entry: Scheduled
    seconds: float


@dataclass(frozen=True, slots=True)
class WasDismissed:
    """These have been silenced; none: nothing rang."""

    entries: tuple[Scheduled, ...]


@dataclass(frozen=True, slots=True)
class Rings:
    """What is announced when something is due; at least one."""

    entries: tuple[Scheduled, ...]


@dataclass(frozen=True, slots=True)
class WereMissed:
    """What was due while nobody answered, or while it was off; at least one."""

    entries: tuple[Scheduled, ...]
    while_off: bool


@dataclass(frozen=True, slots=True)
class WasAdded:
    """``already``: what was on the list before."""

    list: str
    items: tuple[str, ...]
    already: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WasRemoved:
    """``missing``: what was not on the list."""

    list: str
    items: tuple[str, ...]
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ListHas:
    """The answer to "what's on the list?"; may be empty."""

    list: str
    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WasCleared:
    """How many items the list had."""

    list: str
    items: int


@dataclass(frozen=True, slots=True)
class VolumeIs:
    """0 to 1, as it is now."""

    level: float
    at_limit: bool = False
    """It was asked to be louder or quieter, and cannot be."""


@dataclass(frozen=True, slots=True)
class PaceIs:
    """As it is now; 1: the voice's own."""

    value: float
    at_limit: bool = False
    """It was asked to be faster or slower, and cannot be."""


@dataclass(frozen=True, slots=True)
class Introduced:
    """The answer to "who are you?": the persona's name."""

    name: str


@dataclass(frozen=True, slots=True)
class IsNoPerson:
    """The answer to "are you real?"; ``double_of`` names the person whose double it is, if any."""

    double_of: str


@dataclass(frozen=True, slots=True)
class Switched:
    """Who or what it is from now on."""

    kind: str
    """``persona``, ``voice`` or ``face``."""
    name: str


@dataclass(frozen=True, slots=True)
class Sleeps:
    """It goes to sleep; ``wake_word`` wakes it, if there is one."""

    wake_word: str = ""


@dataclass(frozen=True, slots=True)
class IsAwake:
    """It listens."""


class Trouble(Enum):
    """Why something could not be carried out."""

    DISK_FULL = "disk full"
    NOT_KEPT = "not kept"  # any other failure of the file
    WAS_DAMAGED = "was damaged"  # the file was put aside and begun anew
    TOO_MANY = "too many"  # entries, or items on a list
    NOT_HERE = "not here"  # volume, pace, sleep …, where there is nothing to be set
    NOTHING_SAID = "nothing said"  # to repeat
    KEEPS_NOTHING = "keeps nothing"  # of what is said, so that there is nothing to tell or forget


@dataclass(frozen=True, slots=True)
class Failed:
    """It could not be carried out."""

    trouble: Trouble


Outcome = (
    WasSet
    | Missing
    | WasCancelled
    | NoneFound
    | WhichOne
    | AreSet
    | WasSnoozed
    | WasExtended
    | WasDismissed
    | Rings
    | WereMissed
    | WasAdded
    | WasRemoved
    | ListHas
    | WasCleared
    | VolumeIs
    | PaceIs
    | Introduced
    | IsNoPerson
    | Switched
    | Sleeps
    | IsAwake
    | MemoryOutcome
    | Failed
    | TellTime
    | TellDate
    | TellTimeUntil
    | Impossible
)
"""Questions about time and date are answered from themselves and the clock."""
