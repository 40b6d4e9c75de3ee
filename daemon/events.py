"""What happens in the daemon, as typed events on one bus.

Whoever wants to know subscribes: the API, the panel, the trace, the metrics, the
terminal, the bench. Nothing here waits, so a slow follower never holds up the conversation.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, TypeVar

MAX_WAITING = 256  # events that may wait for a follower; one that is further behind is dropped

log = logging.getLogger(__name__)


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


E = TypeVar("E", bound=Event)


class Follower:
    """What one follower has not taken yet. Iterating ends when it is too far behind."""

    def __init__(self, private: bool) -> None:
        self.private = private
        self._queue: asyncio.Queue[Event | None] = asyncio.Queue(MAX_WAITING + 1)

    def offer(self, event: Event) -> bool:
        """Take an event; False when too many wait, and then this was the last."""
        if self._queue.qsize() < MAX_WAITING:
            self._queue.put_nowait(event)
            return True
        self._queue.put_nowait(None)
        return False

    async def get(self) -> Event | None:
        """Wait for the next event; ``None`` is the last."""
        return await self._queue.get()

    def __aiter__(self) -> "Follower":
        return self

    async def __anext__(self) -> Event:
        event = await self.get()
        if event is None:
            raise StopAsyncIteration
        return event


class Bus:
    """Hands each event to all who want it. Belongs to the event loop's thread."""

    def __init__(self) -> None:
        self._callbacks: list[tuple[type[Event], Callable[[Any], None]]] = []
        self._followers: set[Follower] = set()

    def publish(self, event: Event) -> None:
        """Tell an event. Never waits, and no subscriber's failure reaches the publisher."""
        for kind, callback in list(self._callbacks):
            if isinstance(event, kind):
                try:
                    callback(event)
                except Exception as error:  # one who looks on must not end the conversation
                    log.error("a subscriber failed: %s", type(error).__name__)
                    log.debug("a subscriber failed", exc_info=error)
        private = isinstance(event, PrivateEvent)
        for follower in list(self._followers):
            if (follower.private or not private) and not follower.offer(event):
                self._followers.discard(follower)

    def subscribe(self, kind: type[E], callback: Callable[[E], None]) -> Callable[[], None]:
        """Call ``callback`` with every event of this kind; returns what ends that.

        Naming a private kind is asking for private events.
        """
        entry = (kind, callback)
        self._callbacks.append(entry)

        def unsubscribe() -> None:
            with contextlib.suppress(ValueError):
                self._callbacks.remove(entry)

        return unsubscribe

    @property
    def followers(self) -> int:
        """How many follow just now."""
        return len(self._followers)

    def for_threads(self) -> Callable[[Event], None]:
        """Return a ``publish`` for other threads; called in the event loop's."""
        loop = asyncio.get_running_loop()

        def publish(event: Event) -> None:
            with contextlib.suppress(RuntimeError):  # a loop that has gone has nobody left to tell
                loop.call_soon_threadsafe(self.publish, event)

        return publish

    @contextlib.contextmanager
    def followed(self, *, private: bool = False) -> Iterator[Follower]:
        """Get all events from now on, one after the other; private ones only if asked for."""
        follower = Follower(private)
        self._followers.add(follower)
        try:
            yield follower
        finally:
            self._followers.discard(follower)
