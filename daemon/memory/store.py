"""What the memory's file holds: conversations, and what was asked to be remembered, in SQLite.

Each turn is one transaction, on the disk when ``add`` returns, so that a crash loses at most the
turn under way.
"""

import sqlite3
from collections.abc import Collection, Sequence
from dataclasses import astuple

from daemon.memory.clock_ledger import DAY_S, ClockLedger, judge_clock, leap_s
from daemon.memory.entries import Conversation, Fact, NewEntry, StoredTurn
from daemon.memory.file import MemoryFile, index_fact, remove
from daemon.memory.segments import indexed, query

LAST = 2**63 - 1  # number that SQLite can hold
HOUR_S = 3600.0  # how seldom it is noted what the clock says


class MemoryStore(MemoryFile):
    """Adds, finds and forgets; see ``MemoryFile``."""

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

    def has(self, conversation: int) -> bool:
        """Whether there is a conversation of that number."""
        found = "SELECT 1 FROM conversations WHERE id = ?"
        return 0 < conversation <= LAST and bool(self.rows(found, conversation))

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

    def forget_conversation(self, conversation: int) -> bool:
        """Forget a conversation and the facts told in it; False if there is none of that number."""
        known = self.has(conversation)
        if known:
            with self.forgetting() as db:
                told = "SELECT id, text FROM facts WHERE conversation = ?"
                self._drop_facts(db.execute(told, (conversation,)).fetchall())
                self._drop([conversation])
        self.wipe()
        return known

    def forget_fact(self, fact: int) -> bool:
        """Forget a fact; the conversation in which it was told stays."""
        known = [(there.id, there.text) for there in self.facts() if fact == there.id]
        if known:
            with self.forgetting():
                self._drop_facts(known)
        self.wipe()
        return bool(known)

    def forget_told(self, numbers: Collection[int]) -> list[str]:
        """Forget turns, and facts, whose numbers are below zero, with the turns that told these.

        Return what was said in the turns that are gone.
        """
        facts = [
            row
            for number in numbers
            for row in self.rows("SELECT id, text, conversation FROM facts WHERE id = ?", -number)
        ]
        turns = {
            row[0]: row
            for number in numbers
            for row in self.rows("SELECT id, question, answer FROM turns WHERE id = ?", number)
        }
        for _, text, talk in facts:
            told = "SELECT id, question, answer FROM turns WHERE conversation = ?"
            turns |= {row[0]: row for row in self.rows(told, talk) if text in row[1]}
        if facts or turns:
            with self.forgetting():
                self._drop_facts([(number, text) for number, text, _ in facts])
                self._drop_turns(list(turns.values()))
        self.wipe()
        return [question for _, question, _ in turns.values()]

    def forget_person(self, person: int) -> int:
        """Forget all that a person said, was answered and told; return how many turns that were.

        What others said in the same conversations stays.
        """
        turns = self.rows("SELECT id, question, answer FROM turns WHERE person = ?", person)
        facts = self.rows("SELECT id, text FROM facts WHERE person = ?", person)
        if turns or facts:
            with self.forgetting() as db:
                self._drop_facts(facts)
                self._drop_turns(turns)
                db.execute(
                    "DELETE FROM conversations WHERE id NOT IN (SELECT conversation FROM turns)"
                )
        self.wipe()
        return len(turns)

    def forget_all(self) -> None:
        """Forget everything, also in files that were put aside because they were damaged."""
        with self.forgetting() as db:
            for table in ("conversations", "turns", "facts"):
                db.execute(f"DELETE FROM {table}")  # noqa: S608 (names of ours)
            db.execute("INSERT INTO words (words) VALUES ('delete-all')")
        self.wipe()
        with self.errors():
            remove(self.path.parent.glob(f"{self.path.name}.damaged*"))

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

    def expire(self, before: float) -> int:
        """Forget conversations whose last turn is older; facts stay. Return how many."""
        old = [
            number
            for (number,) in self.rows(
                "SELECT conversations.id FROM conversations JOIN turns ON conversation ="
                " conversations.id GROUP BY conversations.id HAVING max(at) < ?",
                before,
            )
        ]
        if old:
            with self.forgetting() as db:
                self._drop(old)
                db.executemany(
                    "UPDATE facts SET conversation = NULL WHERE conversation = ?",
                    [(number,) for number in old],
                )
        self.wipe()
        return len(old)

    def _drop(self, conversations: list[int]) -> None:
        """Delete conversations with their turns and what the index has of them."""
        for number in conversations:
            self._drop_turns([(t.id, t.question, t.answer) for t in self.turns(number)])
            self._db.execute("DELETE FROM conversations WHERE id = ?", (number,))

    def _drop_turns(self, turns: Sequence[tuple[int, str, str]]) -> None:
        """Delete turns, each with what was asked and answered in it; the index has to be told."""
        for number, question, answer in turns:
            self._unindex(number, question, answer)
            self._db.execute("DELETE FROM turns WHERE id = ?", (number,))

    def _drop_facts(self, facts: Sequence[tuple[int, str]]) -> None:
        for number, text in facts:
            self._unindex(-number, text)
            self._db.execute("DELETE FROM facts WHERE id = ?", (number,))

    def _unindex(self, number: int, question: str, answer: str = "") -> None:
        self._db.execute(
            "INSERT INTO words (words, rowid, question, answer) VALUES ('delete', ?, ?, ?)",
            (number, indexed(question), indexed(answer)),
        )


def _inserted(db: sqlite3.Connection, statement: str, *values: object) -> int:
    number = db.execute(statement, values).lastrowid
    assert number is not None
    return number


def _writable(text: str) -> str:
    """Return ``text`` without what has no place in UTF-8: halves of surrogate pairs."""
    return text.encode("utf-8", "replace").decode()
