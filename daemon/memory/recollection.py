"""Finds, for a question, what was said earlier that answers it: by meaning and by words.

Meaning is the cosine of two sentences (``encoding``), and finds other words and the other language;
words (BM25 of SQLite's index) find names and numbers, of which a sentence's meaning says little.
Their sum, and a little more for a question about the person, has to reach a threshold: most
questions have nothing to do with what was told, and then nothing is recalled. All vectors are
looked at, in numpy: 10 000 of them take 3 ms, and an index of their own would be a library more.
"""

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from daemon.memory.encoding import WIDTH, Vector
from daemon.memory.recall import fact_in, tells
from daemon.memory.segments import any_of
from daemon.memory.store import MemoryStore
from daemon.memory.subjects import is_plain, subject

MAX_SOUGHT = 10_000  # facts and turns, the newest; 20 MB
MOST = 4  # that are recalled for a question
# Chosen on half of the questions of ``tests/bench/recall.py``; docs/memory.md has what came of it.
THRESHOLD = 0.31
BEHIND = 0.15  # how far behind the likeliest another may be
WORDS = 0.02  # what a point of BM25 is worth beside a cosine …
MAX_WORDS = 5.0  # … and of how many points at most
PERSONAL = 0.1  # what a question about the person gets on top
WORDS_ALONE = 2.0  # points of BM25 that are enough where nothing tells the meaning
MAX_FOUND = 100  # by words

Encode = Callable[[str], Vector]

_PERSONAL = re.compile(r"\b(?:i|i['’](?:m|ve|d|ll)|me|my|mine|we|us|our|ours)\b|[我咱俺]", re.I)
# Of whoever wants to be told something, or how one does something, that says nothing.
_OF_NOBODY = re.compile(
    r"\b(?:tell|give|show|let|help|teach|remind|sing|read|for) (?:me|us)\b"
    r"|\bhow (?:do|can|could|should|would) (?:i|we)\b|(?:给|帮|为|替|告诉|教)我们?",
    re.IGNORECASE,
)
_NOBODY = -1

# Of the best, how near others must come where somebody asks what they said of something: in points
# where its words occur, and in likeness where they do not.
NAMED = 0.6
ALIKE = 0.9


@dataclass(frozen=True, slots=True)
class Recalled:
    """What was said earlier."""

    number: int
    """Of a turn; of a fact, below zero."""
    at: float
    """When it was said, in seconds since 1970."""
    text: str
    """In the person's words."""


class Recollection:
    """What the file has, by meaning. Belongs to the memory's thread, like ``store``."""

    def __init__(self, store: MemoryStore, encode: Encode | None = None) -> None:
        """``encode`` tells what a sentence means; without it only words are looked for."""
        self._store, self._encode = store, encode
        self._state: object = None
        self._numbers: NDArray[np.int64] = np.empty(0, np.int64)
        self._people: NDArray[np.int64] = np.empty(0, np.int64)
        self._vectors: Vector = np.empty((0, WIDTH), np.float32)

    def learn(self, most: int) -> int:
        """Work out the meaning of what is new, ``most`` at a time; return how many that were."""
        if self._encode is None:
            return 0
        new = self._store.rows(
            "SELECT -id, text FROM facts WHERE vector IS NULL"
            " UNION ALL SELECT id, question FROM turns WHERE vector IS NULL"
            " ORDER BY 1 DESC LIMIT ?",
            most,
        )
        # What tells nothing has an empty vector: it is not looked at again.
        vectors = [(self._meaning(number, text), number) for number, text in new]
        if vectors:
            with self._store.change() as db:
                for vector, number in vectors:
                    table = "turns" if number > 0 else "facts"
                    statement = f"UPDATE {table} SET vector = ? WHERE id = ?"  # noqa: S608
                    db.execute(statement, (vector, abs(number)))
            self._read()
        return len(vectors)

    def find(
        self, question: str, person: int | None, known: Collection[str] = (), code: str = "en"
    ) -> list[Recalled]:
        """Return what answers ``question``, of what ``person`` said, the likeliest first.

        ``known`` is what was said in this conversation: nobody need be reminded of that. ``code``
        is the language of the question.
        """
        self._read_anew()
        scores = self._scores(question, person, PERSONAL if _is_personal(question, code) else 0.0)
        enough = THRESHOLD if self._encode is not None else WORDS_ALONE
        best = sorted(scores, key=lambda number: scores[number], reverse=True)
        likely = [n for n in best if scores[n] >= max(enough, scores[best[0]] - BEHIND)]
        found = self._told(likely[: MOST + len(known)])
        return [one for one in found if not any(one.text in text for text in known)][:MOST]

    def about(self, words: str, person: int | None) -> list[Recalled]:
        """Return what ``person`` said of ``words``, the likeliest first: they ask for just that.

        Where the words themselves occur, nothing else counts.
        """
        self._read_anew()
        theirs = set(self._numbers[self._people == _code(person)].tolist())
        points = self._by_words(words, "question : ")
        scores = {number: score for number, score in points.items() if number in theirs}
        share = NAMED
        if not scores:
            scores, share = self._scores(words, person, 0.0), ALIKE
        best = sorted(scores, key=lambda number: scores[number], reverse=True)
        return self._told([n for n in best if scores[n] >= share * scores[best[0]]])[:MOST]

    def newest(self, person: int | None) -> list[Recalled]:
        """Return what ``person`` asked to be remembered last."""
        found = self._store.rows(
            "SELECT -id, at, text FROM facts WHERE person IS ? ORDER BY id DESC LIMIT ?",
            person,
            MOST,
        )
        return [Recalled(*row) for row in found]

    def outdated_by(self, text: str, person: int | None) -> list[int]:
        """Return the numbers of what ``person`` told that cannot hold beside ``text``."""
        if (of := subject(text)) is None:
            return []
        return [
            number
            for table, number, said in self._store.rows(
                "SELECT 'facts', -id, text FROM facts WHERE person IS ?"
                " UNION ALL SELECT 'turns', id, question FROM turns WHERE person IS ?",
                person,
                person,
            )
            if said != text and subject(said) == of and (table == "facts" or is_plain(said))
        ]

    def _told(self, numbers: Sequence[int]) -> list[Recalled]:
        """Return facts and turns in which something was told."""
        found = []
        for number in numbers:
            table, text = ("turns", "question") if number > 0 else ("facts", "text")
            statement = f"SELECT at, {text} FROM {table} WHERE id = ?"  # noqa: S608
            found += [Recalled(number, *row) for row in self._store.rows(statement, abs(number))]
        return [one for one in found if _is_worth(one.number, one.text)]

    def _scores(self, text: str, person: int | None, more: float) -> dict[int, float]:
        """Return how well each fact and turn of a person fits, by its number."""
        theirs = self._people == _code(person)
        by_words = self._by_words(text)
        if self._encode is None:
            numbers: Sequence[int] = self._numbers[theirs].tolist()
            return {number: by_words[number] for number in numbers if number in by_words}
        likeness = self._vectors @ self._encode(text)
        may_do = theirs & (likeness + more + WORDS * MAX_WORDS >= THRESHOLD)
        return {
            number: score + more + WORDS * min(by_words.get(number, 0.0), MAX_WORDS)
            for number, score in zip(
                self._numbers[may_do].tolist(), likeness[may_do].tolist(), strict=True
            )
        }

    def _by_words(self, text: str, column: str = "") -> dict[int, float]:
        """Return points of BM25 by number; what was answered counts less than what was said."""
        if not (wanted := any_of(text)):
            return {}
        return dict(
            self._store.rows(
                "SELECT rowid, -bm25(words, 1.0, 0.3) FROM words WHERE words MATCH ?"
                " ORDER BY rank LIMIT ?",
                f"{column}({wanted})",
                MAX_FOUND,
            )
        )

    def _meaning(self, number: int, text: str) -> bytes:
        assert self._encode is not None
        if not _is_worth(number, text):
            return b""
        return self._encode(text).astype(np.float16).tobytes()

    def _read_anew(self) -> None:
        """Read the vectors if this program or another has changed the file since."""
        changes = self._store.rows("SELECT total_changes()")[0]
        if self._state != (*changes, *self._store.rows("PRAGMA data_version")[0]):
            self._read()

    def _read(self) -> None:
        without = "vector IS NOT NULL AND vector != x''" if self._encode is not None else "1"
        rows = self._store.rows(
            f"SELECT -id, person, vector FROM facts WHERE {without}"  # noqa: S608 (ours)
            f" UNION ALL SELECT * FROM (SELECT id, person, vector FROM turns WHERE {without}"
            " ORDER BY id DESC LIMIT ?)",
            MAX_SOUGHT,
        )
        self._numbers = np.array([number for number, _, _ in rows], np.int64)
        self._people = np.array([_NOBODY if who is None else who for _, who, _ in rows], np.int64)
        if self._encode is not None:
            raw = b"".join(vector for _, _, vector in rows)
            self._vectors = np.frombuffer(raw, np.float16).reshape(-1, WIDTH).astype(np.float32)
        changes = self._store.rows("SELECT total_changes()")[0]
        self._state = (*changes, *self._store.rows("PRAGMA data_version")[0])


def _code(person: int | None) -> int:
    return _NOBODY if person is None else person


def _is_worth(number: int, text: str) -> bool:
    """Whether it tells something; a fact that a turn asked to be remembered has its own row."""
    return number < 0 or (tells(text) and not fact_in(text))


def _is_personal(question: str, code: str) -> bool:
    """Whether a question is about the person who asks; of other languages nobody can tell."""
    if code not in ("en", "zh"):
        return True
    return _PERSONAL.search(_OF_NOBODY.sub(" ", question)) is not None
