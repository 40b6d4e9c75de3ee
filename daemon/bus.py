"""Hands what happens in the daemon to whoever wants to know.

The API, the panel, the trace, the metrics, the terminal and the bench subscribe. Nothing here
waits, so a slow follower never holds up the conversation.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from daemon.events import Event, PrivateEvent

MAX_WAITING = 256  # events that may wait for a follower; one that is further behind is dropped

log = logging.getLogger(__name__)

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
