"""The user's own pip, fetching from a folder instead of the network."""

import base64
import hashlib
from pathlib import Path

import pytest

from daemon.store import wheels
from daemon.store.manifest import Member, Wheel
from daemon.store.sources import SourceError
from tests.unit.store.store_helpers import sha, wheel

DATA = b"weights " * 20_000


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Wheel:
    """A package whose code would fail if it were ever run, in a folder that pip looks at."""
    about = "made_up-1.0.dist-info/"
    entries = {
        "made_up/__init__.py": b"raise SystemExit('this code must never run')",
        "made_up/data.bin": DATA,
        about + "METADATA": b"Metadata-Version: 2.1\nName: made-up\nVersion: 1.0\n",
        about + "WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = ""
    for path, data in entries.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        record += f"{path},sha256={digest},{len(data)}\n"
    archive = wheel({**entries, about + "RECORD": record.encode()})
    folder = tmp_path / "index"
    folder.mkdir()
    (folder / "made_up-1.0-py3-none-any.whl").write_bytes(archive)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return Wheel(distribution="made-up", version="1.0", size=len(archive), sha256=sha(archive))


def test_pip_fetches_and_the_archive_is_read(tmp_path: Path, package: Wheel) -> None:
    cache, seen = wheels.WheelCache(tmp_path / "store"), list[int]()
    archive = cache.get(package, seen.append)
    member = Member(wheel="made-up", path="made_up/data.bin", size=len(DATA))
    assert b"".join(wheels.chunks(archive, member)) == DATA
    assert sum(seen) == package.size
    cache.clear()
    assert not (tmp_path / "store").exists()


def test_pip_refuses_another_checksum(tmp_path: Path, package: Wheel) -> None:
    cache = wheels.WheelCache(tmp_path / "store")
    other = package.model_copy(update={"sha256": "0" * 64})
    with pytest.raises(SourceError, match="wrong checksum"):
        cache.get(other, lambda count: None)


def test_pip_does_not_find_another_version(tmp_path: Path, package: Wheel) -> None:
    cache = wheels.WheelCache(tmp_path / "store")
    other = package.model_copy(update={"version": "2.0"})
    with pytest.raises(SourceError, match="does not offer it"):
        cache.get(other, lambda count: None)
