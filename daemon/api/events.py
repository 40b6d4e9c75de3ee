"""What happens, as server-sent events."""

import asyncio
import json
from collections.abc import AsyncIterator

from starlette.responses import StreamingResponse

from daemon.bus import Bus
from daemon.dialogue.transcript import UtteranceHeard
from daemon.errors import BusyError
from daemon.events import Event, PrivateEvent, Stopping
from daemon.i18n import tr
from daemon.media import JsonObject

MAX_FOLLOWERS = 32  # programs and pages that follow at once
HEARTBEAT_S = 15.0  # between comments, so that both ends notice when the other has gone


class EventStream(StreamingResponse):
    """A stream of server-sent events."""

    media_type = "text/event-stream"


def follow(bus: Bus, words: bool = False) -> EventStream:
    """Return the events from now on, until the daemon stops or the client is too far behind.

    ``words``: with what people say.
    """
    if bus.followers >= MAX_FOLLOWERS:
        raise BusyError(tr("Too many programs are connected."))
    return EventStream(_stream(bus, words))


async def _stream(bus: Bus, words: bool) -> AsyncIterator[bytes]:
    with bus.followed(private=words) as events:
        yield b": follows\n\n"
        while True:
            try:
                async with asyncio.timeout(HEARTBEAT_S):
                    event = await events.get()
            except TimeoutError:
                yield b":\n\n"
                continue
            if event is None or isinstance(event, Stopping):
                return
            if isinstance(event, PrivateEvent) and not isinstance(event, UtteranceHeard):
                continue  # for the panel's page
            if event.wire_name:
                data = json.dumps(as_json(event), ensure_ascii=False)
                yield f"event: {event.wire_name}\ndata: {data}\n\n".encode("utf-8", "replace")


def as_json(event: Event) -> JsonObject:
    """Return an event's name, moment and fields."""
    return {"event": event.wire_name, "at": round(event.at, 3), **event.as_fields()}
