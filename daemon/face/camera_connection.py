"""The camera that the face is shown on, which may fail and come back."""

import asyncio
import logging
from collections.abc import Callable

from daemon.stages import Camera
from daemon.worker import Worker

LOOK_S = 0.5  # how often it is asked whether anybody looks
RETRY_S = 5.0  # between attempts to open a camera that failed

log = logging.getLogger(__name__)


class CameraConnection:
    """The camera, as long as it works, and the attempts to open it again."""

    def __init__(
        self, camera: Camera | None, open_camera: Callable[[], Camera], worker: Worker
    ) -> None:
        """``camera`` is open already, if there is one; ``open_camera`` opens it later or again."""
        self.camera = camera
        """What is shown on; ``None`` while that has failed."""
        self.degraded = camera is None
        self.retry_at = 0.0
        """The loop's time at which a lost camera is tried again."""
        self.watched = True
        """Whether anybody may be looking at it; always so where that cannot be known."""
        self._look_at = 0.0
        self._open = open_camera
        self._worker = worker

    def retry_later(self) -> None:
        """Let a while pass before the next attempt."""
        self.retry_at = asyncio.get_running_loop().time() + RETRY_S

    async def look(self) -> None:
        """Find out whether anybody looks, if it is time to."""
        camera, now = self.camera, asyncio.get_running_loop().time()
        if camera is not None and now >= self._look_at:
            self._look_at = now + LOOK_S
            self.watched = await self._worker.run(lambda _: camera.watched())

    async def try_again(self) -> None:
        """Open the camera, if it is time to; raises whatever is wrong with it."""
        if asyncio.get_running_loop().time() >= self.retry_at:
            self.camera = await self._worker.run(lambda _: self._open())
            self.degraded = False
            log.info("the camera is there")

    async def lose(self, error: Exception) -> None:
        """Go on without the camera, which has failed or could not be opened."""
        if not self.degraded:
            log.warning("camera failed, sound only until it is back: %s", error)
        self.degraded = True
        self.retry_later()
        await self.close()

    async def close(self) -> None:
        """Close it; one that cannot even be closed is left to its driver."""
        camera, self.camera = self.camera, None
        if camera is None:
            return
        try:
            await self._worker.run(lambda _: camera.close())
        except Exception as error:
            log.warning("the camera could not be closed: %s", error)
