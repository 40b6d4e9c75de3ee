"""The memory's file: opened, changed a transaction at a time, and wiped of what was deleted.

What is forgotten is gone from the file: the index is merged, so that none of its words stays behind
a mark of deletion, the file is written anew, and the log beside it emptied. That this is to be done
is written down in the transaction that deletes, and crossed out when it is done; what a crash left
undone is done when the file is next opened, or something next forgotten.
"""

import logging
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from daemon.database import DatabaseFile, explained
from daemon.errors import StorageError
from daemon.folders import data_folder
from daemon.i18n import tr
from daemon.memory.segments import indexed

VERSION = 2  # of the tables

_TABLES = (
    "CREATE TABLE conversations ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT, began REAL NOT NULL, persona TEXT NOT NULL)",
    "CREATE TABLE turns ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT, conversation INTEGER NOT NULL, at REAL NOT NULL,"
    " question TEXT NOT NULL, answer TEXT NOT NULL, person INTEGER, vector BLOB)",
    "CREATE INDEX turns_of ON turns (conversation)",
    "CREATE TABLE facts ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT, conversation INTEGER, at REAL NOT NULL,"
    " text TEXT NOT NULL, person INTEGER, vector BLOB)",
    "CREATE VIRTUAL TABLE words USING fts5 (question, answer,"
    " content='', tokenize='unicode61 remove_diacritics 2', prefix='3 4')",
)
# What the second version added: who said it, NULL where nobody who is known did, and what it means
# (see ``encoding``), NULL until somebody works it out. The index has facts, too.
_SECOND = tuple(
    f"ALTER TABLE {table} ADD COLUMN {column}"
    for table in ("turns", "facts")
    for column in ("person INTEGER", "vector BLOB")
)
# Files of the first edition have none of these, and may hold what a crash left.
_LATER = (
    "CREATE TABLE unwiped (id INTEGER PRIMARY KEY AUTOINCREMENT)",
    "CREATE TABLE clock (seen REAL NOT NULL, doubted REAL, since INTEGER NOT NULL)",
)

log = logging.getLogger(__name__)


def memory_path() -> Path:
    """Where the memory is, in XDG's data directory."""
    return data_folder() / "memory.db"


class MemoryFile(DatabaseFile):
    """One connection to the file; see ``DatabaseFile``."""

    def unusable(self) -> str:
        """Return what is told where it cannot be used."""
        return _unusable()

    def prepare(self) -> None:
        """Make the tables that are not there yet, and wipe what a crash left to be wiped."""
        with self.change() as db:  # two programs may find it empty
            (version,) = db.execute("PRAGMA user_version").fetchone()
            if 0 <= version <= VERSION:
                self._bring_up_to_date(db, version)
        if not 0 <= version <= VERSION:
            raise StorageError(
                tr("The memory {path} was written by another version.").format(path=self.path)
            )
        try:
            self.wipe()
        except StorageError as error:  # the next one who opens it tries again
            log.warning("%s", error)

    def _bring_up_to_date(self, db: sqlite3.Connection, version: int) -> None:
        """Make what a file of an earlier version lacks; 0 is a file with nothing in it."""
        for statement in () if version else _TABLES:
            db.execute(statement)
        if not self._has_table("unwiped"):
            for statement in _LATER:
                db.execute(statement)
            if version:
                db.execute("INSERT INTO unwiped DEFAULT VALUES")
        if version == 1:
            for statement in _SECOND:
                db.execute(statement)
            for number, text in db.execute("SELECT id, text FROM facts").fetchall():
                index_fact(db, number, text)
        if version != VERSION:
            db.execute(f"PRAGMA user_version = {VERSION}")

    def _has_table(self, name: str) -> bool:
        return bool(self.rows("SELECT 1 FROM sqlite_master WHERE name = ?", name))

    def wipe(self) -> None:
        """Leave no trace of what was deleted: neither in the index, nor the file, nor the log."""
        (newest,) = self.rows("SELECT max(id) FROM unwiped")[0]
        if newest is None:
            return
        with self.errors():
            self._db.execute("INSERT INTO words (words) VALUES ('optimize')")
            self._db.execute("VACUUM")
            busy = self._empty_log()
            if not busy:  # another may have deleted meanwhile, and writes that down anew
                self._db.execute("DELETE FROM unwiped WHERE id <= ?", (newest,))
                self._empty_log()
        if busy:
            raise StorageError(
                tr("It is forgotten, but another program still reads the memory's old state."),
                tr("End it, and forget something again."),
            )

    def _empty_log(self) -> bool:
        """Empty the log beside the file into it; return whether somebody still reads it."""
        (busy, _, _) = self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        return bool(busy)

    @contextmanager
    def forgetting(self) -> Iterator[sqlite3.Connection]:
        """One transaction, which also writes down that the file is to be wiped."""
        with self.change() as db:
            db.execute("INSERT INTO unwiped DEFAULT VALUES")
            yield db


def index_fact(db: sqlite3.Connection, number: int, text: str) -> None:
    """Have the index find a fact: below zero, where no turn has its number."""
    db.execute(
        "INSERT INTO words (rowid, question, answer) VALUES (?, ?, '')", (-number, indexed(text))
    )


def erase(path: Path) -> None:
    """Remove a memory that cannot be opened, with all that is beside it; ``StorageError``."""
    beside = [path.with_name(path.name + end) for end in ("-wal", "-shm", "-journal")]
    try:
        remove((path, *beside, *path.parent.glob(f"{path.name}.damaged*")))
    except OSError as error:
        raise explained(path, error, _unusable()) from error


def remove(paths: Iterable[Path]) -> None:
    """Remove files that may be there; ``OSError``."""
    for path in paths:
        path.unlink(missing_ok=True)


def _unusable() -> str:
    return tr("The memory {path} cannot be used: {reason}")
