"""A bus on which rtkit is asked may be away, silent, or talk rubbish: sound goes on without it."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from jeepney import HeaderFields, Message, MessageType, Parser, new_error, new_method_return

from daemon.audio import realtime
from daemon.audio.realtime import ask_rtkit

WELCOME = b"OK 0123456789abcdef0123456789abcdef\r\n"
Bus = Callable[[socket.socket], None]


@contextmanager
def served(talk: Bus, place: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Have ``talk`` be the bus, for one who connects to it."""
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", f"unix:path={place}")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(place))
        listening.listen()

        def serve() -> None:
            client, _ = listening.accept()
            with client, suppress(OSError):
                talk(client)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield
        finally:
            thread.join()


def welcome(client: socket.socket) -> None:
    """Let somebody in, as ``EXTERNAL`` authentication does."""
    client.recv(1)  # a null byte
    client.recv(1024)
    client.sendall(WELCOME)
    begin = b""
    while len(begin) < len(b"BEGIN\r\n"):
        begin += client.recv(len(b"BEGIN\r\n") - len(begin))


def calls(client: socket.socket) -> Iterator[Message]:
    """Yield what is asked."""
    parser = Parser()
    while data := client.recv(4096):
        parser.add_data(data)
        while (message := parser.get_next_message()) is not None:
            yield message


def silent_until_gone(client: socket.socket) -> None:
    while client.recv(4096):
        pass


def never_lets_in(client: socket.socket) -> None:
    silent_until_gone(client)


def never_says_hello(client: socket.socket) -> None:
    welcome(client)
    silent_until_gone(client)


def never_stops_talking_of_other_things(client: socket.socket) -> None:
    welcome(client)
    call = next(calls(client))
    for _ in range(1_000_000):
        other = new_method_return(call)
        other.header.fields[HeaderFields.reply_serial] = 4711
        client.sendall(other.serialise(7))


def talks_rubbish(client: socket.socket) -> None:
    welcome(client)
    next(calls(client))
    client.sendall(bytes(range(200, 256)) * 100)
    silent_until_gone(client)


def hangs_up(client: socket.socket) -> None:
    welcome(client)


@pytest.mark.parametrize(
    "talk",
    [
        never_lets_in,
        never_says_hello,
        never_stops_talking_of_other_things,
        talks_rubbish,
        hangs_up,
    ],
)
def test_a_bus_that_does_not_answer_is_given_up(
    talk: Bus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(realtime, "TIMEOUT_S", 0.2)
    with served(talk, tmp_path / "bus", monkeypatch), pytest.raises((OSError, ValueError)):
        ask_rtkit(1)


@pytest.mark.parametrize(
    "address", ["rubbish", "tcp:host=localhost", "unix:", "unix:path=/does/not/exist", ";"]
)
def test_an_address_that_names_no_bus_is_told_as_that(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", address)
    with pytest.raises((OSError, ValueError)):
        ask_rtkit(1)


def test_rtkit_is_asked_for_the_thread_after_the_greeting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def grants(client: socket.socket) -> None:
        welcome(client)
        for call in calls(client):
            asked.append((call.header.fields[HeaderFields.member], call.body))
            client.sendall(new_method_return(call).serialise(1))

    with served(grants, tmp_path / "bus", monkeypatch):
        ask_rtkit(11)
    assert asked == [("Hello", ()), ("MakeThreadRealtime", (11, realtime.PRIORITY))]


def test_a_refusal_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(client: socket.socket) -> None:
        welcome(client)
        for call in calls(client):
            assert call.header.message_type is MessageType.method_call
            client.sendall(new_error(call, "org.example.No", "s", ("not for you",)).serialise(1))

    with (
        served(refuses, tmp_path / "bus", monkeypatch),
        pytest.raises(PermissionError, match="not for you"),
    ):
        ask_rtkit(11)
