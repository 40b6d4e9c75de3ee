"""Connections are looked at before they cost anything, whatever comes."""

import asyncio
import contextlib
import logging
import os
import resource
import socket
from collections.abc import Callable, Iterator, Sequence

import pytest

from daemon.api import acceptor
from daemon.api.acceptor import Acceptor, raise_descriptor_limit
from daemon.repeats import MAX_REPEATS, PERIOD_S, Repeats


def listening() -> socket.socket:
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    return listener


def everybody(connections: Sequence[socket.socket]) -> list[bool]:
    return [True] * len(connections)


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(120):
        while not true():  # noqa: ASYNC110 (what others do sets no event)
            await asyncio.sleep(0.005)


def test_strangers_are_closed_before_a_byte_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        served: list[socket.socket] = []
        told: list[int] = []
        listener = listening()
        taking = Acceptor(
            listener,
            lambda found: [connection.getpeername()[1] == friend for connection in found],
            served.append,
            lambda connection: told.append(connection.send(b"no")),
        )
        address = listener.getsockname()
        taking.start()
        friend = -1
        with socket.create_connection(address) as stranger:
            stranger.setblocking(False)
            loop = asyncio.get_running_loop()
            assert await loop.sock_recv(stranger, 10) == b"no"
            assert await loop.sock_recv(stranger, 10) == b""
        with socket.socket() as known:
            known.bind(("127.0.0.1", 0))
            friend = known.getsockname()[1]
            known.connect(address)
            await until(lambda: bool(served))
        taking.close()
        for connection in served:
            connection.close()
        assert len(served) == len(told) == 1

    asyncio.run(main())


def test_who_connects_again_and_again_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(acceptor, "WINDOW_S", 3600.0)

    async def main() -> int:
        served: list[socket.socket] = []
        listener = listening()
        taking = Acceptor(listener, everybody, served.append)
        taking.start()
        crowd = [socket.create_connection(listener.getsockname()) for _ in range(100)]
        await until(lambda: len(served) >= acceptor.MAX_IN_WINDOW)
        for _ in range(100):
            await asyncio.sleep(0)
        taking.close()
        for connection in [*served, *crowd]:
            connection.close()
        return len(served)

    assert asyncio.run(main()) == acceptor.MAX_IN_WINDOW


def test_who_cannot_be_looked_at_is_not_served() -> None:
    def blind(connections: Sequence[socket.socket]) -> list[bool]:
        raise FileNotFoundError("/proc")

    async def main() -> None:
        served: list[socket.socket] = []
        listener = listening()
        taking = Acceptor(listener, blind, served.append)
        taking.start()
        with socket.create_connection(listener.getsockname()) as stranger:
            stranger.setblocking(False)
            assert await asyncio.get_running_loop().sock_recv(stranger, 10) == b""
        taking.close()
        assert not served

    asyncio.run(main())


@contextlib.contextmanager
def few_descriptors(more: int) -> Iterator[None]:
    """Let this process open ``more`` files than it has."""
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    highest = max(map(int, os.listdir("/proc/self/fd")))
    resource.setrlimit(resource.RLIMIT_NOFILE, (highest + 1 + more, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)


def test_without_a_descriptor_others_are_turned_away_and_nothing_spins(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(acceptor, "EXHAUSTED_S", 0.01)

    async def main() -> None:
        served: list[socket.socket] = []
        listener = listening()
        taking = Acceptor(listener, everybody, served.append)
        taking.start()
        address = listener.getsockname()
        loop = asyncio.get_running_loop()
        with socket.socket() as first, socket.socket() as second:
            first.setblocking(False)
            second.setblocking(False)
            with few_descriptors(0):
                held: list[int] = []
                with contextlib.suppress(OSError):
                    while True:
                        held.append(os.open(os.devnull, os.O_RDONLY))
                await loop.sock_connect(first, address)
                with contextlib.suppress(ConnectionResetError):
                    assert await loop.sock_recv(first, 10) == b"", "it does not wait for ever"
                for number in held:
                    os.close(number)
            await loop.sock_connect(second, address)
            await until(lambda: bool(served))
        taking.close()
        for connection in served:
            connection.close()

    asyncio.run(main())
    told = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert 1 <= len(told) < 5
    assert "Traceback" not in caplog.text


def test_the_limit_is_raised() -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, before[1]))
    try:
        raise_descriptor_limit()
        soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        assert soft == min(before[1], acceptor.DESCRIPTORS) or before[1] == -1
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_what_repeats_is_counted_and_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr("daemon.repeats.time.monotonic", lambda: now)
    told: list[str] = []
    log = logging.Logger("test", logging.DEBUG)
    handler = logging.Handler()
    handler.addFilter(Repeats())
    handler.emit = lambda record: told.append(record.getMessage())  # type: ignore[method-assign]
    log.addHandler(handler)
    for number in range(100_000):
        log.warning("%d went wrong", number)
        log.info("turn %d", number) if number < 50 else None
    assert len([text for text in told if "went wrong" in text]) == MAX_REPEATS
    assert len([text for text in told if text.startswith("turn")]) == 50
    log.error("another thing")
    assert told[-1] == "another thing"
    now += PERIOD_S
    log.warning("%d went wrong", 7)
    assert told[-1] == f"7 went wrong (and {100_000 - MAX_REPEATS} times more in the last minute)"
