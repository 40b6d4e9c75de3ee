"""What happens in the daemon, as typed events; ``daemon/bus.py`` hands them on."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened. Without words of anybody's, so that any follower may see it."""

    wire_name: ClassVar[str] = ""
    """What programs call it, such as ``settings``; "" keeps it inside the process."""

    at: float = field(default_factory=time.monotonic, kw_only=True, compare=False, repr=False)
    """When it happened, in seconds on the clock that all processes share."""

    def as_fields(self) -> dict[str, object]:
        """Return its fields for JSON."""
        return {
            known.name: getattr(self, known.name) for known in fields(self) if known.name != "at"
        }


@dataclass(frozen=True, slots=True)
class PrivateEvent(Event):
    """An event that carries somebody's words. It reaches only who asks for private ones."""


@dataclass(frozen=True, slots=True)
class Loading(Event):
    """A part is being loaded."""

    wire_name: ClassVar[str] = "loading"
    what: str
    live: bool
    """The daemon listens meanwhile."""


@dataclass(frozen=True, slots=True)
class Listening(Event):
    """The microphone is open; what is asked is answered once everything is loaded."""

    wire_name: ClassVar[str] = "listening"


@dataclass(frozen=True, slots=True)
class Ready(Event):
    """Everything is loaded, and it listens."""

    wire_name: ClassVar[str] = "ready"


@dataclass(frozen=True, slots=True)
class StateChanged(Event):
    """The conversation is in another state, such as ``speaking``."""

    wire_name: ClassVar[str] = "state"
    state: str
    turn: int


@dataclass(frozen=True, slots=True)
class PersonPaused(Event):
    """Who speaks has fallen silent for a moment, or goes on; for the face, inside the process."""

    pauses: bool


@dataclass(frozen=True, slots=True)
class TurnEnded(Event):
    """A reply that was heard has ended."""

    wire_name: ClassVar[str] = "turn"
    turn: int
    marks: Mapping[str, float]
    """Seconds from the end of the question per mark."""

    def as_fields(self) -> dict[str, object]:
        """Return the marks beside the turn."""
        return {"turn": self.turn, **self.marks}


@dataclass(frozen=True, slots=True)
class Muted(Event):
    """The microphone or the camera was switched off, or on again."""

    wire_name: ClassVar[str] = "muted"
    microphone: bool
    camera: bool


@dataclass(frozen=True, slots=True)
class EarsOpened(Event):
    """The ears opened or closed: a key, or a wake word."""

    wire_name: ClassVar[str] = "ears"
    open: bool


@dataclass(frozen=True, slots=True)
class ToolCalled(Event):
    """A tool is being called, or a call has ended."""

    wire_name: ClassVar[str] = "tool"
    tool: str
    server: str
    outcome: str


@dataclass(frozen=True, slots=True)
class SettingsChanged(Event):
    """Other settings were brought into force."""

    wire_name: ClassVar[str] = "settings"
    changed: Sequence[str]
    needs_restart: Sequence[str]


@dataclass(frozen=True, slots=True)
class TimersChanged(Event):
    """A timer, an alarm or a reminder was set, changed, cancelled, or is over."""

    wire_name: ClassVar[str] = "timers"


@dataclass(frozen=True, slots=True)
class ListsChanged(Event):
    """Something was put on a list, or taken off one."""

    wire_name: ClassVar[str] = "lists"


@dataclass(frozen=True, slots=True)
class PeopleChanged(Event):
    """Somebody was introduced, changed or forgotten."""

    wire_name: ClassVar[str] = "people"


@dataclass(frozen=True, slots=True)
class Ringing(Event):
    """Something else rings than before; nothing, when the last has fallen silent."""

    wire_name: ClassVar[str] = "ringing"
    ids: Sequence[int]
    """The numbers of what rings now."""


@dataclass(frozen=True, slots=True)
class SleepChanged(Event):
    """It was told to go to sleep, and hears nothing but being woken; or it was woken."""

    wire_name: ClassVar[str] = "sleep"
    asleep: bool


@dataclass(frozen=True, slots=True)
class NewConversation(Event):
    """What was said before is not in the prompt any more."""

    wire_name: ClassVar[str] = "new-conversation"


@dataclass(frozen=True, slots=True)
class Forgotten(PrivateEvent):
    """Something is out of the memory, and is to be shown nowhere any more."""

    wire_name: ClassVar[str] = "forgotten"
    everything: bool


@dataclass(frozen=True, slots=True)
class PersonaSwitched(Event):
    """Another answers."""

    wire_name: ClassVar[str] = "persona"
    persona: str
    name: str


@dataclass(frozen=True, slots=True)
class RestartFailed(Event):
    """Settings could not be loaded; those before are in force again."""

    wire_name: ClassVar[str] = "restart-failed"
    message: str


@dataclass(frozen=True, slots=True)
class Reloading(Event):
    """The settings are being read again, or everything is being loaded anew."""


@dataclass(frozen=True, slots=True)
class Reloaded(Event):
    """The settings have been read again, however that went."""


@dataclass(frozen=True, slots=True)
class Stopping(Event):
    """The daemon is about to end."""
