"""Files and folders that appear whole or not at all."""

import errno
import os
from pathlib import Path

import pytest

from daemon.errors import StorageError
from daemon.files import atomic_folder, atomic_write, make_folder


def test_a_file_takes_its_name_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    with atomic_write(path) as part:
        part.write_text("all of it")
        assert not path.exists()
    assert path.read_text() == "all of it"
    assert os.listdir(tmp_path) == ["notes.txt"]


def test_an_older_file_stays_when_the_new_one_fails(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("old")
    with pytest.raises(ZeroDivisionError), atomic_write(path) as part:
        part.write_text("half")
        raise ZeroDivisionError
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["notes.txt"]


def test_a_private_file_was_never_readable_by_others(tmp_path: Path) -> None:
    path = tmp_path / "chats.jsonl"
    with atomic_write(path, private=True) as part:
        part.write_text("words")
        assert part.stat().st_mode & 0o777 == 0o600
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EACCES])
def test_says_why_the_disk_refused(tmp_path: Path, code: int) -> None:
    path = tmp_path / "film.mp4"
    with pytest.raises(StorageError, match=os.strerror(code)), atomic_write(path):
        raise OSError(code, os.strerror(code))
    with pytest.raises(StorageError, match=str(path)), atomic_folder(path):
        raise OSError(code, os.strerror(code))
    assert os.listdir(tmp_path) == []


def test_a_folder_takes_the_place_of_an_older_one(tmp_path: Path) -> None:
    for text in ("first", "second"):
        with atomic_folder(tmp_path / "below" / "adapter") as folder:
            (folder / "weights").write_text(text)
            (folder / "inner").mkdir()
    assert (tmp_path / "below" / "adapter" / "weights").read_text() == "second"
    assert os.listdir(tmp_path / "below") == ["adapter"]


def test_of_two_alike_folders_the_quicker_one_stays(tmp_path: Path) -> None:
    place = tmp_path / "engine"
    with atomic_folder(place, replace=False) as slow:
        (slow / "model").write_text("slow")
        with atomic_folder(place, replace=False) as quick:
            (quick / "model").write_text("quick")
    assert (place / "model").read_text() == "quick"
    assert os.listdir(tmp_path) == ["engine"]


def test_what_is_made_is_closed_to_others_and_what_is_there_stays_as_it_is(tmp_path: Path) -> None:
    there = tmp_path / "share"
    there.mkdir(mode=0o755)
    make_folder(there / "digital-life" / "voices")
    modes = [path.stat().st_mode & 0o777 for path in (there, *sorted(there.rglob("*")))]
    assert modes == [0o755, 0o700, 0o700]
    make_folder(there)
