"""One open page: what it asks is answered, what happens is passed on to it."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from daemon import i18n
from daemon.errors import DigitalLifeError, InputError, named
from daemon.events import Follower
from daemon.i18n import tr
from daemon.service.panel.requests import Envelope, open_envelope
from daemon.service.protocol import Talk, event_line

MOST_ASKED = 16  # requests of one page that may be under way
PATIENCE_S = 5.0  # a page that takes nothing for so long is cut off

log = logging.getLogger(__name__)

Answer = Callable[[Envelope], Awaitable[dict[str, Any]]]


class Client:
    """Belongs to the event loop's thread; ends with its page."""

    def __init__(self, page: WebSocket, answer: Answer) -> None:
        self._page = page
        self._answer = answer
        self.holds_key = False
        """Whether the page pressed the push-to-talk key and has not let it go."""
        self._asked: set[asyncio.Task[None]] = set()

    async def converse(self, events: Follower) -> None:
        """Serve the page until it goes, or is too slow to follow the events."""
        tasks = [
            asyncio.create_task(self._receive()),
            asyncio.create_task(self._pass_on(events)),
        ]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            left = [*tasks, *self._asked]
            for task in left:
                task.cancel()
            for outcome in await asyncio.gather(*left, return_exceptions=True):
                if isinstance(outcome, Exception) and not isinstance(outcome, _GONE):
                    log.warning("panel: %s: %s", type(outcome).__name__, outcome)

    async def send(self, **fields: Any) -> None:
        """Send one message."""
        text = json.dumps(fields, ensure_ascii=False)
        await asyncio.wait_for(self._page.send_text(text), PATIENCE_S)

    async def _receive(self) -> None:
        while True:
            try:
                envelope = open_envelope(await self._page.receive_text())
            except (InputError, KeyError):  # a page of ours asks nothing of that kind
                await self._page.close(1008)
                return
            if len(self._asked) >= MOST_ASKED:
                await self._refuse(envelope, InputError(tr("Too much is asked at once.")))
                continue
            if isinstance(envelope.request, Talk):
                self.holds_key = envelope.request.on
            task = asyncio.create_task(self._reply(envelope))
            self._asked.add(task)
            task.add_done_callback(self._asked.discard)

    async def _reply(self, envelope: Envelope) -> None:
        with i18n.speaking(envelope.language):
            try:
                fields = await self._answer(envelope)
            except DigitalLifeError as error:
                await self._refuse(envelope, error)
            except Exception as error:  # a fault here must not end the conversation
                log.exception("panel: %s failed", envelope.request.do)
                await self._refuse(envelope, DigitalLifeError(named(error), said=str(error)))
            else:
                await self.send(id=envelope.id, ok=True, **fields)

    async def _refuse(self, envelope: Envelope, error: DigitalLifeError) -> None:
        await self.send(id=envelope.id, ok=False, message=str(error), fix=error.fix)

    async def _pass_on(self, events: Follower) -> None:
        async for event in events:
            if event.wire_name:
                text = event_line(event).decode()
                await asyncio.wait_for(self._page.send_text(text), PATIENCE_S)


_GONE = (WebSocketDisconnect, TimeoutError, asyncio.CancelledError, RuntimeError)
