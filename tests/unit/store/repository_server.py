"""A hub with one repository, as a whole."""

import hashlib
import json
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from daemon.store import hub_lookup, pull
from daemon.store.manifest import load
from daemon.store.model_store import ModelStore
from daemon.store.pins import with_pins
from daemon.store.repository_pins import with_repositories
from tests.unit.store.hub_server import COMMIT, HubServer, ask_instead, running
from tests.unit.store.store_helpers import make_report

CONFIG = {"suppress_ids": [1, 2], "suppress_ids_begin": [220], "lang_ids": [50259]}
MODEL = struct.pack("<IH", 6, 12) + b"WhisperSpec\0" + bytes(range(256)) * 4000
WHISPER = {
    "README.md": b"# A Whisper\n",
    "config.json": json.dumps(CONFIG).encode(),
    "model.bin": MODEL,
    "tokenizer.json": b'{"model": {}}' * 100,
    "vocabulary.txt": b"a\nb\nc\n" * 50,
}
REFERENCE = "hub:some/whisper"
NAME = "some--whisper"
EMPTY = "[profiles]\n[weights]\n[wheels]\n"
HEAD = ("model.bin", "bytes=0-17")


def git_name(contents: bytes) -> str:
    """Return what ``git hash-object`` says of a file."""
    return hashlib.sha1(b"blob " + str(len(contents)).encode() + b"\0" + contents).hexdigest()


class RepositoryServer(HubServer):
    """Lists ``files`` and gives each; those named in ``large`` are told with their sha256."""

    def __init__(self, files: dict[str, bytes]) -> None:
        super().__init__(b"")
        self.files = files
        self.large = {"model.bin"}
        self.commit = COMMIT
        self.listing: bytes | None = None
        """What is answered in the listing's place."""

    def body(self, path: str) -> bytes:
        if "/api/models/" in path:
            return self.listed() if self.listing is None else self.listing
        return self.files[path.rpartition(f"/resolve/{self.commit}/")[2]]

    def listed(self) -> bytes:
        entries = [self._entry(name, contents) for name, contents in self.files.items()]
        return json.dumps({"id": "a/b", "sha": self.commit, "siblings": entries}).encode()

    def _entry(self, name: str, contents: bytes) -> dict[str, Any]:
        size = len(contents)
        entry = {"rfilename": name, "size": size, "blobId": git_name(contents)}
        if name in self.large:
            sha = hashlib.sha256(contents).hexdigest()
            entry |= {"lfs": {"sha256": sha, "size": size, "pointerSize": 134}}
        return entry

    @property
    def fetched(self) -> list[tuple[str, str | None]]:
        """Return the files that were asked for, and which part of each."""
        return [(path.rpartition("/")[2], part) for path, part in self.asked if "/api/" not in path]


@contextmanager
def whisper_hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[RepositoryServer]:
    """Run a hub with ``WHISPER`` that is asked instead of the real one."""
    monkeypatch.setattr(hub_lookup, "WAIT_S", 0.0)
    monkeypatch.setattr("daemon.store.hub.WAIT_S", 0.0)
    with running(RepositoryServer(dict(WHISPER))) as made:
        ask_instead(monkeypatch, made)
        yield made


def again(directory: Path) -> ModelStore:
    """Open a folder anew, as the next command does."""
    return ModelStore(directory, with_repositories(with_pins(load(EMPTY), directory), directory))


def take(store: ModelStore, reference: str = REFERENCE) -> str:
    """Fetch it into the store; return what was told of it."""
    report, output = make_report()
    pull.pull(store, [reference], report)
    return output.getvalue()
