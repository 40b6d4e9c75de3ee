"""The panel's server: there when asked for, gone with the daemon."""

import asyncio
import contextlib
import logging
import os
import re
import socket
import stat
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from daemon.api import server
from daemon.api.application import VisibleJson, application
from daemon.api.panel.link_files import PREFIX
from daemon.api.panel.panel import Panel
from daemon.api.services import Services
from daemon.config import PanelSettings, load, packaged_config
from daemon.errors import DeviceError
from daemon.server import Daemon


@contextlib.asynccontextmanager
async def open_panel(settings: PanelSettings) -> AsyncIterator[tuple[Services, Panel]]:
    services = Services(Daemon(load(packaged_config()).settings))
    panel = Panel(services, application(services, VisibleJson))
    try:
        async with panel.open(settings):
            yield services, panel
    finally:
        await services.close()


async def opens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


def test_it_is_off_until_asked_for_and_ends_with_the_daemon() -> None:
    async def main() -> None:
        async with open_panel(PanelSettings(enabled=False, port=0)) as (services, _):
            first = (await services.open_panel()).url
            second = (await services.open_panel()).url
            assert first != second
            assert urlsplit(first).port == urlsplit(second).port
            port = urlsplit(first).port
            assert port is not None
            assert await opens(port)
        assert not await opens(port)

    asyncio.run(main())


def test_files_are_served_but_no_others() -> None:
    def get(url: str) -> int:
        try:
            with urllib.request.urlopen(url, timeout=300) as answer:  # closes what it opened
                return int(answer.status)
        except urllib.error.HTTPError as error:
            error.close()
            return error.code

    async def main() -> list[int]:
        async with open_panel(PanelSettings(enabled=True, port=0)) as (_, panel):
            link = await panel.link()
            place = link.split("?")[0] + "static/"
            names = ("main.js", "panel.css", "..%2fpanel.py", "nothing.js", "index.html")
            loop = asyncio.get_running_loop()
            return [await loop.run_in_executor(None, get, place + name) for name in names]

    assert asyncio.run(main()) == [200, 200, 404, 404, 404]


def test_a_port_that_is_taken_is_told_to_who_asks(caplog: pytest.LogCaptureFixture) -> None:
    async def main(port: int) -> None:
        async with open_panel(PanelSettings(enabled=True, port=port)) as (_, panel):
            with pytest.raises(DeviceError):
                await panel.link()

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        asyncio.run(main(taken.getsockname()[1]))
    assert "cannot be served" in caplog.text


@contextlib.asynccontextmanager
async def served() -> AsyncIterator[tuple[Services, str, int]]:
    """Serve the page; give what answers, a link and the port."""
    async with open_panel(PanelSettings(enabled=True, port=0)) as (services, panel):
        link = await panel.link()
        yield services, link, urlsplit(link).port or 0


async def status_of(
    port: int, *lines: str, path: str = "/", method: str = "GET", body: str = ""
) -> int:
    """Ask for the page with these headers; 0 if it hangs up without a word."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    if body:
        lines += (f"Content-Length: {len(body)}", "Content-Type: application/json")
    head = "\r\n".join((f"{method} {path} HTTP/1.1", *lines, "", ""))
    writer.write((head + body).encode("latin-1"))
    with contextlib.suppress(ConnectionError):
        first = await asyncio.wait_for(reader.readline(), 120)
        writer.close()
        return int(first.split()[1]) if first else 0
    return 0


def test_idle_connections_make_room_for_who_asks(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        async with served() as (_, _link, port):
            before = len(os.listdir("/proc/self/fd"))
            idle = [await asyncio.open_connection("127.0.0.1", port) for _ in range(300)]
            for _, writer in idle[::2]:
                writer.write(b"GET / HTTP/1.1\r\nHost: ")
            for _ in range(3):
                assert await status_of(port, f"Host: 127.0.0.1:{port}") == 401
            most = before + 300 + server.MAX_CONNECTIONS + 5
            while len(os.listdir("/proc/self/fd")) > most:  # noqa: ASYNC110 (they close soon)
                await asyncio.sleep(0.01)
            for reader, writer in idle[: -server.MAX_CONNECTIONS]:
                with contextlib.suppress(ConnectionError):
                    assert await asyncio.wait_for(reader.read(), 120) == b""
                writer.close()
            for _, writer in idle[-server.MAX_CONNECTIONS :]:
                writer.transport.abort()

    with caplog.at_level(logging.WARNING):
        asyncio.run(main())
    assert not caplog.records


def test_who_is_slow_to_ask_is_not_crowded_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "REQUEST_TIMEOUT_S", 3600.0)  # only room is scarce

    async def main() -> None:
        async with served() as (_, _link, port):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            crowd = [await asyncio.open_connection("127.0.0.1", port) for _ in range(100)]
            assert (
                await status_of(port, f"Host: 127.0.0.1:{port}") == 401
            )  # all have come in by now
            writer.write(f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
            assert (await asyncio.wait_for(reader.readline(), 120)).split()[1] == b"401"
            for _, each in [*crowd, (reader, writer)]:
                each.transport.abort()

    asyncio.run(main())


@pytest.mark.parametrize(
    "begun",
    [
        b"",
        b"GET / HTTP/1.1\r\nHost: 127",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\nmore",
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\nGET /static",
    ],
)
def test_who_does_not_hurry_is_cut_off(begun: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "REQUEST_TIMEOUT_S", 0.2)

    async def main() -> None:
        async with served() as (_, _link, port):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(begun)

            async def dribble() -> None:
                while True:
                    await asyncio.sleep(0.02)
                    with contextlib.suppress(ConnectionError):
                        writer.write(b"x")

            dribbling = asyncio.create_task(dribble())
            with contextlib.suppress(ConnectionError):
                await asyncio.wait_for(reader.read(), 120)  # to its end
            dribbling.cancel()
            writer.transport.abort()

    asyncio.run(main())


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ((), 401),
        (("Cookie: digital_life={cookie}",), 401),
        (("Cookie: {name}={cookie}",), 200),
        (("Cookie: {name}={cookie}", "Origin: http://evil.example"), 403),
        (("Cookie: {name}={cookie}", "X-Forwarded-For: 127.0.0.1"), 403),
    ],
)
def test_the_api_is_for_pages_that_were_let_in(headers: tuple[str, ...], status: int) -> None:
    async def main() -> None:
        async with served() as (_, link, port):
            cookie = await cookie_of(link, port)
            filled = [line.format(name=f"digital_life_{port}", cookie=cookie) for line in headers]
            host = f"Host: 127.0.0.1:{port}"
            assert await status_of(port, host, *filled, path="/v1/status") == status
            # what changes something wants a page's word for where it comes from, too
            changing = {"path": "/v1/mute", "method": "POST", "body": "{}"}
            wanted = 403 if status == 200 else status
            assert await status_of(port, host, *filled, **changing) in (wanted, 403)
            ours = f"Origin: http://127.0.0.1:{port}"
            assert await status_of(port, host, ours, *filled, **changing) in (status, 403)

    asyncio.run(main())


async def cookie_of(link: str, port: int) -> str:
    """Open a link; return the cookie that it becomes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    path = link.partition(str(port))[2]
    lines = (f"GET {path} HTTP/1.1", f"Host: 127.0.0.1:{port}", "Connection: close", "", "")
    writer.write("\r\n".join(lines).encode())
    answer = (await reader.read()).decode()
    writer.close()
    return str(re.findall(r"digital_life_\d+=([^;]+)", answer)[0])


FORGED = (
    "X-Forwarded-For: 127.0.0.1",
    "x-forwarded-for: 127.0.0.1:1, 127.0.0.1",
    "X-Forwarded-Proto: wss",
    'Forwarded: for="[::1]:4711";proto=https',
    "X-Real-IP: ::1",
    "X-Forwarded-For: " + "127.0.0.1, " * 500,
    "X-Forwarded-For: \xff\xfe",
    "X-Forwarded-For:",
)


def test_forged_headers_are_refused_without_a_word_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def main() -> None:
        async with served() as (_, _link, port):
            host = f"Host: 127.0.0.1:{port}"
            upgrade = ("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13")
            for forged in FORGED:
                assert await status_of(port, host, forged) == 403
                assert await status_of(port, host, *upgrade, forged) in (400, 403)
            for broken in ("Host", "\0: x", "A: " + "x" * 40_000, "Content-Length: -1"):
                assert await status_of(port, host, broken) in (0, 400, 401)
            assert await status_of(port, host, *upgrade, *["A: b"] * 300) in (400, 403)
            assert await status_of(port, host, *upgrade, "Cookie: " + "x" * 12_000) in (400, 403)

    with caplog.at_level(logging.INFO):
        asyncio.run(main())
    assert [r for r in caplog.records if "panel is served" not in r.getMessage()] == []


ANOTHER = """
import os, socket, sys
os.setuid(65534)
_, port, token = sys.argv
first = f"GET /?token={token} HTTP/1.1\\r\\nHost: 127.0.0.1:{port}\\r\\n".encode()
for forged in (b"", b"X-Forwarded-For: 127.0.0.1\\r\\n", b"Forwarded: for=127.0.0.1\\r\\n"):
    for close_early in (False, True):
        with socket.socket() as line:
            line.connect(("127.0.0.1", int(port)))
            try:
                line.sendall(first + forged + b"\\r\\n")
                if close_early:
                    line.shutdown(socket.SHUT_WR)
                print(line.recv(12).decode() or "hung up")
            except ConnectionError:
                print("hung up")
"""


@pytest.mark.skipif(os.getuid() != 0, reason="only root can be somebody else")
def test_another_user_is_refused_and_uses_up_no_link() -> None:
    async def main() -> None:
        async with served() as (_, link, port):
            token = link.partition("token=")[2]
            asking = [sys.executable, "-c", ANOTHER, str(port), token]
            done = await asyncio.to_thread(
                subprocess.run, asking, capture_output=True, text=True, timeout=300, check=True
            )
            assert len(done.stdout.splitlines()) == 6
            assert set(done.stdout.splitlines()) <= {"HTTP/1.1 403", "hung up"}
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(f"GET /?token={token} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
            assert b" 303 " in await reader.readline()
            writer.close()

    asyncio.run(main())


@pytest.fixture
def runtime_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    tmp_path.chmod(0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    return tmp_path


def test_the_link_lies_in_a_private_file_until_it_is_used(runtime_folder: Path) -> None:
    left = runtime_folder / f"{PREFIX}left.html"
    left.touch()

    def look(file: Path) -> str:
        assert not left.exists(), "what was left by a crash is taken away"
        assert file.parent == runtime_folder
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        return file.read_text()

    def there_is(file: Path) -> bool:
        return file.exists()

    async def main() -> None:
        async with served() as (services, _link, port):
            invited = await services.open_panel()
            file = Path(invited.file)
            assert re.findall(r'url=([^"]+)"', look(file)) == [invited.url]
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            path = invited.url.partition(str(port))[2]
            writer.write(
                f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
                "Sec-Fetch-Site: cross-site\r\nConnection: close\r\n\r\n".encode()
            )
            answer = (await reader.read()).decode()
            writer.close()
            assert " 200 " in answer and "SameSite=strict" in answer and 'url=/"' in answer
            assert not there_is(file)

    asyncio.run(main())
    assert not list(runtime_folder.iterdir()), "the daemon leaves none"


def test_no_place_for_the_file_is_no_hindrance(
    runtime_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime_folder / "none"))

    async def main() -> None:
        async with served() as (services, _link, _port):
            invited = await services.open_panel()
            assert invited.file == ""
            assert "token=" in invited.url

    asyncio.run(main())
