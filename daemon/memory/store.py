"""What the memory's file holds: conversations, and what was asked to be remembered, in SQLite.

Each turn is one transaction, on the disk when ``add`` returns, so that a crash loses at most the
turn under way.
"""

import sqlite3
from dataclasses import astuple

from daemon.memory.clock_ledger import DAY_S, ClockLedger, judge_clock, leap_s
from daemon.memory.entries import Conversation, Fact, NewEntry, StoredTurn
from daemon.memory.file import index_fact
from daemon.memory.forgetting import LAST, ForgettingFile
from daemon.memory.segments import indexed, query

HOUR_S = 3600.0  # how seldom it is noted what the clock says


class MemoryStore(ForgettingFile):
    """Adds and finds; forgets, see ``ForgettingFile``."""

    def add(self, turn: NewEntry, conversation: int | None, persona: str) -> int:
        """Keep a turn, and the fact it told, whole or not at all; return its conversation.

        ``None`` begins one, in which ``persona`` answers.
        """
        question, answer = _writable(turn.question), _writable(turn.answer)
        with self.change() as db:
            if conversation is None:
                conversation = _inserted(
                    db,
                    "INSERT INTO conversations (began, persona) VALUES (?, ?)",
                    turn.at,
                    _writable(persona),
                )
            kept = (conversation, turn.at, question, answer, turn.person)
            number = _inserted(
                db,
                "INSERT INTO turns (conversation, at, question, answer, person)"
                " VALUES (?, ?, ?, ?, ?)",
                *kept,
            )
            db.execute(
                "INSERT INTO words (rowid, question, answer) VALUES (?, ?, ?)",
                (number, indexed(question), indexed(answer)),
            )
            if fact := _writable(turn.fact):
                number = _inserted(
                    db,
                    "INSERT INTO facts (conversation, at, text, person) VALUES (?, ?, ?, ?)",
                    *(conversation, turn.at, fact, turn.person),
                )
                index_fact(db, number, fact)
        return conversation

    def conversations(self, limit: int, before: int | None = None) -> list[Conversation]:
        """Return the newest conversations first; those older than ``before``, if given."""
        found = self.rows(
            "SELECT id, began, persona,"
            " (SELECT count(*) FROM turns WHERE conversation = conversations.id) AS number,"
            " (SELECT question FROM turns WHERE conversation = conversations.id"
            " ORDER BY id LIMIT 1)"
            " FROM conversations WHERE number > 0 AND id < ? ORDER BY id DESC LIMIT ?",
            min(before, LAST) if before is not None else LAST,
            min(limit, LAST),
        )
        return [Conversation(*row) for row in found]

    def turns(self, conversation: int) -> list[StoredTurn]:
        """Return a conversation's turns, the oldest first."""
        if not 0 < conversation <= LAST:
            return []
        return [
            StoredTurn(*row)
            for row in self.rows(
                "SELECT id, conversation, at, question, answer, person FROM turns"
                " WHERE conversation = ? ORDER BY id",
                conversation,
            )
        ]

    def search(self, text: str, limit: int) -> list[StoredTurn]:
        """Return the newest turns first in which all words of ``text`` occur."""
        if not (wanted := query(_writable(text))):
            return []
        return [
            StoredTurn(*row)
            for row in self.rows(
                "SELECT turns.id, conversation, at, turns.question, turns.answer, person"
                " FROM words JOIN turns ON turns.id = words.rowid"
                " WHERE words MATCH ? ORDER BY words.rowid DESC LIMIT ?",
                wanted,
                min(limit, LAST),
            )
        ]

    def facts(self) -> list[Fact]:
        """Return what is to be remembered, whoever said it, the oldest first."""
        found = self.rows("SELECT id, at, text, person FROM facts ORDER BY id")
        return [Fact(*row) for row in found]

    def enforce(self, now: float, days: int) -> int:
        """Forget conversations whose last turn is older than ``days``, unless the clock is wrong.

        The clock says ``now``. Facts stay. Return how many were forgotten.
        """
        gone = self.expire(now - days * DAY_S) if self.trusts_clock(now, days) else 0
        self.wipe()
        return gone

    def trusts_clock(self, now: float, days: int) -> bool:
        """Note what the clock says, ``now``; return whether things may be forgotten by it."""
        with self.change() as db:
            newest = db.execute("SELECT max(id), max(at) FROM turns").fetchone()
            number, at = newest[0] or 0, newest[1] or 0.0
            row = db.execute("SELECT seen, doubted, since FROM clock").fetchone()
            before = ClockLedger(*row) if row else ClockLedger(max(at, self.written))
            after, believed = judge_clock(before, now, days, number)
            if before.doubted is not None and after.doubted is None:
                self._correct(before.since, before.seen - leap_s(days), now)
            same = after.doubted == before.doubted and abs(after.seen - before.seen) < HOUR_S
            if row and same:
                return believed  # nothing worth a write
            db.execute("DELETE FROM clock")
            db.execute("INSERT INTO clock VALUES (?, ?, ?)", astuple(after))
        return believed

    def _correct(self, since: int, earliest: float, now: float) -> None:
        """Date turns after ``since``, that a wrong clock dated, ``now``."""
        for statement in (
            "UPDATE facts SET at = ? WHERE (at < ? OR at > ?)"
            " AND conversation IN (SELECT conversation FROM turns WHERE id > ?)",
            "UPDATE conversations SET began = ? WHERE (began < ? OR began > ?)"
            " AND id IN (SELECT conversation FROM turns WHERE id > ?)",
            "UPDATE turns SET at = ? WHERE (at < ? OR at > ?) AND id > ?",
        ):
            self._db.execute(statement, (now, earliest, now + HOUR_S, since))


def _inserted(db: sqlite3.Connection, statement: str, *values: object) -> int:
    number = db.execute(statement, values).lastrowid
    assert number is not None
    return number


def _writable(text: str) -> str:
    """Return ``text`` without what has no place in UTF-8: halves of surrogate pairs."""
    return text.encode("utf-8", "replace").decode()
