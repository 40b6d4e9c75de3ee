"""A SQLite file for its owner alone, changed a transaction at a time.

A change is on the disk when its block ends, so that a crash or a power failure loses at most the
one under way. Other processes may have the same file open.
"""

import errno
import os
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from daemon.errors import StorageError

PRIVATE = 0o600
# Another program may be writing; a whole file written anew takes about a second.
BUSY_TIMEOUT_S = 5.0
# Programs that share a file need a second one, of 32 KiB, for which there may be no room. Whoever
# is alone does without (https://www.sqlite.org/wal.html, "Use of WAL Without Shared-Memory").
NO_SHARED_MEMORY = (
    sqlite3.SQLITE_IOERR_SHMOPEN,
    sqlite3.SQLITE_IOERR_SHMSIZE,
    sqlite3.SQLITE_IOERR_SHMMAP,
)


class DamagedError(StorageError):
    """The file is no database, or not any more."""


class DatabaseFile(ABC):
    """One connection to the file; belongs to the thread that made it.

    All raise ``StorageError`` where the file cannot be read or written.
    """

    def __init__(self, path: Path) -> None:
        """Open the file, or make it, for its owner alone."""
        self.path = path
        with self.errors():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, PRIVATE))
            path.chmod(PRIVATE)  # SQLite gives the files beside it the same mode
            self.written = path.stat().st_mtime
            """When the file was last written to, in seconds since 1970, before it was opened."""
        try:
            self._open("NORMAL")
        except StorageError as error:
            if getattr(error.__cause__, "sqlite_errorcode", None) not in NO_SHARED_MEMORY:
                raise
            self._open("EXCLUSIVE")  # what is in the file can be read though the disk is full

    def _open(self, locking_mode: str) -> None:
        with self.errors():
            self._db = sqlite3.connect(self.path, timeout=BUSY_TIMEOUT_S, isolation_level=None)
        try:
            with self.errors():
                for pragma in (
                    f"locking_mode = {locking_mode}",
                    "journal_mode = WAL",
                    "synchronous = FULL",  # what was told kept is kept, even if the power fails
                    "secure_delete = ON",
                    "temp_store = MEMORY",  # no copies of it in the temporary folder
                ):
                    self._db.execute(f"PRAGMA {pragma}")
                self.prepare()
        except BaseException:
            self._db.close()
            raise

    @abstractmethod
    def prepare(self) -> None:
        """Make the tables that are not there yet."""

    @abstractmethod
    def unusable(self) -> str:
        """Return what is told, in the user's language; ``{path}`` and ``{reason}`` stand in it."""

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Return what a statement finds."""
        with self.errors():
            return self._db.execute(statement, values).fetchall()

    @contextmanager
    def change(self) -> Iterator[sqlite3.Connection]:
        """One transaction."""
        with self.errors():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:  # a full disk may have ended it already
                    self._db.execute("ROLLBACK")
                raise

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Explain what goes wrong in the block."""
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise explained(self.path, error, self.unusable()) from error


def explained(path: Path, error: sqlite3.Error | OSError, unusable: str) -> StorageError:
    """Return what to tell; ``unusable`` has places for ``{path}`` and ``{reason}``."""
    reason = str(error)
    if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_ERROR:
        reason = type(error).__name__  # its text quotes what was looked for
    text = unusable.format(path=path, reason=reason)
    if isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.OperationalError):
        return DamagedError(text, f"mv {path} {path}.damaged")
    return StorageError(text)


def is_disk_full(error: StorageError) -> bool:
    """Whether a file could not be written because there is no room, or the quota is used up."""
    cause = error.__cause__
    full = getattr(cause, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
    return full or getattr(cause, "errno", None) in (errno.ENOSPC, errno.EDQUOT)
