"""A start is given time while it goes on, and not when it stands still."""

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from daemon.service import startup_extender
from daemon.service.startup_extender import StartupExtender


@pytest.fixture
def manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify"))
        listener.settimeout(60)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        monkeypatch.setenv("WATCHDOG_USEC", "45000000")
        monkeypatch.delenv("WATCHDOG_PID", raising=False)
        yield listener


def told(manager: socket.socket) -> str:
    return manager.recv(4096).decode()


def compute(seconds: float) -> None:
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass


def test_while_it_computes_it_asks_for_more_time(manager: socket.socket) -> None:
    looking = StartupExtender(interval_s=0.05)
    looking.begin()
    assert told(manager) == "STATUS=starting"
    assert told(manager) == "EXTEND_TIMEOUT_USEC=120000000", "the interpreter's own start counts"
    assert told(manager) == "WATCHDOG_USEC=120000000\nWATCHDOG=1"
    compute(0.1)
    assert told(manager) == "EXTEND_TIMEOUT_USEC=120000000"
    looking.end()


def test_a_start_that_stands_still_is_not_prolonged(
    manager: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[float] = []

    def nothing_more() -> float:
        looks.append(1.0)
        return 1.0

    monkeypatch.setattr(startup_extender, "worked_s", nothing_more)
    monkeypatch.setattr(startup_extender, "read_bytes", lambda: 0)
    looking = StartupExtender(interval_s=0.001)
    looking.begin()
    while len(looks) < 20:
        time.sleep(0.001)
    looking.end()
    assert [told(manager) for _ in range(3)][1].startswith("EXTEND")  # the first look sees the past
    manager.setblocking(False)
    with pytest.raises(BlockingIOError):
        told(manager)


def test_one_that_goes_in_circles_is_given_up(
    manager: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(startup_extender, "MAX_START_S", 0.0)
    looking = StartupExtender(interval_s=0.001)
    looking.begin()
    looking.end()
    assert told(manager) == "STATUS=starting"
    manager.setblocking(False)
    with pytest.raises(BlockingIOError):
        told(manager)


def test_when_it_is_ready_the_watchdog_is_as_strict_as_the_unit_says(
    manager: socket.socket,
) -> None:
    startup_extender.begin()
    startup_extender.begin()  # there is one at most
    startup_extender.end()
    startup_extender.end()
    manager.setblocking(False)
    lines = []
    with pytest.raises(BlockingIOError):
        while True:
            lines.append(told(manager))
    assert lines[0] == "STATUS=starting" and lines.count("STATUS=starting") == 1
    assert lines[-1] == "WATCHDOG_USEC=45000000\nWATCHDOG=1"


def test_without_a_service_manager_nothing_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    startup_extender.begin()
    assert not startup_extender._beats
