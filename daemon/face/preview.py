"""The live picture for who looks at it on the panel, or films it; without them it costs nothing."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable

import cv2

from daemon.media import Image

Tap = Callable[[Image, float], None]
"""Takes a picture and the ``time.monotonic()`` at which it was shown; the camera's thread."""

PERIOD_S = 0.1  # between two pictures
EARLY_S = 0.02  # half a tick of the camera: the tick nearest to the moment is taken
QUALITY = 80  # of the JPEG: 40 to 50 KB in 720p, made in 2 ms


def with_comment(jpeg: bytes, comment: str) -> bytes:
    """Return the file with a comment (ITU-T T.81, B.2.4.5) behind its header."""
    if not comment:
        return jpeg
    text = comment.encode()[: 0xFFFF - 2]
    behind = 2  # the mark of its beginning
    if jpeg[2:4] == b"\xff\xe0":  # JFIF's header comes first
        behind += 2 + int.from_bytes(jpeg[4:6])
    segment = b"\xff\xfe" + (len(text) + 2).to_bytes(2) + text
    return jpeg[:behind] + segment + jpeg[behind:]


class Preview:
    """Keeps the newest picture as a JPEG, ten times a second, while somebody watches.

    ``offer`` and ``due`` belong to the camera's thread, the rest to the event loop's.
    """

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        """Set while somebody watches."""
        self._watchers: set[asyncio.Event] = set()
        self.tap: Tap | None = None
        """Shown every picture, with a camera or without, while there is one; see ``film``."""
        self._next = 0.0  # time.monotonic() of the next picture
        self._newest = b""
        self._closed = False
        self._loop: asyncio.AbstractEventLoop | None = None  # of those who watch

    @property
    def watched(self) -> bool:
        """Whether somebody looks."""
        return self.asked.is_set()

    @property
    def due(self) -> bool:
        """Whether a picture is wanted now."""
        return bool(self._watchers) and time.monotonic() >= self._next - EARLY_S

    def offer(self, image: Image, statement: str = "") -> None:
        """Take a picture if one is due; its file will say ``statement``."""
        loop = self._loop
        if loop is None or not self.due:
            return
        now = time.monotonic()
        self._next = self._next + PERIOD_S if self._next + PERIOD_S > now else now + PERIOD_S
        quality = (cv2.IMWRITE_JPEG_QUALITY, QUALITY)
        made, jpeg = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), quality)
        if made:
            loop.call_soon_threadsafe(self._publish, with_comment(jpeg.tobytes(), statement))

    def _publish(self, jpeg: bytes) -> None:
        self._newest = jpeg
        for watcher in self._watchers:
            watcher.set()

    async def pictures(self) -> AsyncGenerator[bytes, None]:
        """Yield each newest JPEG until the screen ends; who is slow misses some."""
        self._loop = asyncio.get_running_loop()
        fresh = asyncio.Event()
        self._watchers.add(fresh)
        self.asked.set()
        try:
            while not self._closed:
                await fresh.wait()
                fresh.clear()
                if self._newest and not self._closed:
                    yield self._newest
        finally:
            self._watchers.discard(fresh)
            if not self._watchers:
                self._newest = b""
                if self.tap is None:
                    self.asked.clear()

    def film(self, tap: Tap | None) -> None:
        """Have ``tap`` shown every picture from the next on; ``None`` ends that.

        The picture is the face's own, which may draw the next one into it.
        """
        self.tap = tap
        if tap is not None:
            self.asked.set()
        elif not self._watchers:
            self.asked.clear()

    def close(self) -> None:
        """End what all watchers iterate."""
        self._closed = True
        for watcher in self._watchers:
            watcher.set()
