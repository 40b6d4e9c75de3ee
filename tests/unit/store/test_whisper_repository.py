"""A speech recogniser that is a repository of the hub: asked for, checked, remembered."""

import argparse
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from daemon.errors import InputError, SetupError
from daemon.store import commands, pull
from daemon.store.model_store import STAMP, ModelStore, WeightState
from daemon.store.pins import name_of, parse_reference
from daemon.store.repository_pins import (
    REPOSITORY_PIN,
    is_repository,
    parse_repository,
    repository_name,
)
from tests.unit.store.hub_server import COMMIT, standing_in
from tests.unit.store.repository_server import (
    HEAD,
    MODEL,
    NAME,
    REFERENCE,
    WHISPER,
    RepositoryServer,
    again,
    take,
    whisper_hub,
)
from tests.unit.store.store_helpers import make_report

USED = sorted(set(WHISPER) - {"README.md"})


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[RepositoryServer]:
    with whisper_hub(monkeypatch) as made:
        yield made


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    return again(tmp_path / "models")


@pytest.mark.parametrize(
    ("text", "repository", "revision"),
    [
        ("hub:a/b", "a/b", "main"),
        ("hub:Sys-tran/faster.whisper_2@v1/x", "Sys-tran/faster.whisper_2", "v1/x"),
        (f"hub:a/b@{COMMIT}", "a/b", COMMIT),
    ],
)
def test_a_reference_names_owner_repository_and_revision(
    text: str, repository: str, revision: str
) -> None:
    place = parse_repository(text)
    assert (place.repository, place.revision) == (repository, revision)
    assert str(place) == text


@pytest.mark.parametrize(
    "text",
    [
        *("hub:", "hub:a", "hub:a/", "hub:/b", "hub:a/b/c", "hub:a/b@", "hub:a/b@/x", "hub:a/b\n"),
        *("hub:a/..", "hub:../b", "hub:a/b@../x", "hub:a/b?x", "hub:https://a/b", "hub: a/b"),
        *("hub:a/語", "hub:a/b@x y", "hub:" + "a" * 97 + "/b"),
    ],
)
def test_what_is_no_reference_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        parse_repository(text)


def test_names_are_folders_of_their_own() -> None:
    texts = ["hub:a/b", "hub:a/b@c", "hub:a/b@c/d", "hub:a/b-c", f"hub:{'a' * 96}/{'b' * 96}"]
    names = {repository_name(parse_repository(text)) for text in texts}
    names |= {name_of(parse_reference(text)) for text in ("hub:a/b/c.gguf", "hub:a/b/c/d.gguf")}
    assert len(names) == len(texts) + 2
    assert all(len(name) <= 100 and not set(name) & set("/ @") for name in names)
    assert not is_repository("hub:a/b/c.gguf@main") and is_repository("hub:a/b@v1.gguf")


def test_a_repository_becomes_a_weight(server: RepositoryServer, store: ModelStore) -> None:
    said = take(store)
    assert "Its licence is on its page on the hub: some/whisper" in said
    assert server.asked[0] == ("/api/models/some/whisper/revision/main?blobs=true", None)
    assert server.fetched[0] == HEAD
    assert [name for name, _ in server.fetched[1:]] == [
        *("config.json", "tokenizer.json", "vocabulary.txt", "model.bin")
    ]
    assert all(f"/resolve/{COMMIT}/" in path for path, _ in server.asked[1:])
    later = again(store.directory)
    folder = later.path(REFERENCE)
    assert folder == later.path(NAME) == store.directory / NAME
    assert sorted(path.name for path in folder.iterdir()) == sorted([*USED, REPOSITORY_PIN, STAMP])
    assert all((folder / name).read_bytes() == WHISPER[name] for name in USED)
    assert later.manifest.weight(NAME).size == sum(len(WHISPER[name]) for name in USED)


def test_what_is_there_is_not_asked_for_again(server: RepositoryServer, store: ModelStore) -> None:
    take(store)
    asked = len(server.asked)
    assert "is there" in take(again(store.directory))
    assert len(server.asked) == asked


def test_it_can_be_verified_mended_and_removed(server: RepositoryServer, store: ModelStore) -> None:
    take(store)
    for name in USED:
        later = again(store.directory)
        path = later.place(NAME) / name
        path.write_bytes(path.read_bytes()[::-1])
        status = later.verify(REFERENCE)
        assert (status.state, status.damaged) == (WeightState.DAMAGED, (name,))
        take(later, NAME)
        assert later.verify(NAME).state is WeightState.READY
    later = again(store.directory)
    freed = pull.remove(later, REFERENCE, make_report()[0])
    assert freed == sum(len(WHISPER[name]) for name in USED)
    assert not (store.directory / NAME).exists()
    assert NAME not in again(store.directory).manifest.weights


def test_a_cut_download_goes_on_at_the_commit_of_the_first_use(
    server: RepositoryServer, store: ModelStore
) -> None:
    server.cut, connections = 100_000, -(-len(MODEL) // 100_000)
    take(store)  # every connection brings something, so one pull is enough
    assert [part for name, part in server.fetched if name == "model.bin"] == [
        HEAD[1],
        None,
        *(f"bytes={n * 100_000}-" for n in range(1, connections)),
    ]
    model = store.path(NAME) / "model.bin"
    model.with_name("model.bin.part").write_bytes(model.read_bytes()[:500_000])
    model.unlink()
    server.listing, server.asked = b"the branch has moved", []
    later = again(store.directory)
    assert later.status(NAME).missing == ("model.bin",)
    take(later)
    assert later.path(NAME)
    assert server.fetched[0] == ("model.bin", "bytes=500000-")
    assert len(server.fetched) == len(server.asked)


def test_what_was_not_fetched_is_named_with_its_command(store: ModelStore) -> None:
    with pytest.raises(SetupError, match="hub:some/whisper has not been downloaded") as caught:
        store.path(REFERENCE)
    assert caught.value.fix == "digital-life models pull hub:some/whisper"


def test_a_single_file_is_pulled_by_its_place_too(
    monkeypatch: pytest.MonkeyPatch, store: ModelStore
) -> None:
    with standing_in(monkeypatch, MODEL):
        take(store, "hub:some/where/ear.gguf")
    later = again(store.directory)
    assert (later.path("hub:some/where/ear.gguf") / "model.gguf").read_bytes() == MODEL


@pytest.mark.parametrize("note", [b"", b"{", b"[]", b"\xff" * 100, b" " * 20_000])
def test_a_broken_note_is_as_none(server: RepositoryServer, store: ModelStore, note: bytes) -> None:
    take(store)
    (store.directory / NAME / REPOSITORY_PIN).write_bytes(note)
    later = again(store.directory)
    assert NAME not in later.manifest.weights
    take(later)
    assert later.path(NAME)


def test_a_note_in_another_folder_or_of_other_files_is_none(
    server: RepositoryServer, store: ModelStore
) -> None:
    take(store)
    shutil.copytree(store.directory / NAME, store.directory / "other")
    path = store.directory / NAME / REPOSITORY_PIN
    path.write_text(path.read_text().replace("model.bin", "../x"))
    assert not again(store.directory).manifest.weights


def test_the_commands_take_a_reference(
    server: RepositoryServer,
    store: ModelStore,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(commands, "open_store", lambda _: again(store.directory))

    def run(*words: str) -> str:
        parser = argparse.ArgumentParser()
        commands.register(parser.add_subparsers())
        args = parser.parse_args(["models", *words])
        assert args.run(args, SimpleNamespace(models=SimpleNamespace(directory=""))) == 0
        said = capsys.readouterr()
        return said.out + said.err

    with pytest.raises(SetupError, match="not been downloaded"):
        run("remove", REFERENCE)
    run("pull", REFERENCE)
    (listed,) = json.loads(run("list", "--json"))["models"]
    assert (listed["name"], listed["state"]) == (NAME, "ready")
    assert f"{NAME} is in order." in run("verify", REFERENCE)
    assert f"{NAME} is in order." in run("verify")
    assert f"{NAME} removed" in run("remove", REFERENCE)
