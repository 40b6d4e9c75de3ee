"""The face as pages see it."""

import asyncio
import contextlib
from contextlib import aclosing

from starlette.websockets import WebSocket

from daemon.api.panel.client import WRITE_TIMEOUT_S
from daemon.server import Daemon

MAX_VIEWERS = 8  # pages that look at once
POLL_INTERVAL_S = 0.1  # between two looks whether it has loaded


class PictureFeed:
    """Sends each page the next picture when it has shown the one before."""

    def __init__(self, daemon: Daemon) -> None:
        self._daemon = daemon
        self._viewers = 0

    async def serve(self, page: WebSocket) -> None:
        """Send JPEGs until the page goes; it is to answer each with any text."""
        if self._viewers >= MAX_VIEWERS:
            await page.close(1013)
            return
        await page.accept()
        self._viewers += 1
        try:
            with contextlib.suppress(Exception):  # it goes, or the daemon does
                await self._send(page)
        finally:
            self._viewers -= 1

    async def _send(self, page: WebSocket) -> None:
        while (running := self._daemon.running) is None:  # noqa: ASYNC110 (it takes seconds)
            await asyncio.sleep(POLL_INTERVAL_S)
        if running.screen is None:
            await page.close(4404)
            return
        async with aclosing(running.screen.preview.pictures()) as pictures:
            async for jpeg in pictures:
                async with asyncio.timeout(WRITE_TIMEOUT_S):
                    await page.send_bytes(jpeg)
                async with asyncio.timeout(WRITE_TIMEOUT_S):
                    await page.receive_text()
        await page.close(4000)  # the daemon loads anew: come again
