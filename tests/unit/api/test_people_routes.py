"""Those who are known, over the API: with a socket, a memory and a conversation of their own."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from daemon.api import application, unix_socket
from daemon.api.services import Services
from daemon.config import load, packaged_config
from daemon.ears.speaker_id import WEIGHT
from daemon.errors import InputError
from daemon.events import Event, PeopleChanged
from daemon.folders import socket_path
from daemon.people import encoder, recordings
from daemon.people.person import Embeddings
from daemon.people.store import PeopleStore, people_path
from daemon.server import Daemon
from tests.waiting import PATIENCE_S

SETTINGS = load(packaged_config()).settings
SOUND = ("Content-Type: application/octet-stream",)
VOICE = np.ones((2, 8), np.float32)


class Kitchen:
    """A daemon of which only the API and those it knows are there."""

    def __init__(self, daemon: Daemon, place: Path) -> None:
        self.daemon, self._place = daemon, place
        self.store = PeopleStore()
        self.forgotten: list[int] = []
        self.heard: list[bytes] = []
        self.events: list[Event] = []
        daemon.bus.subscribe(Event, self.events.append)
        components = SimpleNamespace(settings=SETTINGS, store=None, people=self.store)
        running: Any = SimpleNamespace(components=components, forget_person=self._forget)
        daemon.running, daemon.require_running = running, lambda: running  # type: ignore[method-assign]

    async def _forget(self, number: int) -> None:
        self.store.remove(number)
        self.forgotten.append(number)

    async def asked(
        self, method: str, path: str, body: bytes | dict[str, object] = b"", *headers: str
    ) -> tuple[int, dict[str, Any]]:
        """Return the status and the JSON of one answer."""
        sent = body if isinstance(body, bytes) else json.dumps(body).encode()
        kind = headers or ("Content-Type: application/json",)
        lines = (f"{method} /v1/{path} HTTP/1.1", "Host: localhost", f"Content-Length: {len(sent)}")
        reader, writer = await asyncio.open_unix_connection(str(self._place))
        writer.write("\r\n".join((*lines, *kind, "Connection: close", "", "")).encode() + sent)
        answer = await asyncio.wait_for(reader.read(), PATIENCE_S)
        writer.close()
        head, _, text = answer.partition(b"\r\n\r\n")
        return int(head.split()[1]), json.loads(text)

    async def introduced(self, name: str) -> dict[str, Any]:
        status, told = await self.asked("POST", f"people?name={name}", b"sound", *SOUND)
        assert status == 200, told
        return told


@pytest.fixture
def kitchen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Callable[[Kitchen], Awaitable[None]]], None]:
    tmp_path.chmod(0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setattr(encoder, "open_encoder", lambda _store: None)
    place = socket_path()
    assert place is not None

    def play(work: Callable[[Kitchen], Awaitable[None]]) -> None:
        async def run() -> None:
            daemon = Daemon(SETTINGS)
            services = Services(daemon)
            made = Kitchen(daemon, place)

            def learn(path: Path, _encoder: object) -> Embeddings:
                made.heard.append(path.read_bytes())
                if made.heard[-1] == b"noise":
                    raise InputError(f"{path} is too noisy.", "another room")
                return VOICE

            monkeypatch.setattr(recordings, "embeddings_of", learn)
            try:
                async with unix_socket.serving(application.application(services), place):
                    await work(made)
            finally:
                await services.close()

        asyncio.run(run())

    return play


Play = Callable[[Callable[[Kitchen], Awaitable[None]]], None]


def test_somebody_is_introduced_changed_and_forgotten(kitchen: Play) -> None:
    async def work(kitchen: Kitchen) -> None:
        assert await kitchen.asked("GET", "people") == (200, {"people": []})
        anna = await kitchen.introduced("Anna")
        number = anna["number"]
        assert (anna["name"], anna["owner"], anna["tools"]) == ("Anna", True, True)
        assert kitchen.heard == [b"sound"]
        path = f"people/{number}"
        changes = {"name": "Anne", "language": "zh", "tools": False, "owner": False}
        status, told = await kitchen.asked("PATCH", path, {**changes, "persona": "default"})
        assert status == 200 and {**changes, "persona": "default"}.items() <= told.items()
        assert (await kitchen.asked("POST", f"{path}/recordings", b"more", *SOUND))[0] == 200
        assert len(kitchen.store.profiles(WEIGHT)[0].embeddings) == 4
        _, listed = await kitchen.asked("GET", "people")
        assert [person["name"] for person in listed["people"]] == ["Anne"]
        assert "embeddings" not in json.dumps(listed)
        assert sum(isinstance(event, PeopleChanged) for event in kitchen.events) == 3
        assert await kitchen.asked("DELETE", path) == (200, {})
        assert kitchen.forgotten == [number]
        await kitchen.asked("POST", "people/refresh", {})
        assert sum(isinstance(event, PeopleChanged) for event in kitchen.events) == 4

    kitchen(work)


def test_what_cannot_be_is_refused_and_changes_nothing(kitchen: Play) -> None:
    async def work(kitchen: Kitchen) -> None:
        anna = await kitchen.introduced("Anna")
        before = people_path().read_bytes()
        own = f"people/{anna['number']}"
        for method, path, body, told in (
            ("POST", "people?name=anna", b"sound", "already"),
            ("POST", "people?name=%20", b"sound", "letter"),
            ("POST", "people?name=A%1BB", b"sound", "invisible"),
            ("POST", "people", b"sound", "name"),
            ("POST", "people/7/recordings", b"sound", "7"),
            ("PATCH", "people/7", {"tools": False}, "7"),
            ("PATCH", own, {"name": ""}, "letter"),
            ("PATCH", own, {"language": "xx"}, "en, zh"),
            ("PATCH", own, {"persona": "nobody"}, "nobody"),
            ("PATCH", own, {"tools": "no"}, "tools"),
            ("PATCH", own, {"number": 7}, "number"),
            ("DELETE", "people/7", b"", "7"),
            ("DELETE", "people/x", b"", "number"),
        ):
            headers = SOUND if method == "POST" else ()
            status, answer = await kitchen.asked(method, path, body, *headers)  # type: ignore[arg-type]
            assert status in (400, 409), (path, answer)
            assert told in answer["error"]["message"], (path, answer)
        assert people_path().read_bytes() == before

    kitchen(work)


def test_what_is_wrong_with_a_recording_names_no_file_of_ours(kitchen: Play) -> None:
    async def work(kitchen: Kitchen) -> None:
        status, answer = await kitchen.asked("POST", "people?name=Anna", b"noise", *SOUND)
        assert status == 400
        assert answer["error"]["message"] == "The recording is too noisy."
        assert answer["error"]["fix"] == "another room"
        assert not people_path().exists()

    kitchen(work)


def test_only_a_recording_may_be_large_and_that_is_bounded(
    kitchen: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(application, "MAX_RECORDING", 200_000)

    async def work(kitchen: Kitchen) -> None:
        assert (await kitchen.asked("POST", "people?name=Anna", bytes(200_000), *SOUND))[0] == 200
        assert kitchen.heard == [bytes(200_000)]
        number = kitchen.store.find("Anna").number
        for method, path, size in (
            ("PATCH", f"people/{number}", application.MAX_BODY + 1),
            ("POST", "people?name=Ben", 200_001),
            ("POST", f"people/{number}/recordings", 200_001),
        ):
            assert (await kitchen.asked(method, path, b" " * size))[0] == 413
        assert len(kitchen.heard) == 1

    kitchen(work)
