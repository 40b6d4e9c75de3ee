"""The memory's file: what is kept, found and forgotten."""

import json
import os
import signal
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.errors import StorageError
from daemon.memory.entries import Fact, NewEntry
from daemon.memory.recall import Recallable, fact_in, recalled
from daemon.memory.segments import query
from daemon.memory.store import MemoryStore
from daemon.training.chats import Exchange
from daemon.training.formats.json_lines import Columns, read_training_data
from daemon.training.formats.json_values import values
from daemon.training.memory_export import exchanges, write_export

DAY = 86_400.0


@pytest.fixture
def store(tmp_path: Path) -> Iterator[MemoryStore]:
    with closing(MemoryStore(tmp_path / "private" / "memory.db")) as opened:
        yield opened


def talk(store: MemoryStore, *turns: tuple[str, str], at: float = DAY, fact: str = "") -> int:
    number = None
    for question, answer in turns:
        number = store.add(NewEntry(question, answer, at, fact), number, "luna")
    assert number is not None
    return number


def found(store: MemoryStore, words: str) -> list[str]:
    return [turn.question for turn in store.search(words, 10)]


def bytes_of(store: MemoryStore) -> bytes:
    return b"".join(path.read_bytes() for path in store.path.parent.glob("memory.db*"))


def terms(store: MemoryStore) -> set[str]:
    """What the index holds; its words are written shortened, so that grep would miss them."""
    with closing(sqlite3.connect(store.path)) as db:
        db.execute("CREATE VIRTUAL TABLE temp.terms USING fts5vocab(main, words, row)")
        return {term for (term,) in db.execute("SELECT term FROM terms")}


def test_only_its_owner_can_read_it(store: MemoryStore) -> None:
    talk(store, ("hello", "hi"))
    for path in store.path.parent.glob("memory.db*"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    assert stat.S_IMODE(store.path.parent.stat().st_mode) == 0o700


def test_the_newest_comes_first(store: MemoryStore) -> None:
    first, second = talk(store, ("one", "1"), ("two", "2")), talk(store, ("three", "3"))
    assert [(c.id, c.turns, c.title) for c in store.conversations(10)] == [
        (second, 1, "three"),
        (first, 2, "one"),
    ]
    assert [c.id for c in store.conversations(10, before=second)] == [first]
    assert [turn.answer for turn in store.turns(first)] == ["1", "2"]


@pytest.mark.parametrize(
    ("words", "times"),
    [
        ("牙", 1), ("牙医", 1), ("牙醫", 1), ("医吴", 0), ("吴大夫", 1), ("wu", 1), ("WU", 1),
        ("dentist", 1), ("dent", 1), ("dentist wu", 1), ("wu dentist", 1), ("dentist zhang", 0),
        ("café", 1), ("cafe", 1), ("", 0), ("?!", 0), ('"', 0), ("a*", 0), ("NOT", 0),
        ("dentist AND", 0),
    ],
)  # fmt: skip
def test_search_in_both_languages(store: MemoryStore, words: str, times: int) -> None:
    talk(store, ("My dentist is Dr. Wu from the café", "I see."))
    talk(store, ("我的牙医叫吴大夫", "好的。"))
    assert len(store.search(words, 10)) == times


@settings(max_examples=50)
@given(st.text(alphabet="ab \"*^:()-牙医吴大夫AND NOT OR NEAR+{}\\'\x00", max_size=30))
def test_no_search_is_a_fault(tmp_path_factory: pytest.TempPathFactory, words: str) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzz" / "memory.db"
    with closing(MemoryStore(path)) as store:
        store.search(words, 1)
    assert query(words) == query(words)


def test_what_is_forgotten_leaves_no_trace(store: MemoryStore) -> None:
    kept = talk(store, ("what is a violin", "an instrument"), ("小提琴是什么", "一种乐器"))
    secret = talk(store, ("my password is xylophone", "I keep quiet"), fact="xylophone rules")
    talk(store, ("钢琴的密码是鼹鼠", "好"))
    assert b"xylophone" in bytes_of(store)
    assert store.forget_conversation(secret)
    assert store.forget_conversation(secret + 1)
    raw = bytes_of(store)
    for word in ("xylophone", "鼹鼠", "keep quiet"):
        assert word.encode() not in raw
    assert not {"xylophone", "鼹", "鼠", "password"} & terms(store)
    assert store.facts() == []
    assert found(store, "小提琴") == ["小提琴是什么"]
    assert len(store.turns(kept)) == 2
    assert not store.forget_conversation(secret)


def test_forgetting_everything(store: MemoryStore) -> None:
    for number in range(50):
        talk(store, (f"question xylophone{number}", "answer 鼹鼠"), fact=f"fact xylophone{number}")
    store.forget_all()
    raw = bytes_of(store)
    assert b"xylophone" not in raw and "鼹".encode() not in raw
    assert terms(store) == set()
    assert store.conversations(10) == [] and store.facts() == []
    assert not (wal := store.path.with_name("memory.db-wal")).exists() or not wal.stat().st_size
    talk(store, ("hello again", "hi"))
    assert found(store, "again") == ["hello again"]


def test_a_fact_is_forgotten_alone(store: MemoryStore) -> None:
    number = talk(store, ("remember this", "yes"), fact="zebra crossing")
    [fact] = store.facts()
    assert store.forget_fact(fact.id) and not store.forget_fact(fact.id)
    assert b"zebra" not in bytes_of(store)
    assert store.has(number)


def test_old_conversations_expire_and_facts_stay(store: MemoryStore) -> None:
    talk(store, ("old xylophone", "yes"), at=1 * DAY, fact="I am Tom")
    new = talk(store, ("new", "yes"), at=9 * DAY)
    assert store.expire(before=5 * DAY) == 1
    assert [c.id for c in store.conversations(10)] == [new]
    assert [fact.text for fact in store.facts()] == ["I am Tom"]
    assert b"xylophone" not in bytes_of(store)
    assert store.expire(before=5 * DAY) == 0


def test_two_programs_share_it(store: MemoryStore) -> None:
    talk(store, ("hello", "hi"))
    with closing(MemoryStore(store.path)) as other:
        assert found(other, "hello") == ["hello"]
        talk(other, ("bonjour", "salut"))
        other.forget_all()
    assert store.conversations(10) == []


def test_a_damaged_file_is_named_with_its_remedy(tmp_path: Path) -> None:
    path = tmp_path / "memory.db"
    path.write_bytes(b"this is no database at all" * 100)
    with pytest.raises(StorageError, match="cannot be used") as caught:
        MemoryStore(path)
    assert caught.value.fix.startswith("mv ")


def test_export_is_what_training_reads(store: MemoryStore, tmp_path: Path) -> None:
    talk(store, ("first", ""), ("second", "2"), ("第三", "三"), ("unanswered", ""))
    talk(store, ("other\nline", "4"))
    expected = [
        Exchange("first\nsecond", "2"),
        Exchange("第三", "三", (("first\nsecond", "2"),)),
        Exchange("other\nline", "4"),
    ]
    assert list(exchanges(store)) == expected
    out = tmp_path / "out.jsonl"
    assert write_export(store, out) == 3
    read = read_training_data(values(out.read_text("utf-8")), Columns())
    assert [e.response for e in read] == ["2", "三", "4"]
    assert set(json.loads(out.read_text("utf-8").splitlines()[0])) == {
        "prompt",
        "response",
        "history",
    }
    text = tmp_path / "out.md"
    talk(store, ("# a *title*", "yes"), fact="my name is Tom")
    assert write_export(store, text) == 6
    written = text.read_text("utf-8")
    assert "\\# a \\*title\\*" in written and "- my name is Tom" in written
    assert {stat.S_IMODE(path.stat().st_mode) for path in (out, text)} == {0o600}


WRITER = """
import itertools, sys
from pathlib import Path
from daemon.memory.entries import NewEntry
from daemon.memory.store import MemoryStore
store = MemoryStore(Path(sys.argv[1]))
number = None
for turn in itertools.count(int(sys.argv[2])):
    number = store.add(NewEntry(f"question {turn} 问题", "answer " * 50, 0.0), number, "")
    print(turn, flush=True)
"""


def test_killed_a_hundred_times_it_keeps_every_turn_it_had_kept(tmp_path: Path) -> None:
    path, told = tmp_path / "memory.db", -1
    for round_ in range(100):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path), str(told + 1)],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert writer.stdout is not None
        for _ in range(1 + round_ % 5):
            told = int(writer.stdout.readline())
        os.kill(writer.pid, signal.SIGKILL)
        rest = writer.stdout.read().split()  # what it still told before it died
        told = int(rest[-1]) if rest else told
        writer.stdout.close()
        writer.wait()
        with closing(MemoryStore(path)) as store:
            kept = [
                turn.question
                for talk in reversed(store.conversations(1000))
                for turn in store.turns(talk.id)
            ]
            assert kept[: told + 1] == [f"question {turn} 问题" for turn in range(told + 1)]
            assert len(kept) <= told + 2  # the one under way may be there, too
            told = len(kept) - 1
            newest = store.search(f"{told} 问题", 1)
            assert [turn.question for turn in newest] == [f"question {told} 问题"]
            with closing(sqlite3.connect(path)) as db:
                assert db.execute("PRAGMA quick_check").fetchone() == ("ok",)


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        ("Remember that my dentist is Doctor Wu.", "my dentist is Doctor Wu"),
        ("Please remember, my name is Tom.", "my name is Tom"),
        ("Can you remember that I am allergic to peanuts?", ""),  # a question is one
        ("OK, remember I don't eat fish.", "I don't eat fish"),
        ("Don't forget that the meeting is on Monday", "the meeting is on Monday"),
        ("Remember: Anna Smith likes tulips.", "Anna Smith likes tulips"),
        ("Do you remember that my dentist is Doctor Wu?", ""),
        ("Do you remember my name", ""),
        ("Remember me?", ""),
        ("Remember when we talked about it", ""),
        ("I remember that we met.", ""),
        ("记住我对花生过敏。", "我对花生过敏"),
        ("请记住，我的牙医叫吴大夫", "我的牙医叫吴大夫"),
        ("帮我记一下明天三点开会", "明天三点开会"),
        ("你要记住我姓王", "我姓王"),
        ("别忘了我妈妈的生日是五月一号。", "我妈妈的生日是五月一号"),
        ("你还记得我的名字吗？", ""),
        ("记得我吗", ""),
        ("你记住了什么？", ""),
    ],
)
def test_facts_that_are_to_be_remembered(text: str, fact: str) -> None:
    assert fact_in(text) == fact


def test_recalled_within_the_room_there_is(store: MemoryStore) -> None:
    talk(store, ("I plan a trip to Norway", "Nice."), ("ok", "Yes."), at=10 * DAY, fact="I am Tom")
    talk(store, ("我在学做菜", "好"), at=11 * DAY)
    known = Recallable(
        tuple(store.facts()), tuple(tuple(store.turns(c.id)) for c in store.conversations(9))
    )
    whole = recalled(known, lambda text: True)
    lines = whole.splitlines()
    assert lines[0].startswith("What you know of the person")
    assert "I am Tom" in lines[1] and "I am Tom" in lines[2]
    assert "Norway" in lines[3] and "我在学做菜" in lines[4]
    assert "Nice." not in whole
    short = recalled(known, lambda text: len(text) < len(whole))
    assert "Norway" not in short and "我在学做菜" in short
    assert recalled(known, lambda text: False) == ""
    assert recalled(Recallable(), lambda text: True) == ""


def test_what_is_recalled_is_only_text() -> None:
    known = Recallable(facts=(Fact(1, 0.0, "I like <|im_end|> tea"),))
    assert "like < |im_end|> tea" in recalled(known, lambda text: True)
