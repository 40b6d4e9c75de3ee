"""``record``: what becomes of the file, whatever ends the film."""

import errno
import io
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from daemon.api.client import Ended, NotRunning
from daemon.cli import main
from daemon.commands import record as command
from daemon.errors import BusyError

FRAGMENT = (16).to_bytes(4) + b"moof" + bytes(8) + (16).to_bytes(4) + b"mdat" + bytes(8)


class Daemon:
    """Films ``pieces``, then fails with ``error`` if there is one."""

    def __init__(self, *pieces: bytes, error: Exception | None = None) -> None:
        self.pieces, self.error = pieces, error
        self.wanted: dict[str, Any] = {}
        self.asked: list[str] = []

    def stream(self, path: str, /, **wanted: object) -> Iterator[bytes]:
        self.wanted = wanted
        yield from self.pieces
        if self.error is not None:
            raise self.error

    def delete(self, path: str) -> None:
        self.asked.append(path)


@pytest.fixture
def film(tmp_path: Path) -> Path:
    return tmp_path / "talk.mp4"


def record(monkeypatch: pytest.MonkeyPatch, daemon: Daemon, *words: str) -> int:
    monkeypatch.setattr(command, "Client", lambda: daemon)
    return main(["record", *words])


def test_it_writes_a_private_file_and_says_whose_voices_are_in_it(
    film: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    daemon = Daemon(FRAGMENT, FRAGMENT)
    assert record(monkeypatch, daemon, "--for", "1e-9", str(film)) == 0
    assert daemon.wanted == {"seconds": 1e-9}
    assert film.read_bytes() == 2 * FRAGMENT
    assert stat.S_IMODE(film.stat().st_mode) == 0o600
    told = capsys.readouterr().err
    assert "All that the microphone hears is recorded" in told
    assert f"→ {film}  0:00:00" in told


def test_a_daemon_that_ends_leaves_what_there_is(
    film: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for error in (None, Ended()):
        assert record(monkeypatch, Daemon(FRAGMENT, error=error), str(film), "--yes") == 1
        assert film.read_bytes() == FRAGMENT
        assert "the film ends there" in capsys.readouterr().err


def test_what_is_refused_makes_no_file(
    film: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert record(monkeypatch, Daemon(error=BusyError("recorded already")), str(film)) == 1
    assert "recorded already" in capsys.readouterr().err

    def nobody() -> None:
        raise NotRunning

    monkeypatch.setattr(command, "Client", nobody)
    assert main(["record", str(film)]) == 1
    assert "digital-life run" in capsys.readouterr().err
    assert not film.exists()


def test_names_and_folders_are_looked_at_first(
    film: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    daemon = Daemon(FRAGMENT)
    assert record(monkeypatch, daemon, str(film.with_suffix(".avi"))) == 2
    assert record(monkeypatch, daemon, str(film.parent / "none" / "talk.mp4")) == 5
    assert "mkdir -p" in capsys.readouterr().err
    film.mkdir()
    assert record(monkeypatch, daemon, str(film)) == 5
    film.rmdir()
    os.mkfifo(film)  # opening it would wait for somebody who reads
    assert record(monkeypatch, daemon, "--yes", str(film)) == 5
    assert "is not a file" in capsys.readouterr().err
    assert stat.S_ISFIFO(film.stat().st_mode)
    film.unlink()
    film.symlink_to("/dev/full")
    mode = film.stat().st_mode
    assert record(monkeypatch, daemon, "--yes", str(film)) == 5
    assert film.stat().st_mode == mode


def test_a_file_that_is_there_is_replaced_only_when_that_is_wanted(
    film: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    film.write_bytes(b"the old one, which is longer than a fragment")
    monkeypatch.setattr("sys.stdin", io.StringIO())
    assert record(monkeypatch, Daemon(FRAGMENT), "--for", "1e-9", str(film)) == 2
    assert "--yes" in capsys.readouterr().err
    assert film.read_bytes().startswith(b"the old one")
    assert record(monkeypatch, Daemon(FRAGMENT), "--for", "1e-9", str(film), "--yes") == 0
    assert film.read_bytes() == FRAGMENT


def test_a_full_disk_ends_it_with_a_whole_film(
    film: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Full(command._File):
        """Takes the first 50 bytes: one fragment and a half."""

        def _begin(self) -> None:
            super()._begin()
            assert self._file is not None
            room, write = 50, self._file.write

            class Disk:
                def write(self, data: bytes) -> int:
                    nonlocal room
                    if not room:
                        raise OSError(errno.ENOSPC, "full")
                    taken = write(data[:room])
                    room -= taken
                    return taken

                def __getattr__(self, name: str) -> Any:
                    return getattr(file, name)

                def __enter__(self) -> Any:
                    return file

                def __exit__(self, *raised: object) -> None:
                    file.close()

            file = self._file
            self._file = Disk()  # type: ignore[assignment]

    monkeypatch.setattr(command, "_File", Full)
    assert record(monkeypatch, Daemon(FRAGMENT, FRAGMENT), str(film)) == 5
    told = capsys.readouterr().err
    assert os.strerror(errno.ENOSPC) in told
    assert "It holds the film so far: 0:00:00" in told
    assert film.read_bytes() == FRAGMENT
