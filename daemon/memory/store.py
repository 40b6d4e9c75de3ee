"""The memory's file: conversations, and what was asked to be remembered, in SQLite.

Each turn is one transaction, on the disk when ``add`` returns, so that a crash loses at most the
turn under way. What is forgotten is gone from the file: the index is merged, so that none of its
words stays behind a mark of deletion, the file is written anew, and the log beside it emptied.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from daemon.errors import DigitalLifeError, StorageError
from daemon.i18n import tr
from daemon.memory.segments import indexed, query

PRIVATE = 0o600
VERSION = 1  # of the tables
PATIENCE_S = 5.0  # another program may be writing; a whole file written anew takes about a second

_TABLES = (
    "CREATE TABLE conversations ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT, began REAL NOT NULL, persona TEXT NOT NULL)",
    "CREATE TABLE turns ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT, conversation INTEGER NOT NULL, at REAL NOT NULL,"
    " question TEXT NOT NULL, answer TEXT NOT NULL)",
    "CREATE INDEX turns_of ON turns (conversation)",
    "CREATE TABLE facts ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT, conversation INTEGER, at REAL NOT NULL,"
    " text TEXT NOT NULL)",
    "CREATE VIRTUAL TABLE words USING fts5 (question, answer,"
    " content='', tokenize='unicode61 remove_diacritics 2', prefix='3 4')",
    f"PRAGMA user_version = {VERSION}",
)


@dataclass(frozen=True, slots=True)
class Said:
    """A turn that is to be kept."""

    question: str
    answer: str
    """What was heard; empty when it was interrupted before a word was."""
    at: float
    """Seconds since 1970, as all moments here."""
    fact: str = ""
    """What ``question`` asks to be remembered."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A turn that was kept."""

    id: int
    conversation: int
    at: float
    question: str
    answer: str


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation without its turns."""

    id: int
    began: float
    persona: str
    """Who answered; "" is the persona of the settings."""
    turns: int
    title: str
    """Its first question."""


@dataclass(frozen=True, slots=True)
class Fact:
    """What the person asked to be remembered, in their words."""

    id: int
    at: float
    text: str


def memory_path() -> Path:
    """Where the memory is, in XDG's data directory."""
    data = os.environ.get("XDG_DATA_HOME", "")
    base = Path(data) if data.startswith("/") else Path.home() / ".local" / "share"
    return base / "digital-life" / "memory.db"


class MemoryStore:
    """One connection to the file; belongs to the thread that made it.

    All raise ``StorageError`` where the file cannot be read or written.
    """

    def __init__(self, path: Path) -> None:
        """Open the file, or make it, for its owner alone."""
        self.path = path
        with self._errors():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, PRIVATE))
            path.chmod(PRIVATE)  # SQLite gives the files beside it the same mode
            self._db = sqlite3.connect(path, timeout=PATIENCE_S, isolation_level=None)
        try:
            with self._errors():
                self._prepare()
        except BaseException:
            self._db.close()
            raise

    def _prepare(self) -> None:
        for pragma in (
            "journal_mode = WAL",
            "synchronous = FULL",  # a turn that was told kept is kept, even if the power fails
            "secure_delete = ON",
            "temp_store = MEMORY",  # no copies of it in the temporary folder
        ):
            self._db.execute(f"PRAGMA {pragma}")
        with self._change() as db:  # two programs may find it empty
            (version,) = db.execute("PRAGMA user_version").fetchone()
            for statement in () if version else _TABLES:
                db.execute(statement)
        if version not in (0, VERSION):
            raise StorageError(
                tr("The memory {path} was written by another version.").format(path=self.path)
            )

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def add(self, turn: Said, conversation: int | None, persona: str) -> int:
        """Keep a turn, and the fact it told, whole or not at all; return its conversation.

        ``None`` begins one, in which ``persona`` answers.
        """
        with self._change() as db:
            if conversation is None:
                conversation = _inserted(
                    db,
                    "INSERT INTO conversations (began, persona) VALUES (?, ?)",
                    turn.at,
                    persona,
                )
            kept = (conversation, turn.at, turn.question, turn.answer)
            number = _inserted(
                db,
                "INSERT INTO turns (conversation, at, question, answer) VALUES (?, ?, ?, ?)",
                *kept,
            )
            db.execute(
                "INSERT INTO words (rowid, question, answer) VALUES (?, ?, ?)",
                (number, indexed(turn.question), indexed(turn.answer)),
            )
            if turn.fact:
                db.execute(
                    "INSERT INTO facts (conversation, at, text) VALUES (?, ?, ?)",
                    (conversation, turn.at, turn.fact),
                )
        return conversation

    def conversations(self, limit: int, before: int | None = None) -> list[Conversation]:
        """Return the newest conversations first; those older than ``before``, if given."""
        found = self._rows(
            "SELECT id, began, persona,"
            " (SELECT count(*) FROM turns WHERE conversation = conversations.id) AS number,"
            " (SELECT question FROM turns WHERE conversation = conversations.id"
            " ORDER BY id LIMIT 1)"
            " FROM conversations WHERE number > 0 AND id < ? ORDER BY id DESC LIMIT ?",
            before if before is not None else 2**62,
            limit,
        )
        return [Conversation(*row) for row in found]

    def has(self, conversation: int) -> bool:
        """Whether there is a conversation of that number."""
        return bool(self._rows("SELECT 1 FROM conversations WHERE id = ?", conversation))

    def turns(self, conversation: int) -> list[Turn]:
        """Return a conversation's turns, the oldest first."""
        return [
            Turn(*row)
            for row in self._rows(
                "SELECT id, conversation, at, question, answer FROM turns"
                " WHERE conversation = ? ORDER BY id",
                conversation,
            )
        ]

    def search(self, text: str, limit: int) -> list[Turn]:
        """Return the newest turns first in which all words of ``text`` occur."""
        if not (wanted := query(text)):
            return []
        return [
            Turn(*row)
            for row in self._rows(
                "SELECT turns.id, conversation, at, turns.question, turns.answer"
                " FROM words JOIN turns ON turns.id = words.rowid"
                " WHERE words MATCH ? ORDER BY words.rowid DESC LIMIT ?",
                wanted,
                limit,
            )
        ]

    def facts(self) -> list[Fact]:
        """Return what is to be remembered, the oldest first."""
        return [Fact(*row) for row in self._rows("SELECT id, at, text FROM facts ORDER BY id")]

    def forget_conversation(self, conversation: int) -> bool:
        """Forget a conversation and the facts told in it; False if there is none of that number."""
        with self._change() as db:
            known = self._drop([conversation])
            db.execute("DELETE FROM facts WHERE conversation = ?", (conversation,))
        if known:
            self._wipe()
        return known

    def forget_fact(self, fact: int) -> bool:
        """Forget a fact; the conversation in which it was told stays."""
        with self._change() as db:
            known = db.execute("DELETE FROM facts WHERE id = ?", (fact,)).rowcount > 0
        if known:
            self._wipe()
        return known

    def forget_all(self) -> None:
        """Forget everything."""
        with self._change() as db:
            for table in ("conversations", "turns", "facts"):
                db.execute(f"DELETE FROM {table}")  # noqa: S608 (names of ours)
            db.execute("INSERT INTO words (words) VALUES ('delete-all')")
        self._wipe()

    def expire(self, before: float) -> int:
        """Forget conversations whose last turn is older; facts stay. Return how many."""
        old = [
            number
            for (number,) in self._rows(
                "SELECT conversations.id FROM conversations JOIN turns ON conversation ="
                " conversations.id GROUP BY conversations.id HAVING max(at) < ?",
                before,
            )
        ]
        if old:
            with self._change() as db:
                self._drop(old)
                db.executemany(
                    "UPDATE facts SET conversation = NULL WHERE conversation = ?",
                    [(number,) for number in old],
                )
            self._wipe()
        return len(old)

    def _drop(self, conversations: list[int]) -> bool:
        """Delete conversations with their turns and what the index has of them."""
        known = False
        for number in conversations:
            for turn in self.turns(number):
                self._db.execute(
                    "INSERT INTO words (words, rowid, question, answer) VALUES ('delete', ?, ?, ?)",
                    (turn.id, indexed(turn.question), indexed(turn.answer)),
                )
            self._db.execute("DELETE FROM turns WHERE conversation = ?", (number,))
            gone = self._db.execute("DELETE FROM conversations WHERE id = ?", (number,))
            known = known or gone.rowcount > 0
        return known

    def _wipe(self) -> None:
        """Leave no trace of what was deleted: neither in the index, nor the file, nor the log."""
        with self._errors():
            self._db.execute("INSERT INTO words (words) VALUES ('optimize')")
            self._db.execute("VACUUM")
            (busy, _, _) = self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if busy:
            raise StorageError(
                tr("It is forgotten, but another program still reads the memory's old state."),
                tr("End it, and forget something again."),
            )

    def _rows(self, statement: str, *values: object) -> list[Any]:
        with self._errors():
            return self._db.execute(statement, values).fetchall()

    @contextmanager
    def _change(self) -> Iterator[sqlite3.Connection]:
        """One transaction."""
        with self._errors():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise _explained(self.path, error) from error


def _inserted(db: sqlite3.Connection, statement: str, *values: object) -> int:
    number = db.execute(statement, values).lastrowid
    assert number is not None
    return number


def _explained(path: Path, error: sqlite3.Error | OSError) -> DigitalLifeError:
    damaged = isinstance(error, sqlite3.DatabaseError) and not isinstance(
        error, sqlite3.OperationalError
    )
    return StorageError(
        tr("The memory {path} cannot be used: {reason}").format(path=path, reason=error),
        f"mv {path} {path}.damaged" if damaged else "",
    )
