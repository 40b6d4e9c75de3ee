"""A double as a file: whole on the other side, or refused."""

import json
import os
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from daemon.config import Settings
from daemon.doubles import archive, validation
from daemon.doubles.archive import (
    MANIFEST,
    ArchiveManifest,
    consent_in,
    is_encrypted,
    open_archive,
    read_manifest,
    unpack,
    write_archive,
)
from daemon.doubles.removal import delete_folder
from daemon.doubles.store import Double, find_double
from daemon.errors import DigitalLifeError, InputError, SetupError, StorageError
from daemon.files import atomic_folder
from daemon.folders import doubles_folder
from tests.unit.doubles.making import CONSENT, begun, whole

Harm = Callable[[dict[str, bytes]], None]


def ignore(_done: int, _total: int) -> None:
    pass


def take_in(path: Path, passphrase: str = "") -> Double:
    with open_archive(path, passphrase) as opened:
        return unpack(opened, read_manifest(opened, path), path, Settings(), ignore)


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.mark.parametrize("passphrase", ["", "correct horse"])
def test_out_and_in_again_it_is_the_same(
    tmp_path: Path, passphrase: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # age's own work takes seconds of purpose; that it is called is what is looked at here.
    monkeypatch.setattr(archive, "_encrypted", lambda data, word: archive.AGE + data)
    monkeypatch.setattr(archive, "_decrypted", lambda data, word: data[len(archive.AGE) :])
    double, path = whole(), tmp_path / "zzyxa.double"
    before, told = contents(double.folder), list[tuple[int, int]]()
    size = write_archive(double, path, passphrase, lambda *one: told.append(one))
    assert size == path.stat().st_size and path.stat().st_mode & 0o077 == 0
    assert is_encrypted(path) == bool(passphrase) and told[-1][0] == told[-1][1]
    with pytest.raises(InputError, match="already"):
        take_in(path, passphrase)
    delete_folder("Zzyxa")
    assert take_in(path, passphrase).parts == ("voice", "face")
    assert contents(doubles_folder() / "Zzyxa") == before


def test_what_is_no_part_of_it_stays_at_home(tmp_path: Path) -> None:
    double, path = whole(), tmp_path / "zzyxa.double"
    (double.folder / "voice" / "training").mkdir()
    (double.folder / "voice" / "training" / "0001.wav").write_bytes(b"a recording")
    (double.folder / ".voice.1.part").mkdir()
    (double.folder / ".voice.1.part" / "timbre.npz").write_bytes(b"half")
    (double.folder / "link").symlink_to("/etc/passwd")
    write_archive(double, path, "", ignore)
    with zipfile.ZipFile(path) as opened:
        names = opened.namelist()
        assert consent_in(opened, read_manifest(opened, path), path) == CONSENT
    assert not [name for name in names if "training" in name or "part" in name or "link" in name]


def harmed(path: Path, harm: Harm) -> None:
    """Write an archive anew, with its files changed."""
    with zipfile.ZipFile(path) as opened:
        files = {name: opened.read(name) for name in opened.namelist()}
    harm(files)
    with zipfile.ZipFile(path, "w") as opened:
        for name, data in files.items():
            opened.writestr(name, data)


def renamed(files: dict[str, bytes], old: str, new: str) -> None:
    """Give a file another name, in the manifest, too."""
    files[new] = files.pop(old)
    files[MANIFEST] = files[MANIFEST].replace(json.dumps(old).encode(), json.dumps(new).encode())


def told(**changed: object) -> Harm:
    def harm(files: dict[str, bytes]) -> None:
        files[MANIFEST] = json.dumps(json.loads(files[MANIFEST]) | changed).encode()

    return harm


def without(name: str) -> Harm:
    def harm(files: dict[str, bytes]) -> None:
        del files[name]

    return harm


HARMS: dict[str, Harm] = {
    "a byte is another": lambda files: files.update(
        {"voice/timbre.npz": files["voice/timbre.npz"][:-1] + b"?"}
    ),
    "a file is longer": lambda files: files.update(
        {"persona.toml": files["persona.toml"] + b"\nalso = []\n"}
    ),
    "a file lacks": without("persona.toml"),
    "the record lacks": lambda files: renamed(files, "double.toml", "other.toml"),
    "a name leads out": lambda files: renamed(files, "voice/timbre.npz", "../timbre.npz"),
    "a name is absolute": lambda files: renamed(files, "voice/timbre.npz", "/tmp/timbre.npz"),
    "a name has a backslash": lambda files: renamed(files, "voice/timbre.npz", "voice\\t.npz"),
    "a name is hidden": lambda files: renamed(files, "voice/timbre.npz", "voice/.npz"),
    "the double has a slash": told(name="../../x"),
    "too many": told(files=[{"path": str(i), "size": 0, "sha256": ""} for i in range(3000)]),
    "too large": told(files=[{"path": "double.toml", "size": 10**10, "sha256": ""}]),
    "no manifest": without(MANIFEST),
    "a manifest that is none": lambda files: files.update({MANIFEST: b"[" * 100_000}),
    "another format": told(format="holiday pictures"),
    "the voice is missing": lambda files: told(
        files=[
            one for one in json.loads(files[MANIFEST])["files"] if one["path"] != "voice/timbre.npz"
        ]
    )(files),
}


@pytest.mark.parametrize("harm", HARMS.values(), ids=list(HARMS))
def test_what_was_changed_is_refused_and_leaves_nothing(tmp_path: Path, harm: Harm) -> None:
    path = tmp_path / "zzyxa.double"
    write_archive(whole(), path, "", ignore)
    delete_folder("Zzyxa")
    harmed(path, harm)
    with pytest.raises(InputError):
        take_in(path)
    assert not [one for one in tmp_path.rglob("*") if one.is_file() and one != path]


def test_a_persona_that_names_files_elsewhere_is_refused(tmp_path: Path) -> None:
    double, path = whole(), tmp_path / "zzyxa.double"
    with (double.folder / "persona.toml").open("a") as file:
        file.write('style = "/etc/passwd"\n')
    write_archive(double, path, "", ignore)
    delete_folder("Zzyxa")
    with pytest.raises(InputError, match="style"):
        take_in(path)


def test_a_clip_elsewhere_is_refused(tmp_path: Path) -> None:
    double, path = whole(), tmp_path / "zzyxa.double"
    table = double.folder / "face" / "face.toml"
    table.write_text(table.read_text().replace('"0123456789abcdef"', '"../../Other/face/x"'))
    write_archive(double, path, "", ignore)
    delete_folder("Zzyxa")
    with pytest.raises(InputError, match="face"):
        take_in(path)


def test_one_of_a_newer_version_says_so(tmp_path: Path) -> None:
    path = tmp_path / "zzyxa.double"
    write_archive(begun(), path, "", ignore)
    delete_folder("Zzyxa")
    harmed(path, told(version=2, program="7.0", surprise=1))
    with pytest.raises(SetupError, match=r"7\.0"):
        take_in(path)


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"hello", bytes(1000)])
def test_what_is_no_archive(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "x.double"
    path.write_bytes(data)
    with pytest.raises(InputError, match="no double"):
        take_in(path)
    with pytest.raises(InputError, match="Cannot read"):
        take_in(tmp_path / "none.double")


def test_cut_anywhere_it_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "zzyxa.double"
    write_archive(whole(), path, "", ignore)
    delete_folder("Zzyxa")
    data = path.read_bytes()
    for i in range(40):
        path.write_bytes(data[: len(data) * i // 40])
        with suppress(InputError):
            take_in(path)
            pytest.fail(f"cut at {i}/40 was taken")
    assert not doubles_folder().exists() or not list(doubles_folder().iterdir())


def test_a_bomb_is_read_no_further_than_its_manifest_says(tmp_path: Path) -> None:
    path = tmp_path / "zzyxa.double"
    write_archive(begun(), path, "", ignore)
    delete_folder("Zzyxa")
    with zipfile.ZipFile(path) as opened:
        files = {name: opened.read(name) for name in opened.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, data in files.items():
            opened.writestr(name, data if name != "persona.toml" else bytes(20_000_000))
    with pytest.raises(InputError, match="damaged"):
        take_in(path)


def test_arrays_that_would_fill_the_memory_are_not_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    double, path = whole(), tmp_path / "zzyxa.double"
    timbre = double.folder / "voice" / "timbre.npz"
    with zipfile.ZipFile(timbre, "w", zipfile.ZIP_DEFLATED) as held:
        held.writestr("mean.npy", bytes(1_000_001))
    write_archive(double, path, "", ignore)
    delete_folder("Zzyxa")
    monkeypatch.setattr(validation, "MAX_ARRAYS_BYTES", 1_000_000)
    with pytest.raises(InputError, match="larger than 1 MB"):
        take_in(path)


@pytest.mark.parametrize("name", ["double.toml", "persona.toml", "voice/voice.toml", "style.json"])
def test_texts_have_an_end(tmp_path: Path, name: str) -> None:
    for text in ("x = " + "[" * 100_000, "#" * 1_000_001):
        double, path = whole(), tmp_path / "zzyxa.double"
        (double.folder / name).write_text(text)
        write_archive(double, path, "", ignore)
        delete_folder("Zzyxa")
        with pytest.raises(InputError):
            take_in(path)
    assert not doubles_folder().exists()


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for place in (tmp_path / "pipe", Path("/dev/zero"), tmp_path):
        with pytest.raises(InputError, match="no ordinary file"):
            open_archive(place, "")


@pytest.mark.parametrize("locator", [b"", b"PK\6\7" + bytes(16)], ids=["size", "ZIP64"])
def test_an_endless_list_of_files_is_not_read(tmp_path: Path, locator: bytes) -> None:
    path = tmp_path / "zzyxa.double"
    write_archive(begun(), path, "", ignore)
    data = bytearray(path.read_bytes())
    if not locator:
        data[-10:-6] = (1 << 30).to_bytes(4, "little")
    path.write_bytes(data[:-22] + locator + data[-22:])
    with pytest.raises(InputError, match="no double"):
        open_archive(path, "")


def test_a_disk_that_is_full_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "zzyxa.double"
    write_archive(whole(), path, "", ignore)
    delete_folder("Zzyxa")

    def progress(done: int, total: int) -> None:
        if done > 0.8 * total:
            raise OSError(28, "No space left on device")

    with open_archive(path, "") as opened, pytest.raises(StorageError):
        unpack(opened, read_manifest(opened, path), path, Settings(), progress)
    assert not list(doubles_folder().iterdir())
    with pytest.raises(StorageError), atomic_folder(doubles_folder() / "x"):
        raise OSError(28, "No space left on device")
    double = begun()
    with pytest.raises(StorageError):
        write_archive(double, tmp_path / "none" / "x.double", "", ignore)


def test_age_keeps_it_from_who_does_not_know_the_passphrase(tmp_path: Path) -> None:
    """Real encryption, once: it takes two seconds of purpose each time."""
    path = tmp_path / "zzyxa.double"
    write_archive(begun(), path, "correct horse", ignore)
    assert b"Zzyxa" not in path.read_bytes()
    with pytest.raises(InputError, match="passphrase"):
        open_archive(path, "wrong horse")
    delete_folder("Zzyxa")
    assert take_in(path, "correct horse").name == "Zzyxa"
    assert find_double("Zzyxa").record.consent == CONSENT


def test_the_manifest_is_checked_to_the_letter() -> None:
    with pytest.raises(ValueError, match="extra"):
        ArchiveManifest.model_validate(
            {"format": "digital-life double", "version": 1, "program": "", "name": "ab",
             "files": [], "extra": 1}
        )  # fmt: skip
    assert issubclass(InputError, DigitalLifeError)
