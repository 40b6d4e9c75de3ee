"""The file of those who are known: for its owner's eyes alone, written whole or not at all.

It is read again when another process has changed it. One that is damaged is put aside, never
overwritten; one that a later version has written stays where it is.
"""

import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from daemon.errors import StorageError
from daemon.files import aside_of, atomic_write, make_folder, only_process, unwritable
from daemon.i18n import tr
from daemon.people.layout import MAX_BYTES, NewerError, People, decoded, encoded

PRIVATE = 0o600


class _Stamp(NamedTuple):
    """What is another one after the file was written."""

    inode: int
    written_ns: int
    size: int


class PeopleFile:
    """The file, which need not be there; may be used from any thread."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._stamp: _Stamp | None = None
        self._known: People = ()

    def change(self, change: Callable[[People], People]) -> People:
        """Write what ``change`` makes of those who are known; no other process does meanwhile.

        Raises ``StorageError``, and what ``change`` raises; then nothing is changed.
        """
        try:
            make_folder(self._path.parent)
        except OSError as error:
            raise unwritable(self._path, error) from error
        with only_process(self._path.parent):
            people = change(self.read())
            with atomic_write(self._path, private=True) as part:
                part.write_bytes(encoded(people))
        return people

    def read(self) -> People:
        """Return what is in the file now; nobody where there is none. Raises ``StorageError``."""
        with self._lock:
            try:
                stamp = _stamp_of(self._path)
                if stamp != self._stamp:
                    self._known, self._stamp = self._decoded() if stamp else (), stamp
            except OSError as error:
                raise StorageError(
                    tr("Cannot read {path}: {reason}").format(
                        path=self._path, reason=error.strerror
                    )
                ) from error
            return self._known

    def _decoded(self) -> People:
        if self._path.stat().st_mode & 0o077:  # as a copy of it may be
            self._path.chmod(PRIVATE)
        try:
            with self._path.open("rb") as file:
                data = file.read(MAX_BYTES + 1)
            return decoded(data)
        except NewerError:
            raise StorageError(
                tr("{path} was written by another version.").format(path=self._path)
            ) from None
        except ValueError as error:
            aside = self._path.rename(aside_of(self._path))
            raise StorageError(
                tr(
                    "The file of known people was damaged ({reason}); it is now {path}. "
                    "Introduce them again."
                ).format(reason=error, path=aside),
                "digital-life people add NAME --from RECORDING",
            ) from None

    def remove_put_aside(self) -> None:
        """Remove what was put aside: nobody can tell any more who is in it."""
        try:
            for aside in self._path.parent.glob(f"{self._path.name}.damaged-*"):
                aside.unlink(missing_ok=True)
        except OSError as error:
            raise unwritable(self._path, error) from error


def _stamp_of(path: Path) -> _Stamp | None:
    with suppress(FileNotFoundError):
        found = path.stat()
        return _Stamp(found.st_ino, found.st_mtime_ns, found.st_size)
    return None
