"""All servers of tools, and what may be called of them.

Only what the settings allow is ever told to the model, or called. What a tool returns is somebody
else's text: it is cut, and cannot pass for more than a text.
"""

import asyncio
import json
import logging
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from daemon.brain.special_tokens import strip_special_tokens
from daemon.brain.unicode import well_formed
from daemon.config import ToolServer
from daemon.events import Event, ToolCalled
from daemon.i18n import tr
from daemon.media import CalledTool, JsonObject, Tool, ToolCall, ToolResult
from daemon.tools.server import McpServer, ToolFailed, ToolLate

MAX_TOOLS = 32  # that the model is told of; each is read before the first question
MAX_TOLD_CHARS = 4000  # characters of what the model is told of one of them
MAX_NAME_CHARS = 64  # characters, as OpenAI's protocol has it
MAX_RESULT_CHARS = 16_000  # characters that are looked at; a reply has room for far fewer

_PLAIN = re.compile(r"[\w./:-]{1,64}")
_UNFIT = re.compile(r"[^A-Za-z0-9_-]")

log = logging.getLogger(__name__)


class Toolbox:
    """The ``Tools`` of a reply. Belongs to the event loop's thread."""

    def __init__(
        self,
        servers: Mapping[str, ToolServer],
        offer: Callable[[tuple[Tool, ...]], Awaitable[None]],
        publish: Callable[[Event], None] = lambda _event: None,
    ) -> None:
        """``offer`` is given what may be called, after each change.

        ``publish`` is told each call's course.
        """
        self._wanted = dict(servers)
        self._offer = offer
        self._publish = publish
        self._servers: dict[str, McpServer] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._group: asyncio.TaskGroup | None = None
        self._changed = asyncio.Event()
        self._tools: dict[str, tuple[McpServer, str, Tool]] = {}

    async def run(self) -> None:
        """Keep the servers, until cancelled; they end with it."""
        async with asyncio.TaskGroup() as group:
            self._group = group
            self.use(self._wanted)
            while True:
                await self._changed.wait()
                self._changed.clear()
                before = self.offered
                self._tools = self._allowed()
                if self.offered != before:
                    await self._offer(self.offered)

    def use(self, servers: Mapping[str, ToolServer]) -> None:
        """Keep these servers from now on; those that stay the same are left alone."""
        self._wanted = dict(servers)
        if self._group is None:
            return
        for name, server in list(self._servers.items()):
            if servers.get(name) != server.settings:
                self._tasks.pop(name).cancel()
                del self._servers[name]
        for name, settings in servers.items():
            if name not in self._servers:
                self._servers[name] = McpServer(name, settings, self._changed.set)
                self._tasks[name] = self._group.create_task(
                    self._servers[name].run(), name=f"tools of {name}"
                )
        self._changed.set()

    def try_again(self) -> None:
        """Start at once what has failed."""
        for server in self._servers.values():
            server.try_again()

    @property
    def offered(self) -> tuple[Tool, ...]:
        """What may be called now."""
        return tuple(tool for _, _, tool in self._tools.values())

    @property
    def failed(self) -> bool:
        """Whether a server that is set does not work."""
        return any(server.problem for server in self._servers.values())

    def status(self) -> list[JsonObject]:
        """Tell of each server how it is, and of its tools which may be called."""
        return [
            {
                "server": name,
                "state": "failed" if server.problem else "ready" if server.ready else "starting",
                "problem": server.problem,
                "tools": [
                    {"tool": tool, "allowed": tool in server.settings.allow}
                    for tool in sorted(server.tools)
                ],
            }
            for name, server in self._servers.items()
        ]

    def server_of(self, tool: str) -> str:
        """Name the server that has the tool; empty if it may not be called, or is not there."""
        return self._tools[tool][0].name if tool in self._tools else ""

    async def call(self, call: ToolCall, called: CalledTool) -> ToolResult:
        """Call a tool; see ``Tools``."""
        if call.name not in self._tools:
            called.outcome = "refused"  # its name may be anybody's words: it is told to nobody
            return ToolResult("There is no such tool.")
        server, name, tool = self._tools[call.name]
        self._note(called)
        try:
            result = await server.call(name, _arguments(call.arguments, tool.parameters))
            called.outcome = "done"
        except ToolFailed as error:
            result = ToolResult(f"The tool failed: {error}")
            called.outcome = "late" if isinstance(error, ToolLate) else "failed"
        except asyncio.CancelledError:
            called.outcome = "cancelled"
            raise
        finally:
            self._note(called)
        text = strip_special_tokens(well_formed(result.text[:MAX_RESULT_CHARS]))
        return replace(result, text=text)

    def _note(self, called: CalledTool) -> None:
        log.info("tool %s of %s: %s", called.tool, called.server, called.outcome)
        self._publish(ToolCalled(called.tool, called.server, called.outcome))

    def _allowed(self) -> dict[str, tuple[McpServer, str, Tool]]:
        found: dict[str, tuple[McpServer, str, Tool]] = {}
        for server in self._servers.values():
            for name in server.settings.allow:
                if name not in server.tools:
                    if server.ready:
                        log.warning(
                            tr("{server} has no tool {name}; it has: {names}").format(
                                server=server.name, name=name, names=_some(server.tools)
                            )
                        )
                    continue
                shown = _UNFIT.sub("_", name)[:MAX_NAME_CHARS]
                tool = _told(shown, server.tools[name])
                if shown in found or tool is None or len(found) >= MAX_TOOLS:
                    log.warning(
                        tr("The tool {name} of {server} is left out: {reason}").format(
                            name=name,
                            server=server.name,
                            reason=tr("another has its name")
                            if shown in found
                            else tr("its description is too long")
                            if tool is None
                            else tr("there are too many"),
                        )
                    )
                    continue
                found[shown] = (server, name, tool)
        return found


def _some(names: Iterable[str]) -> str:
    """Return names that another program gave, as far as they are names."""
    plain = [name for name in names if _PLAIN.fullmatch(name)]
    return ", ".join(plain[:MAX_TOOLS]) or "–"


def _told(name: str, tool: Tool) -> Tool | None:
    """Return what the model is told of it; ``None`` if that is too long, or nested without end.

    A description is the server's text, as a result is.
    """
    try:
        told = Tool(name, _plain(tool.description), _plain(dict(tool.parameters)))
        length = len(told.description) + len(json.dumps(dict(told.parameters)))
    except RecursionError:
        return None
    return told if length <= MAX_TOLD_CHARS else None


def _plain(value: Any) -> Any:
    match value:
        case str():
            return strip_special_tokens(well_formed(value))
        case dict():
            return {_plain(key): _plain(item) for key, item in value.items()}
        case list():
            return [_plain(item) for item in value]
    return value


def _arguments(text: str, schema: Mapping[str, object]) -> dict[str, object]:
    """Read what the model wrote; raises ``ToolFailed``.

    Small models like to add what belongs to another tool; that is left out.
    """
    try:
        arguments = json.loads(text or "{}")
        arguments = json.loads(well_formed(json.dumps(arguments, ensure_ascii=False)))
    except (ValueError, RecursionError):
        arguments = None
    if not isinstance(arguments, dict):
        raise ToolFailed("its arguments are not a JSON object.")
    known = schema.get("properties")
    if not isinstance(known, Mapping) or schema.get("additionalProperties"):
        return arguments
    return {name: value for name, value in arguments.items() if name in known}
