import asyncio
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from daemon.service.notify import keep_alive, notify, reloading, watchdog_s


@pytest.fixture
def manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify"))
        listener.settimeout(300)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        yield listener


def told(manager: socket.socket) -> str:
    return manager.recv(4096).decode()


def test_what_is_told_arrives_a_line_each(manager: socket.socket) -> None:
    notify(READY=1, STATUS="two\nlines  of text")
    assert told(manager) == "READY=1\nSTATUS=two lines of text"


def test_an_abstract_address(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        name = f"digital-life-test-{os.getpid()}"
        listener.bind(f"\0{name}")
        monkeypatch.setenv("NOTIFY_SOCKET", f"@{name}")
        notify(READY=1)
        assert told(listener) == "READY=1"


@pytest.mark.parametrize("address", ["", "not a path", "/nowhere/at/all"])
def test_nobody_listens(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", address)
    notify(READY=1)


def test_reloading_carries_the_time(manager: socket.socket) -> None:
    reloading()
    first, second = told(manager).splitlines()
    assert first == "RELOADING=1"
    assert int(second.removeprefix("MONOTONIC_USEC=")) > 0


@pytest.mark.parametrize(
    ("usec", "pid", "expected"),
    [
        ("45000000", None, 45.0),
        ("45000000", "1", None),
        ("", None, None),
        ("0", None, None),
        ("much", None, None),
    ],
)
def test_the_watchdogs_patience(
    monkeypatch: pytest.MonkeyPatch, usec: str, pid: str | None, expected: float | None
) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", usec)
    monkeypatch.setenv("WATCHDOG_PID", pid or str(os.getpid()))
    assert watchdog_s() == expected


def test_it_pings_only_while_all_is_well(
    manager: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", "80000")  # a ping each 10 ms
    monkeypatch.delenv("WATCHDOG_PID", raising=False)
    ailments = iter(["", "", "microphone", "microphone", ""])

    async def main() -> None:
        pinging = asyncio.create_task(keep_alive(lambda: next(ailments)))
        await asyncio.wait([pinging])
        assert pinging.exception() is not None  # the ailments have come to their end

    asyncio.run(main())
    assert [told(manager) for _ in range(3)] == ["WATCHDOG=1"] * 3
    manager.setblocking(False)
    with pytest.raises(BlockingIOError):
        told(manager)


def test_without_a_watchdog_it_ends_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WATCHDOG_USEC", raising=False)
    asyncio.run(keep_alive(lambda: ""))
