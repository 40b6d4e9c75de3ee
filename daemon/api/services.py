"""What the routes work with."""

import asyncio
import importlib.util
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, Final

from fastapi import Depends
from starlette.requests import HTTPConnection

from daemon.api.answers import Link
from daemon.api.downloads import Downloads
from daemon.api.monitor import Monitor
from daemon.errors import DigitalLifeError
from daemon.i18n import tr
from daemon.server import Daemon
from daemon.worker import Worker

if TYPE_CHECKING:
    from daemon.api.sound import Listeners  # of a library that need not be there

MAX_SAMPLES = 4  # that wait or are made: each loads a voice, and holds up what else is asked
CAN_SOUND = importlib.util.find_spec("aiortc") is not None


async def _no_panel() -> Link:
    raise DigitalLifeError(tr("There is no panel here."))


class Services:
    """The daemon, and what answers need beside it. Belongs to the event loop's thread."""

    def __init__(self, daemon: Daemon) -> None:
        self.daemon: Final = daemon
        self.monitor: Final = Monitor(daemon.bus)
        self.downloads: Final = Downloads(daemon.bus)
        self.worker: Final = Worker("api")
        """For what takes its time: the event loop has none."""
        self.sampling: Final = asyncio.Semaphore(MAX_SAMPLES)
        """Held by who has a voice say a sample."""
        self.learning: Final = asyncio.Semaphore(1)
        """Held by who has a recording of somebody looked at, which may be large."""
        self.open_panel: Callable[[], Awaitable[Link]] = _no_panel
        """Serves the page and makes a link to it."""
        self.listeners: Listeners | None = None
        """The pages that its voice is sent to."""

    async def close(self) -> None:
        """Stop whatever is under way."""
        if self.listeners is not None:
            await self.listeners.close()
        await asyncio.gather(self.downloads.close(), self.worker.close())


async def _services(connection: HTTPConnection) -> Services:
    services: Services = connection.app.state.services
    return services


Served = Annotated[Services, Depends(_services)]
