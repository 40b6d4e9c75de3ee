"""The ways to a server of tools: a program's standard streams, or an address.

The package ``mcp`` is an extra and is imported when a server is wanted. A server's secrets go into
its environment or into the headers of requests to its own address, and nowhere else: ``mcp``
follows a redirection only within one origin.
"""

import asyncio
import http
import logging
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any, TextIO
from urllib.parse import urlsplit

from daemon import __version__
from daemon.brain.server_key import read_key
from daemon.config import ToolServer, is_loopback
from daemon.errors import DigitalLifeError, SetupError, first_failure
from daemon.extras import install_command
from daemon.i18n import tr
from daemon.worker import Worker

if TYPE_CHECKING:
    import httpx2
    from mcp import Client
    from mcp.client._transport import Transport, TransportStreams
    from mcp.server import MCPServer

START_S = 20.0  # a server gets this long to start and to tell its tools
READ_S = 40.0  # of silence while it is to answer: a little more than it may take in all
END_S = 0.7  # it has to end by itself, and then after SIGTERM; all of us have five seconds

log = logging.getLogger(__name__)

Refusal = Callable[[SetupError | None], None]
"""Told why the server refuses what it is asked, or ``None`` when it does not."""


@asynccontextmanager
async def connected(settings: ToolServer, refused: Refusal) -> AsyncIterator["Client"]:
    """Connect, and hang up or end the program afterwards.

    Raises ``SetupError``, and whatever the package raises. ``refused`` learns what HTTP says of a
    request, which the package does not pass on.
    """
    await _import()
    from mcp import Client
    from mcp.types import Implementation

    about = Implementation(name="digital-life", version=__version__)
    async with AsyncExitStack() as stack:
        if settings.command:
            # What it writes on stderr may repeat what it was asked.
            noise = sys.stderr
            if not log.isEnabledFor(logging.DEBUG):
                noise = stack.enter_context(open(os.devnull, "w"))  # noqa: ASYNC230, SIM115
            transport: Transport | MCPServer = _by_pipe(settings, noise)
        else:
            transport = await _by_http(settings, stack, refused)
        yield await stack.enter_async_context(Client(transport, client_info=about, cache=None))


async def _import() -> None:
    """Read the package, which takes a second, without holding up the conversation."""
    if "mcp" in sys.modules:
        return
    worker = Worker("tools")
    try:
        await worker.run(lambda _: import_module("mcp"))
    except ImportError:
        raise SetupError(tr("the package mcp is not installed"), install_command("tools")) from None
    finally:
        await worker.close()


@asynccontextmanager
async def _by_pipe(settings: ToolServer, noise: TextIO) -> AsyncIterator["TransportStreams"]:
    """Start the program: no shell, and no more environment than a login has, and what is set.

    A task of its own keeps it, which nobody cancels: what is cancelled while it ends the program,
    as when the daemon ends just after a server was taken out, would leave the program running.
    """
    from mcp.client import stdio

    from daemon.tools.bounds import WholeLines

    stdio.TextReceiveStream = WholeLines  # type: ignore[attr-defined]  # it has no other way
    stdio.PROCESS_TERMINATION_TIMEOUT = stdio.FORCE_KILL_TIMEOUT = END_S
    program = stdio.StdioServerParameters(
        command=settings.command,
        args=list(settings.args),
        env={name: value.get_secret_value() for name, value in settings.env.items()},
        encoding_error_handler="replace",
    )
    started: asyncio.Future[TransportStreams] = asyncio.get_running_loop().create_future()
    enough = asyncio.Event()

    async def keep() -> None:
        async with stdio.stdio_client(program, noise) as streams:
            started.set_result(streams)
            await enough.wait()

    keeper = asyncio.create_task(keep(), name="a server of tools")
    try:
        either: list[asyncio.Future[Any]] = [keeper, started]
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if keeper.done():
            await keeper  # it could not be started
        yield started.result()
    finally:
        enough.set()
        await _ended(keeper)


async def _ended(task: asyncio.Task[None]) -> None:
    """Wait for its end, also when cancelled meanwhile."""
    cancelled = False
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError:
            cancelled = True
    error = None if task.cancelled() else task.exception()
    log.debug("a server of tools ended: %s", type(error).__name__)  # its user sees that, too
    if cancelled:
        raise asyncio.CancelledError
    if isinstance(error, BaseExceptionGroup) and error.subgroup(DigitalLifeError):
        raise first_failure(error)


async def _by_http(
    settings: ToolServer, stack: AsyncExitStack, refused: Refusal
) -> "Transport | MCPServer":
    """Call the address; a proxy sees nothing of what stays on this computer.

    An address that ends in ``/sse`` speaks the protocol's older way over HTTP, of 2024; Home
    Assistant's conversation API speaks another, to which there is a server in this process.
    """
    import httpx2
    from mcp.client.sse import sse_client
    from mcp.client.streamable_http import streamable_http_client

    from daemon.tools.bounds import bound
    from daemon.tools.home_assistant import PATH, ConversationServer

    async def look(response: httpx2.Response) -> None:
        if response.request.method != "DELETE":  # which ends a session, where there are some
            refused(_refusal(response, settings))
        await bound(response)

    told = _headers(settings)
    make = partial(
        httpx2.AsyncClient,
        timeout=httpx2.Timeout(START_S, read=READ_S),
        event_hooks={"response": [look]},
        trust_env=not is_loopback(settings.url),
    )
    path = urlsplit(settings.url).path
    if path.endswith("/sse"):

        def factory(*_: object, **__: object) -> httpx2.AsyncClient:
            # Its stream of events is silent for as long as nobody asks for anything.
            return make(headers=told, timeout=httpx2.Timeout(START_S, read=None))

        return sse_client(settings.url, httpx_client_factory=factory)
    client = await stack.enter_async_context(make(headers=told))
    if path == PATH:
        return ConversationServer(settings.url, client)
    return streamable_http_client(settings.url, http_client=client)


def _headers(settings: ToolServer) -> dict[str, str]:
    """Return what every request carries; a token is read anew, for it may have been replaced."""
    told = {name: value.get_secret_value() for name, value in settings.headers.items()}
    if settings.token_file:
        told["Authorization"] = f"Bearer {read_key(settings.token_file)}"
    return {**told, "Accept-Encoding": "identity"}


def _refusal(response: "httpx2.Response", settings: ToolServer) -> SetupError | None:
    """Explain the status of an answer; ``None`` for those that the protocol itself uses."""
    status = response.status_code
    if status in (http.HTTPStatus.UNAUTHORIZED, http.HTTPStatus.FORBIDDEN):
        if settings.token_file:
            return SetupError(
                tr("it refuses the token (HTTP {status})").format(status=status),
                tr("put a valid token into {path}").format(path=settings.token_file),
            )
        return SetupError(
            tr("it asks for authentication (HTTP {status})").format(status=status),
            tr("set token_file for it, a file with its token"),
        )
    known = "mcp-session-id" in response.request.headers  # else it has forgotten the session
    if status == http.HTTPStatus.NOT_FOUND and not known:
        return SetupError(
            tr("nothing is there (HTTP 404)"),
            tr("look at the path of its url; in Home Assistant, add the integration"),
        )
    if status >= http.HTTPStatus.INTERNAL_SERVER_ERROR:
        return SetupError(tr("it fails (HTTP {status})").format(status=status))
    return None
