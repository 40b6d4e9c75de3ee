"""The API on its Unix socket, with real sockets and the commands' own client."""

import asyncio
import contextlib
import gc
import json
import os
import re
import socket
import stat
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from daemon.api import application, events, server, unix_socket
from daemon.api.bodies import (
    MAX_TEXT,
    FaceChoice,
    KeyRequest,
    SettingRequest,
    SpeechRequest,
    SwitchRequest,
    VoiceChoice,
)
from daemon.api.client import Client, NotRunning
from daemon.api.page_events import MicrophoneLevel
from daemon.api.services import Services
from daemon.bus import Bus
from daemon.cli import main
from daemon.config import load, packaged_config
from daemon.dialogue.pending import PendingRequest
from daemon.dialogue.turn import Recitation
from daemon.errors import DigitalLifeError, SetupError
from daemon.events import StateChanged, Stopping
from daemon.folders import socket_path
from daemon.server import Daemon
from tests.waiting import PATIENCE_S, soon

AS_JSON = "Content-Type: application/json"
PAGES = [Path("docs", name).read_text(encoding="utf-8") for name in ("api.md", "api.zh.md")]
LEISURE = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

Work = Callable[[Path, Bus], Awaitable[None]]


class Session:
    """Answers questions after as many seconds as they say."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def ask(self, words: str | Recitation) -> PendingRequest | None:
        text = words.text if isinstance(words, Recitation) else words
        self.asked.append(text)
        if text == "busy":
            return None
        question = PendingRequest()
        with contextlib.suppress(ValueError):
            loop = asyncio.get_running_loop()
            loop.call_later(float(text), lambda: question.end("so it is", whole=True))
            return question
        question.end(text, whole=True)
        return question

    def stop_speaking(self) -> None:
        raise ZeroDivisionError("a fault")


class Wrong(Daemon):
    """A daemon that listens, and whose settings are wrong."""

    async def reload(self) -> Any:
        raise SetupError("the settings are wrong", "digital-life config check")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    tmp_path.chmod(0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    path = socket_path()
    assert path is not None
    return path


@contextlib.asynccontextmanager
async def api(place: Path) -> Any:
    daemon = Wrong(load(packaged_config()).settings)
    services = Services(daemon)
    try:
        async with unix_socket.serving(application.application(services), place):
            yield daemon
    finally:
        await services.close()


def serving(place: Path, work: Work) -> None:
    async def main() -> None:
        async with api(place) as daemon:
            daemon.running = SimpleNamespace(session=Session(), push_to_talk=None)
            daemon.require_running = lambda: daemon.running
            await work(place, daemon.bus)

    asyncio.run(main())


async def asked(
    place: Path, method: str, path: str, body: object = None, *headers: str
) -> tuple[int, dict[str, Any]]:
    """Return the status and the JSON of one answer."""
    sent = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = (f"{method} /v1/{path} HTTP/1.1", "Host: localhost", f"Content-Length: {len(sent)}")
    json_type = () if any("Content-Type" in header for header in headers) else (AS_JSON,)
    more = (*json_type, "Connection: close", *headers, "", "")
    reader, writer = await asyncio.open_unix_connection(str(place))
    writer.write("\r\n".join((*lines, *more)).encode() + sent)
    answer = await asyncio.wait_for(reader.read(), PATIENCE_S)
    writer.close()
    head, _, text = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(text)


async def following(place: Path) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Follow the events; they come from now on."""
    reader, writer = await asyncio.open_unix_connection(str(place))
    writer.write(b"GET /v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
    head = await asyncio.wait_for(reader.readuntil(b": follows\n\n"), PATIENCE_S)
    assert head.startswith(b"HTTP/1.1 200")
    return reader, writer


async def next_event(reader: asyncio.StreamReader) -> dict[str, Any]:
    while True:
        line = await asyncio.wait_for(reader.readline(), PATIENCE_S)
        assert line, "it has ended"
        if line.startswith(b"data: "):
            return dict(json.loads(line.removeprefix(b"data: ")))


@pytest.fixture
def not_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let ``say`` fail where it would speak by itself."""

    def alone(*_: object) -> None:
        raise AssertionError("it speaks by itself")

    monkeypatch.setattr("daemon.commands.say.run_until_signal", alone)


@pytest.mark.usefixtures("not_alone")
def test_say_is_for_the_running_daemon_with_other_settings_too(place: Path, tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text("[voice]\nspeed = 1.1\n")

    async def work(place: Path, bus: Bus) -> None:
        for options in ([], ["--config", str(config)]):
            assert await asyncio.to_thread(main, [*options, "say", "Hello"]) == 0

    serving(place, work)


@pytest.mark.usefixtures("not_alone")
def test_say_does_not_begin_anew_when_the_daemon_ends_meanwhile(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def end(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.close()

    async def run() -> int:
        async with await asyncio.start_unix_server(end, place):
            return await asyncio.to_thread(main, ["say", "Hello"])

    assert asyncio.run(run()) == 1
    assert "not running" in capsys.readouterr().err


def test_a_connection_serves_for_several_requests(place: Path) -> None:
    async def work(place: Path, bus: Bus) -> None:
        reader, writer = await asyncio.open_unix_connection(str(place))
        for _ in range(3):
            writer.write(b"GET /v1/personas HTTP/1.1\r\nHost: localhost\r\n\r\n")
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), PATIENCE_S)
            length = int(head.lower().partition(b"content-length: ")[2].split()[0])
            assert json.loads(await reader.readexactly(length))["persona"]
        writer.close()

    serving(place, work)


def test_how_it_is_can_be_asked_while_it_loads(place: Path) -> None:
    async def run() -> None:
        async with api(place) as daemon:
            daemon.loading = "whisper"
            status, told = await asked(place, "GET", "status")
            assert (status, told["state"], told["loading"]) == (200, "loading", "whisper")
            status, told = await asked(place, "POST", "say", {"text": "Hello"})
            assert (status, told["error"]["fix"]) == (503, "digital-life events")

    asyncio.run(run())


def test_what_there_is_is_described(place: Path) -> None:
    async def work(place: Path, bus: Bus) -> None:
        _, described = await asked(place, "GET", "openapi.json")
        assert {"/v1/status", "/v1/say", "/v1/memory/facts/{number}"} <= set(described["paths"])
        named = described["components"]["schemas"]
        for path, methods in described["paths"].items():
            assert all(f"{path}`" in page for page in PAGES), f"docs/api.md has no {path}"
            for method, operation in methods.items():
                text = operation.get("description", "")
                assert text, f"{method} {path} says what it does"
                classes = {name for name in named if re.search("[a-z][A-Z]", name)}
                assert not classes & set(re.findall(r"\w+", text)), text

    serving(place, work)


def test_errors_come_with_their_remedy(place: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def work(place: Path, bus: Bus) -> None:
        status, wrong = await asked(place, "POST", "settings/reload")
        assert status == 409
        assert wrong["error"] == {
            "message": "the settings are wrong",
            "fix": "digital-life config check",
            "code": 2,
        }
        status, fault = await asked(place, "POST", "stop-talking")
        assert status == 500 and "a fault" in fault["error"]["message"]
        status, busy = await asked(place, "POST", "ask", {"text": "busy"})
        assert status == 409 and busy["error"]["message"] == "Somebody is speaking."

    serving(place, work)
    assert [record.getMessage() for record in caplog.records] == ["api: /v1/stop-talking failed"]


def test_what_is_wrong_with_a_request_is_told(place: Path) -> None:
    async def work(place: Path, bus: Bus) -> None:
        _, told = await asked(place, "POST", "say", {"text": "x" * 70_000})
        assert told["error"]["message"] == "The request is too large."
        form = "Content-Type: application/x-www-form-urlencoded"
        _, told = await asked(place, "POST", "say", {"text": "Hello"}, form)
        assert told["error"]["fix"] == "Content-Type: application/json"
        _, told = await asked(place, "POST", "say", {"text": ""}, form)
        assert told["error"]["fix"] == "Content-Type: application/json"
        _, told = await asked(place, "POST", "say", {"text": ""})
        assert told["error"]["fix"] == ""

    serving(place, work)


class Film:
    """A recording of three pieces, of which the last comes when it is ended."""

    begin = 0.0

    def __init__(self, _running: object, _goes_on: object, seconds: float) -> None:
        self.seconds = seconds
        self.ended = asyncio.Event()

    def end(self) -> None:
        self.ended.set()

    async def pieces(self) -> AsyncIterator[bytes]:
        yield b"one "
        yield b"two "
        await self.ended.wait()
        yield b"three"


def test_one_films_at_a_time_and_it_is_ended_when_asked_to(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("daemon.api.routes.recording.ConversationFilm", Film)

    async def run() -> None:
        async with api(place) as daemon:
            daemon.require_running = lambda: None
            assert (await asked(place, "DELETE", "recording"))[0] == 409
            got: list[bytes] = []

            def take() -> None:
                got.extend(Client().stream("recording", seconds=60))

            taking = asyncio.create_task(asyncio.to_thread(take))
            await soon(lambda: len(got) == 2 or daemon.recording is not None)
            assert daemon.recording.seconds == 60
            status, told = await asked(place, "POST", "recording")
            assert (status, told["error"]["message"][-8:]) == (503, "already.")
            assert (await asked(place, "GET", "status"))[1]["recorded_s"] > 0
            assert await asked(place, "DELETE", "recording") == (200, {})
            await taking
            assert b"".join(got) == b"one two three"
            assert daemon.recording is None

    asyncio.run(run())


def test_a_film_ends_with_its_client_and_with_the_daemon(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("daemon.api.routes.recording.ConversationFilm", Film)

    async def run() -> None:
        async with api(place) as daemon:
            daemon.require_running = lambda: None
            for hang_up in (True, False):
                reader, writer = await asyncio.open_unix_connection(str(place))
                writer.write(b"POST /v1/recording HTTP/1.1\r\nHost: localhost\r\n\r\n")
                await asyncio.wait_for(reader.readuntil(b"two "), PATIENCE_S)
                if hang_up:
                    writer.close()
                else:
                    daemon.bus.publish(Stopping())
                    await asyncio.wait_for(reader.readuntil(b"three"), PATIENCE_S)
                    writer.close()
                await soon(lambda: daemon.recording is None)

    asyncio.run(run())


class LargeFilm(Film):
    """One without end, of which a socket holds only the first pieces."""

    async def pieces(self) -> AsyncIterator[bytes]:
        while True:
            await asyncio.sleep(0)
            yield bytes(1 << 20)


@pytest.mark.parametrize("hangs_up", [True, False])
def test_a_film_ends_when_its_client_takes_nothing(
    hangs_up: bool, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("daemon.api.routes.recording.ConversationFilm", LargeFilm)
    seconds = PATIENCE_S if hangs_up else 0.2
    monkeypatch.setattr("daemon.api.application.WRITE_TIMEOUT_S", seconds)

    async def run() -> None:
        async with api(place) as daemon:
            daemon.require_running = lambda: None
            with socket.socket(socket.AF_UNIX) as client:
                client.connect(str(place))
                client.sendall(b"POST /v1/recording HTTP/1.1\r\nHost: localhost\r\n\r\n")
                await soon(lambda: daemon.recording is not None)
                gc.disable()  # nothing of it may wait to be found by chance
                if hangs_up:
                    await asyncio.sleep(0.1)
                    client.close()
                await soon(lambda: daemon.recording is None)
                gc.enable()

    asyncio.run(run())


def test_what_has_a_default_need_not_be_sent(place: Path) -> None:
    async def work(place: Path, bus: Bus) -> None:
        off = {"microphone": True, "camera": False}
        assert await asked(place, "POST", "mute") == (200, off)
        assert await asked(place, "POST", "unmute") == (200, {**off, "microphone": False})

    serving(place, work)


def test_it_speaks_the_language_of_who_asks(place: Path) -> None:
    async def work(place: Path, bus: Bus) -> None:
        busy = {"text": "busy"}
        _, told = await asked(place, "POST", "ask", busy, "Accept-Language: zh-CN,en;q=0.5")
        assert told["error"]["message"] == "有人正在说话。"

    serving(place, work)


def test_the_socket_is_its_owners_and_goes_with_the_daemon(place: Path) -> None:
    async def work(place: Path, bus: Bus) -> None:
        mode = os.stat(place).st_mode
        assert stat.S_ISSOCK(mode) and stat.S_IMODE(mode) == 0o600

    serving(place, work)
    assert not place.exists()


def test_one_left_by_a_crash_is_replaced(place: Path) -> None:
    with socket.socket(socket.AF_UNIX) as crashed:
        crashed.bind(str(place))

    async def work(place: Path, bus: Bus) -> None:
        assert (await asked(place, "GET", "personas"))[0] == 200

    serving(place, work)


def test_a_second_daemon_is_refused(place: Path) -> None:
    async def work(place: Path, bus: Bus) -> None:
        with pytest.raises(DigitalLifeError, match="running already"):
            async with api(place):
                pass
        assert (await asked(place, "GET", "personas"))[0] == 200, "the first goes on"

    serving(place, work)


def test_others_are_turned_away(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def work(place: Path, bus: Bus) -> None:
        monkeypatch.setattr(unix_socket, "_is_trusted", lambda connection: False)
        reader, writer = await asyncio.open_unix_connection(str(place))
        assert (await reader.read()).startswith(b"HTTP/1.1 403")
        writer.close()

    serving(place, work)


def test_the_kernel_tells_who_asks() -> None:
    class Peer:
        def __init__(self, user: int) -> None:
            self.user = user

        def getsockopt(self, *_: int) -> bytes:
            return b"".join(n.to_bytes(4, "little") for n in (1, self.user, 1))

    assert unix_socket._is_trusted(Peer(os.getuid()))  # type: ignore[arg-type]
    assert unix_socket._is_trusted(Peer(0))  # type: ignore[arg-type]
    assert not unix_socket._is_trusted(Peer(os.getuid() + 12345))  # type: ignore[arg-type]


@pytest.mark.parametrize("line", [b"garbage\n", b"\xff\xfe\x00\n\n", b'{"v": 1, "do": "x"}\n\n'])
def test_garbage_is_cut_off(place: Path, line: bytes) -> None:
    async def work(place: Path, bus: Bus) -> None:
        reader, writer = await asyncio.open_unix_connection(str(place))
        writer.write(line + b"\r\n")
        assert (await asyncio.wait_for(reader.read(), PATIENCE_S)).startswith(b"HTTP/1.1 400")
        writer.close()
        assert (await asked(place, "GET", "personas"))[0] == 200

    serving(place, work)


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "say", b"garbage", 400),
        ("POST", "say", b"[" * 5000, 400),
        ("POST", "say", {"text": ""}, 400),
        ("POST", "say", {"text": "x" * (MAX_TEXT + 1)}, 400),
        ("POST", "say", {"text": "Hello", "more": 1}, 400),
        ("POST", "say", {"text": "x" * 70_000}, 413),
        ("POST", "mute", {"what": "world"}, 400),
        ("GET", "memory?before=9223372036854775808", None, 400),
        ("GET", "memory?before=1" + "0" * 40, None, 400),
        ("GET", "memory/search?text=", None, 400),
        ("DELETE", "memory/facts/1" + "0" * 5000, None, 400),
        ("DELETE", "memory/conversations/-1", None, 400),
        ("GET", "nothing", None, 404),
        ("GET", "../panel", None, 404),
        ("DELETE", "say", None, 405),
    ],
)
def test_what_cannot_be_meant_is_refused(
    place: Path, method: str, path: str, body: object, status: int
) -> None:
    async def work(place: Path, bus: Bus) -> None:
        got, told = await asked(place, method, path, body)
        assert got == status
        assert told["error"]["code"] == 3 and len(told["error"]["message"]) < 500

    serving(place, work)


def test_a_body_without_end_is_cut_off(place: Path) -> None:
    async def work(place: Path, bus: Bus) -> None:
        reader, writer = await asyncio.open_unix_connection(str(place))
        writer.write(b"POST /v1/say HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n")
        sent = 0
        with contextlib.suppress(OSError):
            while sent < 100_000_000:
                writer.write(b"x" * 65536)
                sent += 65536
                await writer.drain()
        assert sent < 10_000_000
        with contextlib.suppress(OSError):
            assert b" 413 " in await reader.readline()
        writer.transport.abort()

    serving(place, work)


def test_clients_that_ask_nothing_make_room(place: Path) -> None:
    def crowd() -> None:
        with contextlib.ExitStack() as stack:
            silent = [stack.enter_context(socket.socket(socket.AF_UNIX)) for _ in range(300)]
            for client in silent:
                client.settimeout(120)
                client.connect(str(place))
            assert Client().get("personas")
            for client in silent[: -server.MAX_CONNECTIONS]:
                with contextlib.suppress(ConnectionResetError):
                    assert client.recv(10) in (b"", b"HTTP/1.1 5"), "the first are cut off"

    async def work(place: Path, bus: Bus) -> None:
        await asyncio.to_thread(crowd)

    serving(place, work)


def test_those_who_follow_stay_and_others_are_told(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "MAX_FOLLOWERS", 3)

    async def work(place: Path, bus: Bus) -> None:
        followers = [await following(place) for _ in range(3)]
        status, told = await asked(place, "GET", "events")
        assert (status, told["error"]["message"]) == (503, "Too many programs are connected.")
        followers[0][1].close()
        await soon(lambda: bus.followers == 2)
        followers[0] = await following(place)
        bus.publish(StateChanged("speaking", 3))
        for reader, writer in followers:
            assert (await next_event(reader))["turn"] == 3
            writer.close()

    serving(place, work)


def test_one_that_asks_nothing_is_cut_off(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def cut_off(begun: bytes) -> None:
        reader, writer = await asyncio.open_unix_connection(str(place))
        writer.write(begun)
        with contextlib.suppress(ConnectionError):
            await asyncio.wait_for(reader.read(), PATIENCE_S)
        writer.close()

    async def work(place: Path, bus: Bus) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(server, "REQUEST_TIMEOUT_S", 0.05)
            await cut_off(b"")
            await cut_off(b"GET /v1")
            await cut_off(b"POST /v1/say HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n")
        monkeypatch.setattr(server, "REQUEST_TIMEOUT_S", 1.0)
        status, _ = await asked(place, "POST", "ask", {"text": "1.5"})
        assert status == 200, "an answer may take its time"

    serving(place, work)


def test_events_are_followed(place: Path) -> None:
    async def work(place: Path, bus: Bus) -> None:
        reader, writer = await following(place)
        bus.publish(MicrophoneLevel(0.5))
        bus.publish(StateChanged("speaking", 3))
        event = await next_event(reader)
        assert (event["event"], event["state"], event["turn"]) == ("state", "speaking", 3)
        bus.publish(Stopping())
        await asyncio.wait_for(reader.readuntil(b"0\r\n\r\n"), PATIENCE_S)  # its end
        writer.close()

    serving(place, work)


def test_who_does_not_read_is_cut_off_and_costs_others_nothing(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(application, "WRITE_TIMEOUT_S", 0.2)

    async def work(place: Path, bus: Bus) -> None:
        _, slow = await following(place)
        slow.transport.pause_reading()  # type: ignore[attr-defined]
        quick_reader, quick = await following(place)
        for number in range(800):
            bus.publish(StateChanged("x" * 2000, number))
            assert (await next_event(quick_reader))["turn"] == number
        await soon(lambda: bus.followers == 1)  # the slow one has gone
        slow.transport.abort()
        quick.close()

    serving(place, work)


def test_the_daemon_ends_while_a_client_waits(place: Path) -> None:
    async def work(place: Path, bus: Bus) -> None:
        _, writer = await asyncio.open_unix_connection(str(place))
        body = b'{"text": "60"}'
        writer.write(
            b"POST /v1/ask HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
        )
        _, other = await following(place)
        writer.transport.abort()
        other.transport.abort()

    serving(place, work)


def test_the_end_of_the_daemon_ends_what_is_under_way(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "STOP_TIMEOUT_S", 0.05)

    async def main() -> set[str]:
        before = asyncio.all_tasks()
        async with api(place) as daemon:
            daemon.running = SimpleNamespace(session=Session(), push_to_talk=None)
            daemon.require_running = lambda: daemon.running
            _, asking = await asyncio.open_unix_connection(str(place))
            body = b'{"text": "3600"}'
            asking.write(
                b"POST /v1/ask HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
            )
            await soon(lambda: daemon.running.session.asked == ["3600"])
            arriving = [await asyncio.open_unix_connection(str(place)) for _ in range(40)]
        left = asyncio.all_tasks() - before
        for _, writer in [*arriving, (None, asking)]:
            writer.transport.abort()
        return {task.get_name() for task in left}

    assert asyncio.run(main()) == set()


def test_the_client_of_the_commands(place: Path) -> None:
    def talk() -> None:
        client = Client()
        assert client.get("personas")["persona"]
        assert client.post("ask", None, text="0.01") == {"text": "so it is", "whole": True}
        with pytest.raises(DigitalLifeError, match="settings are wrong") as raised:
            client.post("settings/reload")
        assert raised.value.exit_code == 2
        with pytest.raises(DigitalLifeError, match="does not answer"):
            client.post("ask", 0.05, text="1")

    async def work(place: Path, bus: Bus) -> None:
        await asyncio.to_thread(talk)

    serving(place, work)


def test_the_client_follows_to_the_end(place: Path) -> None:
    seen: list[str] = []

    def follow() -> None:
        seen.extend(event["event"] for event in Client().events())

    async def work(place: Path, bus: Bus) -> None:
        task = asyncio.create_task(asyncio.to_thread(follow))
        await soon(lambda: bus.followers == 1)
        bus.publish(StateChanged("speaking", 1))
        bus.publish(Stopping())
        await asyncio.wait_for(task, PATIENCE_S)

    serving(place, work)
    assert seen == ["state"]


def test_no_daemon(place: Path) -> None:
    with pytest.raises(NotRunning):
        Client()
    place.touch()
    with pytest.raises(NotRunning):
        Client()


def test_a_runtime_folder_that_others_may_change_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    tmp_path.chmod(0o777)
    assert socket_path() is None
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "missing"))
    assert socket_path() is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)
BODIES: TypeAdapter[Any] = TypeAdapter(
    SpeechRequest | SwitchRequest | KeyRequest | FaceChoice | VoiceChoice | SettingRequest
)
FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "text": JSON,
        "what": st.just("camera") | JSON,
        "name": JSON,
        "value": JSON,
        "on": JSON,
        "language": JSON,
        "more": JSON,
    },
)


@LEISURE
@given(FIELDS)
def test_any_json_is_a_request_or_an_error(fields: dict[str, Any]) -> None:
    try:
        body = BODIES.validate_json(json.dumps(fields))
    except ValidationError:
        return
    assert 0 < len(getattr(body, "text", "x")) <= MAX_TEXT
    assert len(getattr(body, "name", "")) <= 200


def test_the_longest_text_fits_a_request() -> None:
    assert len(json.dumps({"text": "\U0001f600" * MAX_TEXT})) < application.MAX_BODY


@pytest.mark.parametrize("text", ["half \ud83d of a pair", "多音字 😀", 'quotes "and" \\ slashes'])
def test_any_text_comes_back(place: Path, text: str) -> None:
    async def work(place: Path, bus: Bus) -> None:
        status, told = await asked(place, "POST", "say", {"text": text})
        assert status in (200, 400)
        assert status == 400 or told["text"] == text

    serving(place, work)
