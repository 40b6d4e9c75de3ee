"""Serves the API: on the Unix socket, and with the panel on loopback."""

import asyncio
import importlib
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from daemon.config import PanelSettings
from daemon.folders import socket_path
from daemon.server import Daemon

MODULES = ("daemon.api.application", "daemon.api.unix_socket", "daemon.api.panel.panel")

log = logging.getLogger(__name__)


@asynccontextmanager
async def serve_api(daemon: Daemon, panel: PanelSettings) -> AsyncIterator[None]:
    """Serve while the block runs.

    Raises ``DigitalLifeError`` when another daemon serves already.
    """
    # FastAPI takes half a second to import, and the event loop has other things to do.
    await asyncio.to_thread(lambda: [importlib.import_module(name) for name in MODULES])
    from daemon.api.application import VisibleJson, application
    from daemon.api.panel.panel import Panel
    from daemon.api.services import Services
    from daemon.api.unix_socket import serving

    services = Services(daemon)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(services.close)
        if (path := socket_path()) is None:
            log.warning("no control socket: there is no private folder XDG_RUNTIME_DIR")
        else:
            await stack.enter_async_context(serving(application(services), path))
        await stack.enter_async_context(
            Panel(services, application(services, VisibleJson)).open(panel)
        )
        yield
