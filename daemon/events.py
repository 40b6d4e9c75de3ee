"""What happens in the daemon, as typed events on one bus.

Whoever wants to know subscribes: the control socket, the panel, the trace, the metrics, the
terminal, the bench. Nothing here waits, so a slow follower never holds up the conversation.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from typing import Any, ClassVar, TypeVar

MAX_WAITING = 256  # events that may wait for a follower; one that is further behind is dropped

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened. Without words of anybody's, so that any follower may see it."""

    name: ClassVar[str] = ""
    """What programs call it, such as ``settings``; "" keeps it inside the process."""

    def as_fields(self) -> dict[str, Any]:
        """Return its fields for JSON."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


@dataclass(frozen=True, slots=True)
class PrivateEvent(Event):
    """An event that carries somebody's words. It reaches only who asks for private ones."""


@dataclass(frozen=True, slots=True)
class Loading(Event):
    """A part is being loaded."""

    name: ClassVar[str] = "loading"
    what: str
    live: bool
    """The daemon listens meanwhile."""


@dataclass(frozen=True, slots=True)
class Ready(Event):
    """Everything is loaded, and it listens."""

    name: ClassVar[str] = "ready"


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

    def __aiter__(self) -> "Follower":
        return self

    async def __anext__(self) -> Event:
        event = await self._queue.get()
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

    @contextlib.contextmanager
    def followed(self, *, private: bool = False) -> Iterator[Follower]:
        """Get all events from now on, one after the other; private ones only if asked for."""
        follower = Follower(private)
        self._followers.add(follower)
        try:
            yield follower
        finally:
            self._followers.discard(follower)
