"""Servers that tests script, ended with the test."""

from collections.abc import Callable, Iterator, Sequence

import pytest

from tests.scripted_server import Server


@pytest.fixture
def serving() -> Iterator[Callable[..., Server]]:
    servers: list[Server] = []

    def serve(*scripts: Sequence[bytes | float]) -> Server:
        servers.append(Server(*scripts))
        return servers[-1]

    yield serve
    for server in servers:
        server.close()
