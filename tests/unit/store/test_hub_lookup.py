"""What a hub says of a file is read, checked, and compared with what it said before."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from daemon.errors import InputError, NetworkError, SetupError, StorageError
from daemon.store import hub_lookup, pull
from daemon.store.hub import ATTEMPTS
from daemon.store.hub_lookup import look_up, reachable
from daemon.store.manifest import Hub, load
from daemon.store.model_store import ModelStore, WeightState
from daemon.store.pins import PIN, name_of, parse_reference, with_pins
from daemon.store.sources import Remedy, SourceError
from tests.unit.store.hub_server import COMMIT, HubServer, silent, standing_in
from tests.unit.store.store_helpers import HUB_ONLY, make_report, sha

PLACE = Hub(repository="some/where", revision="main", path="ear.gguf")
NAME = "some--where--ear"
MANIFEST = """
[profiles]
[wheels]
[weights.talker]
description = { en = "Talks", zh = "会说话" }
licence = "MIT"
unpinned = { about = 5, hub = { repository = "some/where", revision = "main", path = "ear.gguf" } }
"""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[HubServer]:
    with standing_in(monkeypatch, HUB_ONLY) as made:
        yield made


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    return ModelStore(tmp_path / "models", load(MANIFEST))


def again(store: ModelStore) -> ModelStore:
    """Open the same folder anew, as the next command does."""
    return ModelStore(store.directory, with_pins(load(MANIFEST), store.directory))


@pytest.mark.parametrize(
    ("text", "repository", "path", "revision"),
    [
        ("hub:a/b/c.gguf", "a/b", "c.gguf", "main"),
        ("hub:a-1/B.2/sub/c d.gguf@v1/x", "a-1/B.2", "sub/c d.gguf", "v1/x"),
    ],
)
def test_a_reference_names_owner_repository_file_and_revision(
    text: str, repository: str, path: str, revision: str
) -> None:
    assert parse_reference(text) == Hub(repository=repository, path=path, revision=revision)


@pytest.mark.parametrize(
    "text",
    [
        *("a/b/c.gguf", "hub:b/c.gguf", "hub:a/b/c.bin", "hub:a/b/c.gguf@", "hub:/a/b/c.gguf"),
        *("hub:a/b/../c.gguf", "hub:a/b/c.gguf@../x", "hub:a/b/.c.gguf", "hub:a/b//c.gguf"),
        *("hub:a/b/c.gguf\n", "hub:a/b/c.gguf?x", "hub:https://a/b/c.gguf"),
        "hub:a/b/c-00001-of-00002.gguf",
    ],
)
def test_what_is_no_reference_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        parse_reference(text)


def test_names_are_folders_of_their_own() -> None:
    long = Hub(repository="a/b", revision="main", path="c" * 300 + ".gguf")
    names = {
        name_of(PLACE),
        name_of(PLACE.model_copy(update={"revision": "v1/x"})),
        name_of(PLACE.model_copy(update={"path": "sub dir/ear.gguf"})),
        name_of(long),
        name_of(long.model_copy(update={"path": "c" * 301 + ".gguf"})),
    }
    assert len(names) == 5
    assert NAME in names
    assert all(len(name) <= 100 and not set(name) & set("/ @") for name in names)


def test_the_hub_says_commit_size_and_checksum(server: HubServer) -> None:
    pin = look_up(PLACE)
    assert (pin.commit, pin.size, pin.sha256) == (COMMIT, len(HUB_ONLY), sha(HUB_ONLY))
    assert server.asked == [("/some/where/resolve/main/ear.gguf", "HEAD")]
    assert pin.file.hub == PLACE.model_copy(update={"revision": COMMIT})


def test_a_repository_that_was_renamed_is_followed(server: HubServer) -> None:
    server.moved = "/renamed"
    assert look_up(PLACE).commit == COMMIT
    assert server.asked[-1][0].startswith("/renamed")


def test_a_hub_that_sends_us_in_circles_is_left(server: HubServer) -> None:
    server.moved = "/never"
    server.told = {}
    waits: list[float] = []
    with pytest.raises(SourceError):
        look_up(PLACE, waits.append)
    assert len(server.asked) <= hub_lookup.MAX_HOPS * ATTEMPTS


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("X-Linked-ETag", '"0123456789abcdef0123456789abcdef01234567"'),  # a small file's, of git
        ("X-Linked-ETag", "sha256"),
        ("X-Repo-Commit", "main"),
        ("X-Repo-Commit", "../../etc"),
        ("X-Linked-Size", "-5"),
        ("X-Linked-Size", "0"),
        ("X-Linked-Size", "9" * 30),
        ("X-Linked-Size", "many"),
        ("X-Linked-Size", "٣٣"),
    ],
)
def test_what_is_no_commit_size_or_checksum_is_not_believed(
    server: HubServer, header: str, value: str
) -> None:
    server.told[header] = value.encode().decode("latin-1")
    with pytest.raises(SourceError, match="does not tell"):
        look_up(PLACE)


@pytest.mark.parametrize(
    ("status", "remedy"),
    [(401, Remedy.LOGIN), (403, Remedy.LOGIN), (404, Remedy.ANOTHER_SOURCE)],
)
def test_what_asking_again_does_not_change(server: HubServer, status: int, remedy: Remedy) -> None:
    server.statuses = [status]
    with pytest.raises(SourceError) as caught:
        look_up(PLACE)
    assert caught.value.remedy is remedy
    assert len(server.asked) == 1


def test_a_busy_hub_is_asked_again_when_it_says(server: HubServer) -> None:
    server.statuses, server.retry_after = [429, 503], "17"
    waits: list[float] = []
    assert look_up(PLACE, waits.append).commit == COMMIT
    assert waits == [17, 17]


def test_a_hub_that_is_busy_for_long_is_left(server: HubServer) -> None:
    server.statuses, server.retry_after = [429], "3600"
    with pytest.raises(SourceError) as caught:
        look_up(PLACE)
    assert caught.value.remedy is Remedy.LATER


def test_a_hub_that_answers_whatever_it_says_is_there(server: HubServer) -> None:
    server.statuses = [404]
    assert reachable()


def test_a_hub_that_is_silent_absent_or_forbidden_is_not(
    server: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert not reachable()
    monkeypatch.delenv("HF_HUB_OFFLINE")
    monkeypatch.setenv("HF_ENDPOINT", "ftp://somewhere")
    assert not reachable()
    monkeypatch.setattr(hub_lookup, "ANSWER_S", 0.01)
    with silent() as address:
        monkeypatch.setenv("HF_ENDPOINT", address)
        assert not reachable()
    monkeypatch.setenv("HF_ENDPOINT", address)
    assert not reachable()


def test_an_unpinned_weight_is_missing_until_the_hub_was_asked(
    server: HubServer, store: ModelStore
) -> None:
    assert store.status("talker").state is WeightState.MISSING
    assert store.manifest.weight("talker").size == 5
    pull.pull(store, ["talker"], make_report()[0])
    assert (store.path("talker") / "model.gguf").read_bytes() == HUB_ONLY
    assert server.asked[-1][0] == f"/some/where/resolve/{COMMIT}/ear.gguf"
    assert again(store).verify("talker").state is WeightState.READY


def test_a_file_of_the_hub_becomes_a_weight(server: HubServer, store: ModelStore) -> None:
    pull.identify(store, NAME, PLACE)
    pull.pull(store, [NAME], make_report()[0])
    later = again(store)
    assert (later.path(NAME) / "model.gguf").read_bytes() == HUB_ONLY
    (later.place(NAME) / "model.gguf").write_bytes(HUB_ONLY[::-1])
    assert later.verify(NAME).state is WeightState.DAMAGED
    assert later.remove(NAME) == len(HUB_ONLY)
    assert NAME not in again(store).manifest.weights
    assert not (store.directory / NAME).exists()


def test_a_reference_that_means_another_file_now_is_refused(
    server: HubServer, store: ModelStore
) -> None:
    pull.identify(store, NAME, PLACE)
    server.told["X-Linked-ETag"] = f'"{"0" * 64}"'
    with pytest.raises(SetupError, match=f"sha256 {'0' * 64} instead of") as caught:
        pull.identify(again(store), NAME, PLACE)
    assert f"digital-life models remove {NAME}" in caught.value.fix


def test_another_commit_with_the_same_file_is_taken(server: HubServer, store: ModelStore) -> None:
    pull.identify(store, NAME, PLACE)
    server.told["X-Repo-Commit"] = "1" * 40
    pull.identify(store, NAME, PLACE)
    assert f"{'1' * 40}" in str(store.manifest.weight(NAME).files[0].hub)


def test_a_commit_is_asked_about_once(server: HubServer, store: ModelStore) -> None:
    place = PLACE.model_copy(update={"revision": COMMIT})
    for _ in range(2):
        pull.identify(store, name_of(place), place)
    assert len(server.asked) == 1


def test_what_is_remembered_is_enough_without_a_hub(
    server: HubServer, store: ModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    pull.identify(store, NAME, PLACE)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    pull.identify(store, NAME, PLACE)
    with pytest.raises(NetworkError, match="other could not be downloaded"):
        pull.identify(store, "other", PLACE.model_copy(update={"path": "other.gguf"}))


def test_a_hub_that_gives_another_file_than_it_said(server: HubServer, store: ModelStore) -> None:
    pull.identify(store, NAME, PLACE)
    server.contents = HUB_ONLY[::-1]
    with pytest.raises(NetworkError, match="wrong checksum"):
        pull.pull(store, [NAME], make_report()[0])
    assert store.status(NAME).state is WeightState.MISSING


@pytest.mark.parametrize("lie", [-1, 1])
def test_a_hub_that_lies_about_a_size(server: HubServer, store: ModelStore, lie: int) -> None:
    server.told["X-Linked-Size"] = str(len(HUB_ONLY) + lie)
    pull.identify(store, NAME, PLACE)
    with pytest.raises(NetworkError, match="wrong checksum"):
        pull.pull(store, [NAME], make_report()[0])


def test_a_size_that_no_disk_has_is_refused_before_anything_is_fetched(
    server: HubServer, store: ModelStore
) -> None:
    server.told["X-Linked-Size"] = str(1 << 49)
    pull.identify(store, NAME, PLACE)
    asked = len(server.asked)
    with pytest.raises(StorageError, match="needed"):
        pull.pull(store, [NAME], make_report()[0])
    assert len(server.asked) == asked


def test_a_connection_that_is_cut_is_gone_on_with_at_the_same_commit(
    server: HubServer, store: ModelStore
) -> None:
    pull.identify(store, NAME, PLACE)
    server.cut = len(HUB_ONLY) // 2
    pull.pull(store, [NAME], make_report()[0])
    assert [wanted for _, wanted in server.asked] == ["HEAD", None, f"bytes={server.cut}-"]
    assert (store.path(NAME) / "model.gguf").read_bytes() == HUB_ONLY


def test_a_file_of_ones_own_is_compared_with_what_the_hub_says(
    server: HubServer, store: ModelStore, tmp_path: Path
) -> None:
    mine = tmp_path / "mine.gguf"
    mine.write_bytes(HUB_ONLY)
    pull.install(store, "talker", mine, make_report()[0])
    assert store.status("talker").state is WeightState.READY


@pytest.mark.parametrize(
    "note",
    [b"", b"{", b"[]", b'{"commit": 5}', b"\xff" * 100, b" " * 20_000],
)
def test_a_broken_note_is_as_none(server: HubServer, store: ModelStore, note: bytes) -> None:
    pull.identify(store, "talker")
    (store.directory / "talker" / PIN).write_bytes(note)
    assert again(store).status("talker").state is WeightState.MISSING


def test_a_note_for_another_file_changes_nothing(server: HubServer, store: ModelStore) -> None:
    pull.identify(store, NAME, PLACE)
    note = json.loads((store.directory / NAME / PIN).read_text())
    for name in ("talker", "made-up"):
        place = store.directory / name
        place.mkdir()
        note["hub"]["path"] = "other.gguf"
        (place / PIN).write_text(json.dumps(note))
    assert not again(store).manifest.weight("talker").files
    assert "made-up" not in again(store).manifest.weights
