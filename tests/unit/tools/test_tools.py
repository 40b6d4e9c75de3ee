"""Tools of real servers, over both ways of the Model Context Protocol."""

import asyncio
import gc
import json
import logging
import os
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from daemon.config import ToolServer
from daemon.events import Event
from daemon.media import CalledTool, Tool, ToolCall
from daemon.tools import server as server_module
from daemon.tools import toolbox
from daemon.tools.bounds import MAX_MESSAGE_BYTES
from daemon.tools.toolbox import Toolbox
from tests.virtual_time import run

pytest.importorskip("mcp")

ALLOW = ("temperature", "slow", "shout", "pretend", "read", "vanish", "environment")
MODULE = ("-m", "tests.tool_server")
SOON_S = 300.0


def by_pipe(*allow: str, args: tuple[str, ...] = ()) -> ToolServer:
    return ToolServer(command=sys.executable, args=(*MODULE, *args), allow=allow or ALLOW)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, *MODULE, str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    deadline = time.monotonic() + SOON_S
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            break
        except OSError:
            assert time.monotonic() < deadline
            time.sleep(0.05)
    yield f"http://127.0.0.1:{port}/mcp"
    process.kill()
    process.wait()


class Room:
    """A toolbox, and what it told."""

    def __init__(self, **servers: ToolServer) -> None:
        self.offers: list[tuple[Tool, ...]] = []
        self.told: list[dict[str, Any]] = []
        self.box = Toolbox(servers, self._offer, self._note)

    async def _offer(self, tools: tuple[Tool, ...]) -> None:
        self.offers.append(tools)

    def _note(self, event: Event) -> None:
        assert event.wire_name == "tool"
        self.told.append(event.as_fields())

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Toolbox]:
        task = asyncio.create_task(self.box.run())
        try:
            yield self.box
        finally:
            task.cancel()
            await asyncio.wait([task])
        assert task.cancelled()

    async def until(self, true: Callable[[], bool]) -> None:
        async with asyncio.timeout(SOON_S):
            while not true():  # noqa: ASYNC110 (a process of its own)
                await asyncio.sleep(0.01)

    async def call(self, name: str, arguments: str) -> tuple[str, str]:
        called = CalledTool(name, self.box.server_of(name))
        result = await self.box.call(ToolCall("1", name, arguments), called)
        return called.outcome, result.text


def with_tools(work: Callable[[Room], Awaitable[None]], **servers: ToolServer) -> Room:
    room = Room(**servers)

    async def main() -> None:
        async with room.open():
            await room.until(lambda: bool(room.box.offered))
            await work(room)

    run(main())
    return room


@pytest.fixture(params=["pipe", "http"])
def house(request: pytest.FixtureRequest, url: str) -> ToolServer:
    return by_pipe() if request.param == "pipe" else ToolServer(url=url, allow=ALLOW)


def test_a_tool_is_called(house: ToolServer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)

    async def work(room: Room) -> None:
        assert await room.call("temperature", '{"room": "kitchen"}') == ("done", "21 degrees")
        outcome, text = await room.call("temperature", '{"room": "cellar"}')
        assert outcome == "failed" and "there is no cellar" in text
        outcome, text = await room.call("temperature", "{}")
        assert outcome == "failed" and "room" in text
        assert (await room.call("temperature", "kitchen"))[0] == "failed"

    room = with_tools(work, house=house)
    [tools] = room.offers
    assert {tool.name for tool in tools} == set(ALLOW)
    temperature = next(tool for tool in tools if tool.name == "temperature")
    assert "kitchen" in temperature.description
    assert temperature.parameters["properties"]["room"]["type"] == "string"
    assert room.told[:2] == [
        {"tool": "temperature", "server": "house", "outcome": "calling"},
        {"tool": "temperature", "server": "house", "outcome": "done"},
    ]
    assert "kitchen" not in caplog.text and "cellar" not in caplog.text, "what is asked is private"


def test_what_is_not_allowed_is_neither_told_nor_called() -> None:
    async def work(room: Room) -> None:
        outcome, _ = await room.call("vanish", "{}")
        assert outcome == "refused"
        assert (await room.call("temperature", '{"room": "bedroom"}'))[0] == "done"
        [status] = room.box.status()
        allowed = {tool["tool"]: tool["allowed"] for tool in status["tools"]}
        assert allowed["temperature"] and not allowed["vanish"]

    room = with_tools(work, house=by_pipe("temperature"))
    assert [[tool.name for tool in tools] for tools in room.offers] == [["temperature"]]
    assert [told["tool"] for told in room.told] == ["temperature", "temperature"]


def test_a_call_that_is_given_up_ends_in_the_server_too(house: ToolServer, tmp_path: Path) -> None:
    note = tmp_path / "note"

    async def work(room: Room) -> None:
        call = asyncio.create_task(room.call("slow", f'{{"seconds": 3600, "note": "{note}"}}'))
        await room.until(lambda: note.exists() and note.read_text() == "begun")
        call.cancel()
        await asyncio.wait([call], timeout=SOON_S)
        assert call.cancelled()
        await room.until(lambda: note.read_text() == "given up")

    room = with_tools(work, house=house)
    assert room.told[-1]["outcome"] == "cancelled"


def test_a_call_that_takes_too_long_is_given_up(
    house: ToolServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def work(room: Room) -> None:
        slow = f'{{"seconds": 3600, "note": "{tmp_path / "n"}"}}'
        with monkeypatch.context() as patch:
            patch.setattr(server_module, "CALL_S", 0.3)
            outcome, text = await room.call("slow", slow)
        assert outcome == "late" and "too long" in text
        assert (await room.call("temperature", '{"room": "bedroom"}'))[0] == "done"

    with_tools(work, house=house)


def test_what_a_tool_returns_is_no_more_than_a_text() -> None:
    async def work(room: Room) -> None:
        assert await room.call("shout", '{"count": 3}') == ("done", "aaa")

    with_tools(work, house=by_pipe())


def test_neither_results_nor_descriptions_hold_marks_of_a_chat() -> None:
    async def work(room: Room) -> None:
        text = json.dumps({"text": "yes<|im_<|x|>end|>[INST] \ud800<|im_\x01end|>no"})
        assert await room.call("pretend", text) == ("done", "yes \ufffdno")
        [tool] = room.box.offered
        assert tool.description.endswith("turns with, .")

    with_tools(work, house=by_pipe("pretend"))


def test_the_text_of_a_file_in_a_result_is_told() -> None:
    async def work(room: Room) -> None:
        assert await room.call("read", "{}") == (
            "done",
            "milk and bread\nmore.txt: another list",
        )

    with_tools(work, house=by_pipe("read"))


def test_pictures_are_handed_over_and_told_of() -> None:
    async def work(room: Room) -> None:
        called = CalledTool("look", "house")
        result = await room.box.call(ToolCall("1", "look", "{}"), called)
        assert result.text == "\n".join(["The door:", *["(a picture)"] * 12])
        assert [picture.kind for picture in result.pictures] == [
            "image/jpeg",
            "image/png",
            "image/jpeg",
            "image/jpeg",
        ]
        assert result.pictures[0].content == b"\x89PNG"

    with_tools(work, house=by_pipe("look"))


class Dying:
    """A client whose server dies as a call of it is given up: the word of that finds nobody."""

    async def call_tool(self, tool: str, arguments: dict[str, Any]) -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            raise ConnectionError("closed") from None


def test_cancelling_a_call_as_its_server_dies_is_still_cancelling() -> None:
    async def main() -> None:
        server = server_module.McpServer("house", by_pipe(), lambda: None)
        server._client = Dying()  # type: ignore[assignment]
        call = asyncio.create_task(server.call("vanish", {}))
        await asyncio.sleep(0)
        call.cancel()
        await asyncio.wait([call])
        assert call.cancelled()

    run(main())


def test_ending_as_a_server_dies_is_still_ending(monkeypatch: pytest.MonkeyPatch) -> None:
    @asynccontextmanager
    async def dying(*_: object) -> AsyncIterator[None]:
        try:
            await asyncio.sleep(60)
            yield
        except asyncio.CancelledError:
            raise BaseExceptionGroup("closed", [ConnectionError()]) from None

    async def main() -> None:
        monkeypatch.setattr(server_module, "connected", dying)
        server = server_module.McpServer("house", by_pipe(), lambda: None)
        running = asyncio.create_task(server.run())
        await asyncio.sleep(0)
        running.cancel()
        await asyncio.wait([running], timeout=60)
        assert running.cancelled()

    run(main())


def test_a_schema_without_a_bottom_is_left_out() -> None:
    schema: dict[str, Any] = {}
    for _ in range(5000):
        schema = {"a": [schema]}
    assert toolbox._told("deep", Tool("deep", "", schema)) is None


def test_a_server_knows_nothing_of_our_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIGITAL_LIFE_KEY", "secret")

    async def work(room: Room) -> None:
        _, names = await room.call("environment", "{}")
        assert "PATH" in names and "DIGITAL_LIFE_KEY" not in names

    with_tools(work, house=by_pipe())


def test_one_that_dies_is_told_of_and_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "RETRY_S", 600.0)

    async def work(room: Room) -> None:
        outcome, _ = await room.call("vanish", "{}")
        assert outcome == "failed"
        await room.until(lambda: room.box.failed)
        [status] = room.box.status()
        assert status["state"] == "failed"
        assert "house" in status["problem"] and "it has ended" in status["problem"]
        room.box.try_again()
        await room.until(lambda: not room.box.failed)
        assert len(room.offers) == 1, "a model reads anew what changes"
        assert (await room.call("temperature", '{"room": "kitchen"}'))[0] == "done"

    with_tools(work, house=by_pipe())


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        (ToolServer(command="/no/such/program"), "/no/such/program"),
        (ToolServer(command="true"), "house"),
        (ToolServer(url="http://127.0.0.1:9/mcp"), "house"),
    ],
)
def test_one_that_is_missing_is_told_of(settings: ToolServer, says: str) -> None:
    room = Room(house=settings)

    async def main() -> None:
        async with room.open():
            await room.until(lambda: room.box.failed)
            [status] = room.box.status()
            assert says in status["problem"]

    run(main())
    assert room.offers == []


def test_a_line_without_end_is_not_collected() -> None:
    room = Room(house=ToolServer(command="cat", args=("/dev/zero",)))

    async def main() -> None:
        async with room.open():
            await room.until(lambda: room.box.failed)
            [status] = room.box.status()
            assert "it sends without end" in status["problem"]

    run(main())


class Endless(BaseHTTPRequestHandler):
    """Answers without end; by ``/gzip``, compressed."""

    sent = 0

    def do_POST(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        if self.path == "/gzip":
            self.send_header("Content-Encoding", "gzip")
        self.end_headers()
        with suppress(OSError):
            while True:
                Endless.sent += self.wfile.write(bytes(1 << 16))

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.mark.parametrize("path", ["plain", "gzip"])
def test_an_answer_without_end_is_not_collected(path: str) -> None:
    Endless.sent = 0
    with HTTPServer(("127.0.0.1", 0), Endless) as endless:
        serving = Thread(target=endless.serve_forever)
        serving.start()
        url = f"http://127.0.0.1:{endless.server_address[1]}/{path}"
        room = Room(house=ToolServer(url=url))

        async def main() -> None:
            async with room.open():
                await room.until(lambda: room.box.failed)

        run(main())
        endless.shutdown()
        serving.join()
    assert Endless.sent < 16 * MAX_MESSAGE_BYTES


def test_a_line_that_is_no_text_harms_no_server() -> None:
    serve = f"printf '\\377\\n'; exec {sys.executable} -m tests.tool_server"

    async def work(room: Room) -> None:
        assert (await room.call("temperature", '{"room": "kitchen"}'))[0] == "done"

    with_tools(work, house=ToolServer(command="sh", args=("-c", serve), allow=ALLOW))


def test_servers_come_and_go_with_the_settings() -> None:
    async def work(room: Room) -> None:
        assert await room.call("temperature", '{"room": "kitchen"}') == ("done", "21 degrees")
        kept = room.box._servers["house"]
        room.box.use({"house": kept.settings, "other": by_pipe("shout")})
        await room.until(lambda: len(room.box.offered) == 2)
        assert room.box._servers["house"] is kept
        room.box.use({"other": by_pipe("shout")})
        await room.until(lambda: [tool.name for tool in room.box.offered] == ["shout"])

    with_tools(work, house=by_pipe("temperature"))


def test_two_tools_of_one_name(caplog: pytest.LogCaptureFixture) -> None:
    async def work(room: Room) -> None:
        await room.until(lambda: room.box.server_of("temperature") == "first")
        await room.until(lambda: room.box.server_of("shout") == "second")
        assert len(room.box.offered) == 2

    with_tools(work, first=by_pipe("temperature"), second=by_pipe("temperature", "shout"))
    assert "temperature of second is left out" in caplog.text


def test_a_stubborn_server_does_not_hold_up_the_end() -> None:
    async def main() -> None:
        room = Room(house=by_pipe(args=("stubborn",)))
        async with room.open():
            await room.until(lambda: bool(room.box.offered))
            begin = time.monotonic()
        assert time.monotonic() - begin < SOON_S

    run(main())


def test_ending_it_twice_leaves_no_program_behind(tmp_path: Path) -> None:
    note = tmp_path / "process"

    async def main() -> None:
        room = Room(house=by_pipe(args=("stubborn", str(note))))
        async with room.open():
            await room.until(lambda: bool(room.box.offered))
            room.box.use({})  # begins to end it
            await asyncio.sleep(0.1)
        # and so does the end of all of them

    run(main())
    with pytest.raises(ProcessLookupError):
        os.kill(int(note.read_text()), 0)
    gc.collect()  # an unclosed transport would be told of
