"""Whose the memory's turns and facts are, and that nothing of somebody is left."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from daemon.memory.entries import Fact, NewEntry
from daemon.memory.store import MemoryStore

ANNA, BEN = 1, 2
NOW = 86_400.0
FIRST_VERSION = """
CREATE TABLE conversations (
 id INTEGER PRIMARY KEY AUTOINCREMENT, began REAL NOT NULL, persona TEXT NOT NULL);
CREATE TABLE turns (
 id INTEGER PRIMARY KEY AUTOINCREMENT, conversation INTEGER NOT NULL, at REAL NOT NULL,
 question TEXT NOT NULL, answer TEXT NOT NULL);
CREATE INDEX turns_of ON turns (conversation);
CREATE TABLE facts (
 id INTEGER PRIMARY KEY AUTOINCREMENT, conversation INTEGER, at REAL NOT NULL, text TEXT NOT NULL);
CREATE VIRTUAL TABLE words USING fts5 (question, answer,
 content='', tokenize='unicode61 remove_diacritics 2', prefix='3 4');
CREATE TABLE unwiped (id INTEGER PRIMARY KEY AUTOINCREMENT);
CREATE TABLE clock (seen REAL NOT NULL, doubted REAL, since INTEGER NOT NULL);
INSERT INTO conversations (began, persona) VALUES (86400, 'luna');
INSERT INTO turns (conversation, at, question, answer)
 VALUES (1, 86400, 'Remember that my dentist is Doctor Wu', 'I will.');
INSERT INTO words (rowid, question, answer)
 VALUES (1, 'Remember that my dentist is Doctor Wu', 'I will.');
INSERT INTO facts (conversation, at, text) VALUES (1, 86400, 'my dentist is Doctor Wu');
PRAGMA user_version = 1;
"""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[MemoryStore]:
    with closing(MemoryStore(tmp_path / "private" / "memory.db")) as opened:
        yield opened


def files(store: MemoryStore) -> bytes:
    return b"".join(path.read_bytes() for path in store.path.parent.iterdir())


def terms(store: MemoryStore) -> set[str]:
    """What the index holds; its words are written shortened, so that a search of bytes misses."""
    with closing(sqlite3.connect(store.path)) as db:
        db.execute("CREATE VIRTUAL TABLE temp.terms USING fts5vocab(main, words, row)")
        return {term for (term,) in db.execute("SELECT term FROM terms")}


def test_a_file_of_the_first_version_keeps_everything(tmp_path: Path) -> None:
    path = tmp_path / "memory.db"
    with closing(sqlite3.connect(path)) as db:
        db.executescript(FIRST_VERSION)
    for _ in range(2):  # and is brought up to date once
        with closing(MemoryStore(path)) as store:
            assert store.facts() == [Fact(1, NOW, "my dentist is Doctor Wu", None)]
            assert [turn.answer for turn in store.search("dentist", 9)] == ["I will."]
            assert store.turns(1)[0].person is None
    with closing(MemoryStore(path)) as store:
        store.forget_conversation(1)
        assert b"Wu" not in files(store)
        assert terms(store) == set()


def test_it_is_known_who_said_what(store: MemoryStore) -> None:
    talk = store.add(NewEntry("remember that I ski", "yes", NOW, "I ski", ANNA), None, "")
    store.add(NewEntry("what is a ski", "a board", NOW), talk, "")
    assert [turn.person for turn in store.turns(talk)] == [ANNA, None]
    assert [fact.person for fact in store.facts()] == [ANNA]


def test_nothing_of_a_person_is_left(store: MemoryStore) -> None:
    shared = store.add(NewEntry("the xylophone", "a zither", NOW, "I own zithers", ANNA), None, "")
    store.add(NewEntry("is it raining", "it is not", NOW, "", BEN), shared, "")
    own = store.add(NewEntry("鼹鼠的密码", "好", NOW, "鼹鼠", ANNA), None, "")
    store.expire(NOW - 1)
    assert store.forget_person(ANNA) == 2
    for word in ("xylophone", "zither", "鼹鼠", "密码"):
        assert word.encode() not in files(store)
    assert {"is", "it", "not", "raining"} == terms(store)
    assert [turn.person for turn in store.turns(shared)] == [BEN]
    assert not store.has(own)
    assert store.facts() == []
    assert store.forget_person(ANNA) == 0


def test_facts_that_outlive_their_conversation_go_with_the_person(store: MemoryStore) -> None:
    store.add(NewEntry("remember the oboe", "yes", NOW, "the oboe", ANNA), None, "")
    store.expire(NOW + 1)
    assert [fact.text for fact in store.facts()] == ["the oboe"]
    store.forget_person(ANNA)
    assert b"oboe" not in files(store)
    assert terms(store) == set()
