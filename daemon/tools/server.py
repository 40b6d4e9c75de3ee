"""One server of tools: started, or called, watched, and ended with the daemon."""

import asyncio
import logging
import os
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from typing import TYPE_CHECKING

from daemon.config import ToolServer
from daemon.errors import SetupError, first_failure, named
from daemon.i18n import tr
from daemon.media import Tool, ToolResult
from daemon.tools.results import read_result
from daemon.tools.transports import START_S, connected

if TYPE_CHECKING:
    from mcp import Client

CALL_S = 20.0  # a tool gets this long to answer: a person is waiting
POLL_INTERVAL_S = 30.0  # how often it is asked what it has, and so whether it is still there
ANSWER_S = 5.0  # and has to answer within this
RETRY_S = 1.0  # one that fails is tried again after this, then after twice as long, and so on
MAX_RETRY_S = 60.0  # up to this; or when somebody asks for it
MAX_DESCRIPTION_CHARS = 600  # characters; more is for larger models than run here
MAX_PAGES = 10  # of a list of tools

log = logging.getLogger(__name__)


class ToolFailed(Exception):
    """A call that did not succeed; says why, to the model."""


class ToolLate(ToolFailed):
    """A tool that did not answer within ``CALL_S``."""


class McpServer:
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
        self._refusal: SetupError | None = None
        self._failures = 0
        self._again = asyncio.Event()
        self._poll_now = asyncio.Event()
        self._there = asyncio.Event()

    @property
    def ready(self) -> bool:
        """Whether it can be called."""
        return self._client is not None

    def try_again(self) -> None:
        """Start it at once, if it has failed."""
        self._again.set()

    async def run(self) -> None:
        """Keep connected until cancelled.

        A connection that breaks is made again after a second, and its tools are offered meanwhile:
        each change of what is offered has a model read all of it anew.
        """
        task = asyncio.current_task()
        assert task is not None
        while True:
            since = asyncio.get_running_loop().time()
            try:
                await self._stay_connected()
            except (Exception, BaseExceptionGroup) as error:
                # What fails while it is being ended must not undo that.
                if task.cancelling():
                    raise asyncio.CancelledError from error
                self._fail(error)
            if asyncio.get_running_loop().time() - since > MAX_RETRY_S:
                self._failures = 0
            self._failures = min(self._failures + 1, 10)
            if self._failures > 1:
                self._offer({})
            self._again.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(min(MAX_RETRY_S, RETRY_S * 2 ** (self._failures - 1))):
                    await self._again.wait()
                    self._failures = 0

    async def call(self, tool: str, arguments: dict[str, object]) -> ToolResult:
        """Return what the tool says. Raises ``ToolFailed``; cancelling gives it up at once.

        What breaks is not called again: it may have done what it was to do.
        """
        task = asyncio.current_task()
        assert task is not None
        cancelling = task.cancelling()
        try:
            async with asyncio.timeout(CALL_S):
                await self._there.wait()
                assert self._client is not None
                result = await self._client.call_tool(tool, arguments)
        except (Exception, BaseExceptionGroup) as error:
            self._poll_now.set()  # it may have gone
            if task.cancelling() > cancelling:
                # It died as the call was given up. Telling it so failed, and that would have taken
                # the cancellation's place: the reply would have gone on.
                raise asyncio.CancelledError from error
            if isinstance(error, TimeoutError):
                raise ToolLate("it took too long.") from None
            # Whatever is wrong, the person gets an answer.
            reason = self._refusal or error
            raise ToolFailed(str(reason) or type(reason).__name__) from error
        said = read_result(result)
        if result.is_error:
            raise ToolFailed(said.text)
        return said

    async def _stay_connected(self) -> None:
        self._refusal = None
        async with AsyncExitStack() as stack:
            async with asyncio.timeout(START_S):
                client = await stack.enter_async_context(connected(self.settings, self._refused))
                tools = await _listed(client)
            self._client, self.problem = client, ""
            self._there.set()
            log.info("tools of %s: %d", self.name, len(tools))
            log.debug("tools of %s: %s", self.name, ", ".join(tools))
            self._offer(tools, anew=True)
            try:
                while True:
                    with suppress(TimeoutError):
                        async with asyncio.timeout(POLL_INTERVAL_S):
                            await self._poll_now.wait()
                    self._poll_now.clear()
                    async with asyncio.timeout(ANSWER_S):
                        self._offer(await _listed(client))
            finally:
                self._there.clear()
                self._client = None

    def _offer(self, tools: dict[str, Tool], anew: bool = False) -> None:
        if anew or tools != self.tools:
            self.tools = tools
            self._changed()

    def _refused(self, refusal: SetupError | None) -> None:
        self._refusal = refusal

    def _fail(self, error: BaseException) -> None:
        reason = self._explained(error)
        problem = tr("The tools of {name} cannot be used: {reason}").format(
            name=self.name, reason=named(reason)
        )
        if fix := getattr(reason, "fix", ""):
            problem += f" ({fix})"
        if problem != self.problem:
            log.warning("%s", problem)
            log.debug("tools of %s: %s", self.name, str(error))  # not the error: it holds much
        self.problem = problem

    def _explained(self, error: BaseException) -> BaseException:
        reason = first_failure(error) if isinstance(error, BaseExceptionGroup) else error
        if isinstance(reason, SetupError):
            return reason
        if self._refusal is not None:
            return self._refusal
        if isinstance(reason, TimeoutError):
            return SetupError(tr("it does not answer"))
        command = self.settings.command
        if command and isinstance(reason, FileNotFoundError | PermissionError):
            return SetupError(f"{command}: {os.strerror(reason.errno or 0)}")
        if type(reason).__name__ == "ConnectError":  # httpx2's
            return SetupError(tr("nothing answers at its url"), tr("start it, or correct the url"))
        if type(reason).__name__ == "MCPError":  # what it says may repeat what it was asked
            return SetupError(tr("it has ended") if command else tr("the connection broke off"))
        return reason


async def _listed(client: "Client") -> dict[str, Tool]:
    found: dict[str, Tool] = {}
    cursor = None
    for _ in range(MAX_PAGES):
        page = await client.list_tools(cursor=cursor)
        for tool in page.tools:
            description = " ".join((tool.description or "").split())[:MAX_DESCRIPTION_CHARS]
            found[tool.name] = Tool(tool.name, description, tool.input_schema)
        cursor = page.next_cursor
        if cursor is None:
            break
    return found
