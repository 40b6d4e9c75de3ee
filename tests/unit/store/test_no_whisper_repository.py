"""A repository of the hub that is no speech recogniser, or a hub that does not give it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from daemon.errors import InputError, NetworkError, StorageError
from daemon.store import repository_lookup
from daemon.store.hub_lookup import LOOKUP_S
from daemon.store.model_store import ModelStore, WeightState
from tests.unit.store.hub_server import COMMIT, silent
from tests.unit.store.repository_server import (
    CONFIG,
    HEAD,
    MODEL,
    NAME,
    WHISPER,
    RepositoryServer,
    again,
    take,
    whisper_hub,
)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[RepositoryServer]:
    with whisper_hub(monkeypatch) as made:
        yield made


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    return again(tmp_path / "models")


@pytest.mark.parametrize(
    ("missing", "told"),
    [
        (("model.bin",), "model.bin"),
        (("config.json", "tokenizer.json"), "config.json, tokenizer.json"),
        (("vocabulary.txt",), "vocabulary.json"),
        (tuple(WHISPER), "model.bin, config.json, tokenizer.json, vocabulary.json"),
    ],
)
def test_a_repository_that_lacks_files_is_none(
    server: RepositoryServer, store: ModelStore, missing: tuple[str, ...], told: str
) -> None:
    for name in missing:
        del server.files[name]
    with pytest.raises(InputError, match=f"hub:some/whisper is no Whisper .* no {told}") as caught:
        take(store)
    assert "hub:Systran/faster-whisper-small" in caught.value.fix
    assert not (store.directory / NAME).exists()
    assert server.fetched == []


@pytest.mark.parametrize(
    "config",
    [
        *(b"", b"{", b"[]", b"5", b"null", b"\xff", b"[" * 100_000),
        json.dumps({"architectures": ["WhisperForConditionalGeneration"]}).encode(),
        json.dumps(CONFIG | {"lang_ids": ["en"]}).encode(),
        json.dumps(CONFIG | {"suppress_ids": 5.5}).encode(),
        b'{"x": "' + b"y" * (1 << 20) + b'"}',
    ],
)
@pytest.mark.parametrize("large", [False, True])
def test_another_kind_of_config_is_refused_before_the_model_is_fetched(
    server: RepositoryServer, store: ModelStore, config: bytes, large: bool
) -> None:
    server.files["config.json"] = config
    server.large |= {"config.json"} if large else set()
    with pytest.raises(InputError, match=r"config\.json is not CTranslate2's"):
        take(store)
    assert [part for name, part in server.fetched if name == "model.bin"] == [HEAD[1]]
    assert not (store.directory / NAME).exists()


@pytest.mark.parametrize(
    "lists", [{"suppress_ids": None}, {"lang_ids": None, "alignment_heads": 5}]
)
def test_a_config_may_forbid_nothing(
    server: RepositoryServer, store: ModelStore, lists: dict[str, object]
) -> None:
    server.files["config.json"] = json.dumps(CONFIG | lists).encode()
    take(store)
    assert store.status(NAME).state is WeightState.READY


@pytest.mark.parametrize(
    "model", [b"", b"x", MODEL[:18], MODEL.replace(b"Whisper", b"Speeder", 1), b"PK\3\4" * 9]
)
def test_a_model_of_another_kind_is_refused_by_its_beginning(
    server: RepositoryServer, store: ModelStore, model: bytes
) -> None:
    server.files["model.bin"] = model
    with pytest.raises(InputError, match=r"model\.bin is of another kind"):
        take(store)
    assert not (store.directory / NAME).exists()


def test_small_files_are_compared_with_git(server: RepositoryServer, store: ModelStore) -> None:
    server.listing = server.listed()
    server.files["tokenizer.json"] = WHISPER["tokenizer.json"][::-1]
    with pytest.raises(NetworkError, match=r"tokenizer\.json: what arrived has a wrong checksum"):
        take(store)
    assert not (store.directory / NAME).exists()


def test_a_model_of_another_checksum_is_refused(
    server: RepositoryServer, store: ModelStore
) -> None:
    server.listing = server.listed()
    server.files["model.bin"] = MODEL[:-1] + b"!"
    with pytest.raises(NetworkError, match="wrong checksum"):
        take(store)
    assert again(store.directory).status(NAME).missing == ("model.bin",)


@pytest.mark.parametrize(
    "listing",
    [
        *(b"<html>Log in to this network</html>", b"", b"[]", b"{}", b"[" * 100_000),
        b'{"sha": "main", "siblings": []}',
        b'{"sha": "../../x", "siblings": []}',
        b'{"sha": "' + COMMIT.encode() + b'", "siblings": 5}',
    ],
)
def test_a_login_page_is_no_listing(
    server: RepositoryServer, store: ModelStore, listing: bytes
) -> None:
    server.listing = listing
    with pytest.raises(NetworkError, match="another page, such as one for a login") as caught:
        take(store)
    assert "a folder here needs no hub" in caught.value.fix


@pytest.mark.parametrize(
    ("field", "value"),
    [("blobId", "x"), ("blobId", None), ("size", None), ("size", 17 << 20)],
)
def test_what_the_hub_does_not_vouch_for_is_not_taken(
    server: RepositoryServer, store: ModelStore, field: str, value: object
) -> None:
    told = json.loads(server.listed())
    for entry in told["siblings"]:
        if entry["rfilename"] == "tokenizer.json":
            entry[field] = value
    server.listing = json.dumps(told).encode()
    with pytest.raises(NetworkError, match=r"tokenizer\.json: .* not tell its checksum"):
        take(store)


def test_what_does_not_fit_the_disk_is_not_fetched(
    server: RepositoryServer, store: ModelStore
) -> None:
    told = json.loads(server.listed())
    for entry in told["siblings"]:
        if "lfs" in entry:
            entry["lfs"]["size"] = 1 << 49
    server.listing = json.dumps(told).encode()
    with pytest.raises(StorageError, match="needed"):
        take(store)
    assert [part for name, part in server.fetched if name == "model.bin"] == [HEAD[1]]
    assert not (store.directory / NAME).exists()


@pytest.mark.parametrize("status", [401, 403, 404])
def test_what_is_private_or_not_there(
    server: RepositoryServer, store: ModelStore, status: int
) -> None:
    server.statuses = [status]
    told = "has no hub:some/whisper, or gives it only to those who have logged in"
    with pytest.raises(NetworkError, match=told) as caught:
        take(store)
    assert "hf auth login" in caught.value.fix


def test_a_silent_hub_is_left(
    server: RepositoryServer, store: ModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert LOOKUP_S < 60
    monkeypatch.setattr(repository_lookup, "LOOKUP_S", 0.01)
    with silent() as address:
        monkeypatch.setenv("HF_ENDPOINT", address)
        with pytest.raises(NetworkError, match="does not answer"):
            take(store)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(NetworkError, match="HF_HUB_OFFLINE"):
        take(store)
