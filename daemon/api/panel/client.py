"""One open page: what happens is passed on to it, and it says whether it holds the key."""

import asyncio
import contextlib
import json
from collections.abc import Callable, Coroutine

from starlette.websockets import WebSocket

from daemon.api.events import as_json
from daemon.bus import Follower
from daemon.media import JsonObject
from daemon.terminal import visible

WRITE_TIMEOUT_S = 5.0  # a page that takes nothing for so long is cut off


class PageClient:
    """Belongs to the event loop's thread; ends with its page."""

    def __init__(self, page: WebSocket, let_go: Callable[[], None]) -> None:
        """``let_go`` is called when the page goes that holds the push-to-talk key."""
        self._page = page
        self._let_go = let_go
        self._holds_key = False

    async def converse(self, events: Follower, **hello: object) -> None:
        """Serve the page until it goes, or is too slow to follow the events."""
        await self._send({"event": "hello", **hello})
        tasks = [asyncio.create_task(work) for work in self._work(events)]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)  # it has gone, mostly
            if self._holds_key:
                self._let_go()
            with contextlib.suppress(Exception):
                await self._page.close()

    def _work(self, events: Follower) -> tuple[Coroutine[None, None, None], ...]:
        return self._receive(), self._pass_on(events)

    async def _receive(self) -> None:
        """Note who holds the key; a page of ours says nothing else."""
        while True:
            said = await self._page.receive_text()
            if said not in ("held", "let go"):
                await self._page.close(1008)
                return
            self._holds_key = said == "held"

    async def _pass_on(self, events: Follower) -> None:
        async for event in events:
            if event.wire_name:
                await self._send(as_json(event))

    async def _send(self, message: JsonObject) -> None:
        text = json.dumps(message, ensure_ascii=False)
        async with asyncio.timeout(WRITE_TIMEOUT_S):
            await self._page.send_text(visible(text))
