"""Home Assistant, as far as it is told of: its ways, its token, and what goes wrong with them."""

import logging
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import pytest

from daemon.config import ToolServer
from daemon.tools import server as server_module
from tests.unit.tools.test_tools import SOON_S, Room, with_tools
from tests.virtual_time import run

pytest.importorskip("mcp")

TOKEN = "eyJhbGciOi.long-lived.token"
DEVICES = ("HassTurnOn", "HassTurnOff", "GetLiveContext")


class Home(SimpleNamespace):
    """A Home Assistant that can be restarted."""

    port: int
    token: Path

    def start(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.home_assistant", str(self.port), str(self.truth)]
        )
        deadline = time.monotonic() + SOON_S
        while True:
            try:
                return socket.create_connection(("127.0.0.1", self.port)).close()
            except OSError:
                assert time.monotonic() < deadline and self.process.poll() is None
                time.sleep(0.05)

    def stop(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def settings(self, path: str, *allow: str) -> ToolServer:
        url = f"http://127.0.0.1:{self.port}{path}"
        return ToolServer(url=url, token_file=str(self.token), allow=allow)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    truth, token = tmp_path / "truth", tmp_path / "token"
    truth.write_text(TOKEN, encoding="utf-8")
    token.write_text(TOKEN + "\n", encoding="utf-8")
    token.chmod(0o600)
    made = Home(port=port, truth=truth, token=token)
    made.start()
    yield made
    made.stop()


def failed(settings: ToolServer) -> str:
    """Return what is wrong with a server."""
    room = Room(house=settings)
    problem = ""

    async def main() -> None:
        nonlocal problem
        async with room.open():
            await room.until(lambda: room.box.failed)
            problem = room.box.status()[0]["problem"]

    run(main())
    return problem


@pytest.mark.parametrize("path", ["/api/mcp", "/mcp_server/sse"])
def test_its_devices_are_tools(home: Home, path: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    async def work(room: Room) -> None:
        outcome, text = await room.call("HassTurnOn", '{"name": "Kitchen"}')
        assert outcome == "done" and "action_done" in text
        assert '"Kitchen": "on"' in (await room.call("GetLiveContext", "{}"))[1]
        outcome, text = await room.call("HassTurnOff", '{"name": "Cellar"}')
        assert outcome == "failed" and "no_match_reason" in text
        assert TOKEN not in str(room.box.status())

    with_tools(work, house=home.settings(path, *DEVICES))
    assert TOKEN not in caplog.text


def test_its_conversation_is_a_tool(home: Home) -> None:
    async def work(room: Room) -> None:
        [tool] = room.box.offered
        assert tool.parameters["required"] == ["command"]
        assert await room.call("house", '{"command": "turn on the light"}') == (
            "done",
            "1 en: turn on the light",
        )
        # A follow-up belongs to the same conversation, in whatever language.
        outcome, text = await room.call("house", '{"command": "把灯关掉"}')
        assert (outcome, text) == ("done", "2 zh-CN: 把灯关掉")
        outcome, text = await room.call("house", '{"command": "sing"}')
        assert outcome == "failed" and "I don't understand" in text

    with_tools(work, house=home.settings("/api/conversation/process", "house"))


@pytest.mark.parametrize("path", ["/api/mcp", "/mcp_server/sse", "/api/conversation/process"])
def test_a_wrong_token_names_its_file(home: Home, path: str) -> None:
    home.token.write_text("mistaken", encoding="utf-8")
    problem = failed(home.settings(path, *DEVICES))
    assert "401" in problem and str(home.token) in problem and "mistaken" not in problem


def test_without_a_token_it_is_told_what_is_missing(home: Home) -> None:
    url = f"http://127.0.0.1:{home.port}/api/mcp"
    assert "token_file" in failed(ToolServer(url=url, allow=DEVICES))


def test_a_path_that_is_not_there(home: Home) -> None:
    assert "404" in failed(home.settings("/api/nothing"))


def test_a_token_that_others_can_read_is_refused(home: Home) -> None:
    home.token.chmod(0o644)
    assert f"chmod 600 {home.token}" in failed(home.settings("/api/mcp", *DEVICES))


def test_nobody_there(home: Home) -> None:
    home.stop()
    assert "nothing answers" in failed(home.settings("/api/mcp", *DEVICES))


@pytest.mark.parametrize("path", ["/api/mcp", "/mcp_server/sse", "/api/conversation/process"])
def test_a_replaced_token_is_taken_and_a_restart_outlived(
    home: Home, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_module, "RETRY_S", 0.05)
    monkeypatch.setattr(server_module, "POLL_INTERVAL_S", 0.2)
    name, arguments = (
        ("house", '{"command": "lights"}')
        if path.endswith("process")
        else ("HassTurnOn", '{"name": "Kitchen"}')
    )

    async def work(room: Room) -> None:
        assert (await room.call(name, arguments))[0] == "done"
        home.stop()
        home.truth.write_text("new", encoding="utf-8")
        home.start()
        outcome, text = await room.call(name, arguments)
        assert outcome == "failed" and TOKEN not in text
        await room.until(lambda: "401" in room.box.status()[0]["problem"])
        home.token.write_text("new", encoding="utf-8")
        await room.until(lambda: not room.box.failed and bool(room.box.offered))
        assert (await room.call(name, arguments))[0] == "done"

    with_tools(work, house=home.settings(path, *DEVICES, "house"))


def command_lines() -> Iterator[str]:
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # it has ended meanwhile
            yield process.read_bytes().decode(errors="replace")


def test_an_environment_reaches_the_program_and_nobody_else(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    settings = ToolServer.model_validate(
        {
            "command": sys.executable,
            "args": ["-m", "tests.tool_server"],
            "env": {"HOUSE_KEY": TOKEN},
            "allow": ["environment"],
        }
    )

    async def work(room: Room) -> None:
        assert "HOUSE_KEY" in (await room.call("environment", "{}"))[1]
        assert TOKEN not in str(room.box.status())
        assert TOKEN not in str(settings.model_dump(mode="json"))
        assert not any(TOKEN in line for line in command_lines())

    with_tools(work, house=settings)
    assert TOKEN not in caplog.text
