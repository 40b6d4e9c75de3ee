"""The panel's server: there when asked for, gone with the daemon."""

import asyncio
import socket
import urllib.error
import urllib.request
from urllib.parse import urlsplit

import pytest

from daemon.config import PanelSettings, load, packaged_config
from daemon.dialogue.mute import Mute
from daemon.errors import DeviceError
from daemon.service.desk import Desk
from daemon.service.panel.panel import Panel
from daemon.service.protocol import Order


def desk_and_panel() -> tuple[Desk, Panel]:
    mute = Mute()
    desk = Desk(load(packaged_config()).settings, None, mute)
    return desk, Panel(desk, mute)


async def opens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


def test_it_is_off_until_asked_for_and_ends_with_the_daemon() -> None:
    async def main() -> None:
        desk, panel = desk_and_panel()
        async with panel.open(PanelSettings(enabled=False, port=0)):
            first = (await desk.answer(Order(v=1, do="panel")))["url"]
            second = (await desk.answer(Order(v=1, do="panel")))["url"]
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
            with urllib.request.urlopen(url, timeout=5) as answer:  # closes what it opened
                return int(answer.status)
        except urllib.error.HTTPError as error:
            error.close()
            return error.code

    async def main() -> list[int]:
        _, panel = desk_and_panel()
        async with panel.open(PanelSettings(enabled=True, port=0)):
            link = await panel.link()
            place = link.split("?")[0] + "static/"
            names = ("main.js", "panel.css", "..%2fpanel.py", "nothing.js", "index.html")
            loop = asyncio.get_running_loop()
            return [await loop.run_in_executor(None, get, place + name) for name in names]

    assert asyncio.run(main()) == [200, 200, 404, 404, 404]


def test_a_port_that_is_taken_is_told_to_who_asks(caplog: pytest.LogCaptureFixture) -> None:
    async def main(port: int) -> None:
        _, panel = desk_and_panel()
        async with panel.open(PanelSettings(enabled=True, port=port)):
            with pytest.raises(DeviceError):
                await panel.link()

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        asyncio.run(main(taken.getsockname()[1]))
    assert "cannot be served" in caplog.text
