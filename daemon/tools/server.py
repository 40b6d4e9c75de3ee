"""One server of tools: started, or called, watched, and ended with the daemon.

The package ``mcp`` is an extra and is imported when a server is wanted.
"""

import asyncio
import json
import logging
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any, TextIO

from daemon import __version__
from daemon.config import ToolServer, is_loopback
from daemon.errors import SetupError, first_failure, named
from daemon.extras import install_command
from daemon.i18n import tr
from daemon.media import Tool
from daemon.worker import Worker

if TYPE_CHECKING:
    from mcp import Client
    from mcp.client._transport import Transport, TransportStreams
    from mcp.types import CallToolResult, ContentBlock

START_S = 20.0  # a server gets this long to start and to tell its tools
CALL_S = 20.0  # and a tool to answer: a person is waiting
LOOK_S = 30.0  # how often it is asked what it has, and so whether it is still there
ANSWER_S = 5.0  # and has to answer within this
END_S = 0.7  # it has to end by itself, and then after SIGTERM; all of us have five seconds
RETRY_S = 60.0  # one that fails is started again after this, or when somebody asks for it
LONGEST_DESCRIPTION = 600  # characters; more is for larger models than run here
MOST_PAGES = 10  # of a list of tools

log = logging.getLogger(__name__)


class ToolFailed(Exception):
    """A call that did not succeed; says why, to the model."""


class Server:
    """Belongs to the event loop's thread; ``run`` owns the connection."""

    def __init__(self, name: str, settings: ToolServer, changed: Callable[[], None]) -> None:
        """Prepare; ``changed`` is called when its tools come or go."""
        self.name = name
        self.settings = settings
        self.tools: dict[str, Tool] = {}
        """What it has, allowed or not, by its own names; empty while it is not there."""
        self.problem = ""
        """What is wrong with it, and what mends that."""
        self._changed = changed
        self._client: Client | None = None
        self._again = asyncio.Event()
        self._look = asyncio.Event()

    @property
    def ready(self) -> bool:
        """Whether it can be called."""
        return self._client is not None

    def try_again(self) -> None:
        """Start it at once, if it has failed."""
        self._again.set()

    async def run(self) -> None:
        """Keep connected until cancelled."""
        task = asyncio.current_task()
        assert task is not None
        while True:
            try:
                await self._stay_connected()
            except (Exception, BaseExceptionGroup) as error:
                # What fails while it is being ended must not undo that.
                if task.cancelling():
                    raise asyncio.CancelledError from error
                self._fail(error)
            self._again.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._again.wait(), RETRY_S)

    async def call(self, tool: str, arguments: dict[str, Any]) -> str:
        """Return what the tool says. Raises ``ToolFailed``; cancelling gives it up at once."""
        if self._client is None:
            raise ToolFailed("its server is not there.")
        task = asyncio.current_task()
        assert task is not None
        cancelling = task.cancelling()
        try:
            async with asyncio.timeout(CALL_S):
                result = await self._client.call_tool(tool, arguments)
        except (Exception, BaseExceptionGroup) as error:
            self._look.set()  # it may have gone
            if task.cancelling() > cancelling:
                # It died as the call was given up. Telling it so failed, and that would have taken
                # the cancellation's place: the reply would have gone on.
                raise asyncio.CancelledError from error
            if isinstance(error, TimeoutError):
                raise ToolFailed("it took too long.") from None
            # Whatever is wrong, the person gets an answer.
            raise ToolFailed(str(error) or type(error).__name__) from error
        text = _text(result)
        if result.is_error:
            raise ToolFailed(text)
        return text

    async def _stay_connected(self) -> None:
        async with AsyncExitStack() as stack:
            async with asyncio.timeout(START_S):
                client = await stack.enter_async_context(_connected(self.settings))
                self.tools = await _listed(client)
            self._client, self.problem = client, ""
            log.info("tools of %s: %d", self.name, len(self.tools))
            log.debug("tools of %s: %s", self.name, ", ".join(self.tools))
            try:
                self._changed()
                while True:
                    with suppress(TimeoutError):
                        await asyncio.wait_for(self._look.wait(), LOOK_S)
                    self._look.clear()
                    async with asyncio.timeout(ANSWER_S):
                        tools = await _listed(client)
                    if tools != self.tools:
                        self.tools = tools
                        self._changed()
            finally:
                self._client, self.tools = None, {}
                self._changed()

    def _fail(self, error: BaseException) -> None:
        reason = first_failure(error) if isinstance(error, BaseExceptionGroup) else error
        if isinstance(reason, TimeoutError):
            reason = SetupError(tr("it does not answer"))
        elif isinstance(reason, FileNotFoundError | PermissionError):
            reason = SetupError(f"{self.settings.command}: {os.strerror(reason.errno or 0)}")
        problem = tr("The tools of {name} cannot be used: {reason}").format(
            name=self.name, reason=named(reason)
        )
        if fix := getattr(reason, "fix", ""):
            problem += f" ({fix})"
        if problem != self.problem:
            log.warning("%s", problem)
            log.debug("tools of %s: %s", self.name, str(error))  # not the error: it holds much
        self.problem = problem


@asynccontextmanager
async def _connected(settings: ToolServer) -> AsyncIterator["Client"]:
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
            transport: Transport = _by_pipe(settings, noise)
        else:
            transport = await _by_http(settings, stack)
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
    """Start the program: no shell, and no more environment than a login has.

    A task of its own keeps it, which nobody cancels: what is cancelled while it ends the program,
    as when the daemon ends just after a server was taken out, would leave the program running.
    """
    from mcp.client import stdio

    stdio.PROCESS_TERMINATION_TIMEOUT = stdio.FORCE_KILL_TIMEOUT = END_S
    program = stdio.StdioServerParameters(command=settings.command, args=list(settings.args))
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
    if not task.cancelled() and (error := task.exception()) is not None:
        log.debug("a server of tools ended: %s", error)  # who uses it sees that, too
    if cancelled:
        raise asyncio.CancelledError


async def _by_http(settings: ToolServer, stack: AsyncExitStack) -> "Transport":
    """Call the address; a proxy sees nothing of what stays on this computer."""
    import httpx2
    from mcp.client.streamable_http import streamable_http_client

    patience = httpx2.Timeout(START_S, read=START_S + CALL_S)
    away = not is_loopback(settings.url)
    client = await stack.enter_async_context(httpx2.AsyncClient(timeout=patience, trust_env=away))
    return streamable_http_client(settings.url, http_client=client)


async def _listed(client: "Client") -> dict[str, Tool]:
    found: dict[str, Tool] = {}
    cursor = None
    for _ in range(MOST_PAGES):
        page = await client.list_tools(cursor=cursor)
        for tool in page.tools:
            description = " ".join((tool.description or "").split())[:LONGEST_DESCRIPTION]
            found[tool.name] = Tool(tool.name, description, tool.input_schema)
        cursor = page.next_cursor
        if cursor is None:
            break
    return found


def _text(result: "CallToolResult") -> str:
    """Return the words of a result, also those of files in it; pictures and sounds are left out."""
    parts = [words for part in result.content if (words := _words(part))]
    if not parts and result.structured_content is not None:
        return json.dumps(result.structured_content, ensure_ascii=False)
    return "\n".join(parts) or "(nothing)"


def _words(part: "ContentBlock") -> str:
    match part.type:
        case "text":
            return part.text
        case "resource":
            return getattr(part.resource, "text", "")  # one of bytes has none
        case "resource_link":
            return ": ".join(filter(None, (part.title or part.name, part.description)))
        case _:
            return ""
