"""Sound and words go to the address that is set, and nowhere else, whatever else is said."""

import errno
import re
import socket
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import pytest

from daemon.api.answers import SpeechServerState
from daemon.brain.wire import TimeLimits, network_socket
from daemon.cli import main
from daemon.commands import control
from daemon.config.speech_servers import EarsServerSettings
from daemon.ears.on_server import OpenAIReader, ServerEars
from daemon.errors import StageError
from daemon.remote.place import HttpRefusal, Place
from daemon.worker import CancelToken
from tests.scripted_server import Server
from tests.unit.brain.test_servers import ask, client
from tests.unit.remote.server_helpers import (
    NOBODY,
    SECRET,
    SPOKEN,
    LocalEars,
    answer,
    never_again,
    place,
    words,
)
from tests.waiting import PATIENCE_S

LIMITS = TimeLimits(PATIENCE_S, PATIENCE_S, PATIENCE_S)


@pytest.fixture
def elsewhere(serving: Callable[..., Server]) -> Server:
    """A server to which nothing may come."""
    return serving([words(text="never")])


def read(url: str) -> tuple[str, str]:
    return OpenAIReader(place(url), "").read(SPOKEN, "en", CancelToken())


def test_a_proxy_in_the_environment_gets_nothing(
    serving: Callable[..., Server], elsewhere: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, elsewhere.url)
    assert read(serving([words(text="here")]).url)[0] == "here"
    model = client(serving([answer(b"{}", "application/json", status="400 No")]).url)
    with pytest.raises(StageError):
        ask(model)
    assert elsewhere.requests == []


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "307 There", "308 There"])
def test_a_redirection_is_not_followed(
    status: str, serving: Callable[..., Server], elsewhere: Server
) -> None:
    moved = answer(b"", "text/plain", f"Location: {elsewhere.url}", status=status)
    with pytest.raises(HttpRefusal):
        read(serving([moved]).url)
    with pytest.raises(StageError) as told:
        ask(client(serving([moved]).url))
    assert "where it leads" in told.value.fix
    assert elsewhere.requests == []


def test_localhost_is_this_computer_whatever_a_resolver_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as here:
        port = here.getsockname()[1]
        found = ["192.0.2.1", "127.0.0.1"]

        def resolve(_host: str, port: int, **how: Any) -> list[Any]:
            if how["flags"]:
                raise socket.gaierror
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (name, port)) for name in found]

        monkeypatch.setattr(socket, "getaddrinfo", resolve)
        with network_socket("localhost", port, None, LIMITS, CancelToken()) as reached:
            assert reached.getpeername()[0] == "127.0.0.1"
        found.pop()
        with pytest.raises(OSError) as refused:
            network_socket("localhost", port, None, LIMITS, CancelToken())
        assert refused.value.errno == errno.EHOSTUNREACH


def test_what_may_be_a_secret_is_not_shown() -> None:
    url = f"http://me:{SECRET}@127.0.0.1:1/v1?key={SECRET}"
    where = Place.of("ears", "openai", EarsServerSettings(url=url))
    assert SECRET not in repr(where) + where.address.shown + str(where.failed(OSError()))
    where = Place.of("ears", "wyoming", EarsServerSettings(url=f"tcp://me:{SECRET}@[::1]:10300"))
    assert where.address.shown == "tcp://[::1]:10300"


def test_status_says_which_server_is_in_use_and_why_one_is_not(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    where = place(NOBODY)
    ears = ServerEars(where, OpenAIReader(where, ""), LocalEars(), ("en",), never_again(where))
    servers: list[dict[str, Any]] = []
    told: dict[str, Any] = {
        "state": "listening", "loading": None, "uptime_s": 1, "devices": {}, "recorded_s": None,
        "models": {"ears": "a", "brain": "b", "voice": {}, "face": "c"}, "muted": {}, "tools": [],
        "servers": servers, "degraded": [], "turns": [], "memory_mb": 1,
    }  # fmt: skip

    class Client:
        def get(self, _path: str) -> dict[str, Any]:
            servers[:] = [SpeechServerState(**asdict(ears.server)).model_dump()]
            return told

    monkeypatch.setattr(control, "Client", Client)
    assert main(["status"]) == 0
    assert where.address.shown in capsys.readouterr().out
    ears.transcribe(SPOKEN, CancelToken())
    assert main(["status"]) == 0
    said = re.sub(r"[│\s]+", " ", capsys.readouterr().out)  # a narrow table breaks the lines
    assert "server that hears" in said and "Connection refused" in said
    assert "This machine does its work meanwhile." in said and SECRET not in said
