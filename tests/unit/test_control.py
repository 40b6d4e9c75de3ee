"""The control socket and its protocol, with real sockets."""

import asyncio
import contextlib
import json
import os
import socket
import stat
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from daemon.cli import main
from daemon.errors import DigitalLifeError, InputError, SetupError
from daemon.events import Bus, StateChanged, Stopping
from daemon.service import control
from daemon.service.client import Client, NotRunning
from daemon.service.control import Control
from daemon.service.panel.events import MicrophoneLevel
from daemon.service.protocol import (
    LONGEST_LINE,
    LONGEST_TEXT,
    Request,
    Say,
    encode,
    parse,
    refusal,
    socket_path,
)
from tests.waiting import PATIENCE_S, soon

LEISURE = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

Work = Callable[[Path, Bus], Awaitable[None]]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    tmp_path.chmod(0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    path = socket_path()
    assert path is not None
    return path


def serving(place: Path, work: Work) -> None:
    bus = Bus()

    async def answer(request: Request) -> dict[str, Any]:
        if isinstance(request, Say) and request.do == "ask":
            await asyncio.sleep(float(request.text))
            return {"text": "so it is", "whole": True}
        if request.do == "reload":
            raise SetupError("the settings are wrong", "digital-life config check")
        if request.do == "stop-talking":
            raise ZeroDivisionError("a fault")
        return {"did": request.do}

    async def main() -> None:
        async with Control(answer, bus).open(place):
            await work(place, bus)

    asyncio.run(main())


async def asked(place: Path, line: bytes) -> dict[str, Any]:
    reader, writer = await asyncio.open_unix_connection(str(place))
    writer.write(line)
    reply = await asyncio.wait_for(reader.readline(), PATIENCE_S)
    writer.close()
    return dict(json.loads(reply))


@pytest.fixture
def not_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let ``say`` fail where it would speak by itself."""

    def alone(*_: object) -> None:
        raise AssertionError("it speaks by itself")

    monkeypatch.setattr("daemon.commands.live.run_until_signal", alone)


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


def test_a_request_is_answered_and_the_next_one_too(place: Path) -> None:
    async def work(place: Path, bus: Bus) -> None:
        reader, writer = await asyncio.open_unix_connection(str(place))
        for name in ("status", "metrics", "status"):
            writer.write(encode(do=name))
            assert json.loads(await reader.readline()) == {"v": 1, "ok": True, "did": name}
        writer.close()

    serving(place, work)


def test_errors_come_with_their_remedy(place: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def work(place: Path, bus: Bus) -> None:
        wrong = await asked(place, encode(do="reload"))
        assert wrong["error"] == {
            "message": "the settings are wrong",
            "fix": "digital-life config check",
            "code": 2,
        }
        fault = await asked(place, encode(do="stop-talking"))
        assert "a fault" in fault["error"]["message"]

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
        assert (await asked(place, encode(do="status")))["ok"]

    serving(place, work)


def test_a_second_daemon_is_refused(place: Path) -> None:
    async def work(place: Path, bus: Bus) -> None:
        with pytest.raises(DigitalLifeError, match="running already"):
            async with Control(None, bus).open(place):  # type: ignore[arg-type]
                pass
        assert (await asked(place, encode(do="status")))["ok"], "the first goes on"

    serving(place, work)


def test_others_are_cut_off(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def work(place: Path, bus: Bus) -> None:
        monkeypatch.setattr(control, "_is_trusted", lambda connection: False)
        reader, writer = await asyncio.open_unix_connection(str(place))
        assert await reader.read() == b""
        writer.close()

    serving(place, work)


def test_the_kernel_tells_who_asks() -> None:
    class Peer:
        def __init__(self, user: int) -> None:
            self.user = user

        def getsockopt(self, *_: int) -> bytes:
            return b"".join(n.to_bytes(4, "little") for n in (1, self.user, 1))

    assert control._is_trusted(Peer(os.getuid()))  # type: ignore[arg-type]
    assert control._is_trusted(Peer(0))  # type: ignore[arg-type]
    assert not control._is_trusted(Peer(os.getuid() + 12345))  # type: ignore[arg-type]


@pytest.mark.parametrize("line", [b"garbage\n", b"\xff\xfe\x00\n", b"[" * 5000 + b"\n", b"{}\n"])
def test_garbage_is_told_and_cut_off(place: Path, line: bytes) -> None:
    async def work(place: Path, bus: Bus) -> None:
        reader, writer = await asyncio.open_unix_connection(str(place))
        writer.write(line)
        assert not json.loads(await reader.readline())["ok"]
        assert await reader.read() == b""
        writer.close()
        assert (await asked(place, encode(do="status")))["ok"]

    serving(place, work)


def test_a_line_without_end_is_cut_off(place: Path) -> None:
    async def work(place: Path, bus: Bus) -> None:
        _, writer = await asyncio.open_unix_connection(str(place))
        sent = 0
        with pytest.raises(OSError):
            while sent < 100_000_000:
                writer.write(b"x" * LONGEST_LINE)
                sent += LONGEST_LINE
                await writer.drain()
        assert sent < 100 * LONGEST_LINE
        writer.close()

    serving(place, work)


def test_clients_that_ask_nothing_make_room(place: Path) -> None:
    def crowd() -> None:
        with contextlib.ExitStack() as stack:
            silent = [stack.enter_context(socket.socket(socket.AF_UNIX)) for _ in range(300)]
            for client in silent:
                client.settimeout(120)
                client.connect(str(place))
            with Client() as asking:
                assert asking.do("status", None)
            for client in silent[: -control.MOST_CLIENTS]:
                assert client.recv(1) == b"", "the first are cut off"

    async def work(place: Path, bus: Bus) -> None:
        await asyncio.to_thread(crowd)

    serving(place, work)


def test_clients_that_are_served_stay_and_others_are_told(place: Path) -> None:
    def ask() -> None:
        with Client() as client:
            client.do("status")

    async def work(place: Path, bus: Bus) -> None:
        following = []
        for _ in range(control.MOST_CLIENTS):
            reader, writer = await asyncio.open_unix_connection(str(place))
            following.append(writer)
            writer.write(encode(do="events"))
            assert json.loads(await reader.readline())["ok"]
        for _ in range(5):  # it is told before it can ask, and must not take that for silence
            with pytest.raises(DigitalLifeError, match="Too many programs"):
                await asyncio.to_thread(ask)
        following[0].close()
        async with asyncio.timeout(120):
            while True:
                with contextlib.suppress(DigitalLifeError):
                    await asyncio.to_thread(ask)
                    break
        for writer in following:
            writer.close()

    serving(place, work)


def test_one_that_asks_nothing_is_cut_off(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control, "FIRST_S", 0.05)
    monkeypatch.setattr(control, "IDLE_S", 0.05)

    async def work(place: Path, bus: Bus) -> None:
        for began in (b"", b'{"v": 1,'):
            reader, writer = await asyncio.open_unix_connection(str(place))
            writer.write(began)
            assert await reader.read() == b""
            writer.close()
        reader, writer = await asyncio.open_unix_connection(str(place))
        writer.write(encode(do="status"))
        assert json.loads(await reader.readline())["ok"]
        assert await reader.read() == b""
        writer.close()

    serving(place, work)


def test_events_are_followed(place: Path) -> None:
    async def work(place: Path, bus: Bus) -> None:
        reader, writer = await asyncio.open_unix_connection(str(place))
        writer.write(encode(do="events"))
        assert json.loads(await reader.readline())["ok"]
        bus.publish(Stopping())
        bus.publish(MicrophoneLevel(0.5))
        bus.publish(StateChanged("speaking", 3))
        event = json.loads(await reader.readline())
        assert (event["event"], event["state"], event["turn"]) == ("state", "speaking", 3)
        writer.close()

    serving(place, work)


def test_who_does_not_read_is_cut_off_and_costs_others_nothing(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control, "PATIENCE_S", 0.2)

    async def work(place: Path, bus: Bus) -> None:
        slow_reader, slow = await asyncio.open_unix_connection(str(place), limit=64)
        slow.write(encode(do="events"))
        await slow_reader.readline()
        quick_reader, quick = await asyncio.open_unix_connection(str(place))
        quick.write(encode(do="events"))
        await quick_reader.readline()
        for number in range(400):
            bus.publish(StateChanged("x" * 2000, number))
            assert json.loads(await quick_reader.readline())["turn"] == number
        await soon(lambda: len(bus._followers) == 1)  # the slow one has gone
        slow.transport.abort()
        quick.close()

    serving(place, work)


def test_the_daemon_ends_while_a_client_waits(place: Path) -> None:
    async def work(place: Path, bus: Bus) -> None:
        _, writer = await asyncio.open_unix_connection(str(place))
        writer.write(encode(do="ask", text="60"))
        _, other = await asyncio.open_unix_connection(str(place))
        other.write(encode(do="events"))
        await asyncio.sleep(0.1)
        writer.transport.abort()
        other.transport.abort()

    serving(place, work)


def test_the_client_of_the_commands(place: Path) -> None:
    def talk() -> None:
        with Client() as client:
            assert client.do("status") == {"did": "status"}
            assert client.do("ask", None, text="0.01") == {"text": "so it is", "whole": True}
            with pytest.raises(DigitalLifeError, match="settings are wrong") as raised:
                client.do("reload")
            assert raised.value.exit_code == 2
            with pytest.raises(DigitalLifeError, match="does not answer"):
                client.do("ask", 0.05, text="1")

    async def work(place: Path, bus: Bus) -> None:
        await asyncio.to_thread(talk)

    serving(place, work)


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


@LEISURE
@given(st.binary(max_size=300))
def test_any_bytes_are_a_request_or_an_error(data: bytes) -> None:
    with pytest.raises(InputError):
        parse(data)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)
FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "v": st.just(1) | JSON,
        "do": st.sampled_from(["status", "say", "ask", "mute", "face", "voice", "reload"]) | JSON,
        "text": JSON,
        "what": st.just("camera") | JSON,
        "name": JSON,
        "language": JSON,
        "more": JSON,
    },
)


@LEISURE
@given(FIELDS)
def test_any_json_is_a_request_or_an_error(fields: dict[str, Any]) -> None:
    try:
        request = parse(json.dumps(fields).encode())
    except InputError as error:
        json.loads(refusal(error))
    else:
        assert request.v == 1
        text = getattr(request, "text", "x")
        assert 0 < len(text) <= LONGEST_TEXT
        encode(ok=True, text=text)


def test_the_longest_text_fits_a_line() -> None:
    line = json.dumps({"v": 1, "do": "say", "text": "\U0001f600" * LONGEST_TEXT})
    assert len(line) < LONGEST_LINE
