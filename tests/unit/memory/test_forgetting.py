"""What is forgotten stays forgotten: after a crash at any moment, and with any clock."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import astuple
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from daemon.api.routes.memory import forget_conversation, forget_everything
from daemon.api.services import Services
from daemon.config import load, packaged_config
from daemon.database import DamagedError
from daemon.dialogue.chat import Chat
from daemon.memory.clock_ledger import DAY_S, YEAR_S, ClockLedger, judge_clock
from daemon.memory.conversation_memory import ConversationMemory
from daemon.memory.entries import NewEntry
from daemon.memory.forgetting import LAST
from daemon.memory.store import MemoryStore
from daemon.running import Running
from daemon.server import Daemon
from tests.fakes import FakeChat, FakeRecognizer, VirtualWorker, parts
from tests.scenario.test_session import Stage
from tests.virtual_time import run_virtual

CANARY = "xylophone"
SETTINGS = load(packaged_config()).settings
NOW = 4e9  # later than any file that a test writes

# Forks, since starting Python anew for each of them would take minutes.
KILLER = """
import os, random, signal, sqlite3, sys, time
from contextlib import closing
from pathlib import Path
from daemon.memory.entries import NewEntry
from daemon.memory.store import MemoryStore

folder, rounds, dice = Path(sys.argv[1]), int(sys.argv[2]), random.Random(int(sys.argv[3]))
path = folder / "memory.db"
WORDS = (b"xylophone", "\\u9f39\\u9f20".encode())

def deed(store, kind, talk):
    if kind == "talk":
        store.forget_conversation(talk)
    elif kind == "fact":
        store.forget_fact(store.facts()[-1].id)
    elif kind == "old":
        store.expire(50.0)
    else:
        store.forget_all()

def left():
    return [(f.name, w) for f in folder.iterdir() for w in WORDS if w in f.read_bytes()]

took, caught = 0.0, 0
for number in range(rounds):
    kind = ("talk", "fact", "old", "all")[number % 4]
    with closing(MemoryStore(path)) as store:
        kept = store.add(NewEntry("what is a violin", "an instrument " * 50, 100.0), None, "")
        talk = None
        for turn in range(3):
            words = "a fiddle" if kind == "fact" else "a xylophone, \\u9f39\\u9f20"
            talk = store.add(NewEntry(words, words * 60, 1.0), talk, "")
        fact = "my xylophone, \\u9f39\\u9f20" if kind != "old" else ""
        store.add(NewEntry("remember", "yes", 1.0, fact), talk, "")
    ready, tell = os.pipe()
    child = os.fork()
    if not child:
        with closing(MemoryStore(path)) as store:
            began = time.monotonic()
            os.write(tell, b".")
            deed(store, kind, talk)
            (folder.parent / "took").write_text(str(time.monotonic() - began))
        os._exit(0)
    os.read(ready, 1)
    os.close(ready)
    os.close(tell)
    time.sleep(dice.uniform(0, took))
    if number:  # the first one shows how long it takes
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if not number:
        took = 1.2 * float((folder.parent / "took").read_text())
    with closing(sqlite3.connect(path)) as db:
        [(talks,)] = db.execute("SELECT count(*) FROM conversations WHERE id = ?", (talk,))
        [(facts,)] = db.execute("SELECT count(*) FROM facts WHERE conversation = ?", (talk,))
    gone = not facts if kind == "fact" else not talks
    caught += gone and bool(left())
    with closing(MemoryStore(path)) as store:
        assert gone or kind == "fact" or store.has(talk), "half of it"
        if not gone:  # it was killed before it had begun
            deed(store, kind, talk)
        assert kind == "all" or store.turns(kept), "what was not to be forgotten"
        assert not left(), (number, kind, left())
        store.forget_all()
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert db.execute("PRAGMA freelist_count").fetchone() == (0,)
        db.execute("CREATE VIRTUAL TABLE temp.terms USING fts5vocab(main, words, row)")
        assert not db.execute("SELECT term FROM terms").fetchall()
    assert not left(), (number, kind, left())
print(caught)
"""


def killed(folder: Path, rounds: int, seed: int) -> int:
    """Return how often a kill left words behind, until the file was opened."""
    (folder / "private").mkdir()
    command = [sys.executable, "-c", KILLER, str(folder / "private"), str(rounds), str(seed)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


def test_killed_while_it_forgets_it_has_forgotten_when_it_is_opened(tmp_path: Path) -> None:
    killed(tmp_path, 60, 1)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[MemoryStore]:
    with closing(MemoryStore(tmp_path / "private" / "memory.db")) as opened:
        yield opened


def bytes_in(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.iterdir())


def test_a_file_of_the_first_edition_is_wiped_once(store: MemoryStore) -> None:
    talk = store.add(NewEntry(CANARY, CANARY, NOW), None, "")
    store._db.execute("PRAGMA secure_delete = OFF")
    for statement in (
        f"DELETE FROM turns WHERE conversation = {talk}",
        "INSERT INTO words (words) VALUES ('delete-all')",
        "DROP TABLE unwiped",
        "DROP TABLE clock",
    ):
        store._db.execute(statement)
    store._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert CANARY.encode() in bytes_in(store.path.parent)
    with closing(MemoryStore(store.path)):
        assert CANARY.encode() not in bytes_in(store.path.parent)


def test_what_another_reader_held_up_is_done_later(
    store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    from daemon.errors import StorageError

    store.add(NewEntry("kept", "kept", NOW), None, "")
    talk = store.add(NewEntry(CANARY, CANARY, NOW), None, "")
    with closing(MemoryStore(store.path)) as reader:
        reader._db.execute("BEGIN")
        reader._db.execute("SELECT * FROM turns").fetchone()
        store._db.execute("PRAGMA busy_timeout = 1")
        with pytest.raises(StorageError, match="still reads"):
            store.forget_conversation(talk)
        reader._db.execute("COMMIT")
    assert not store.forget_conversation(talk), "it is forgotten already"
    assert CANARY.encode() not in bytes_in(store.path.parent)


def test_forgetting_everything_forgets_damaged_copies_too(store: MemoryStore) -> None:
    copy = store.path.with_name("memory.db.damaged")
    copy.write_text(CANARY)
    store.forget_all()
    assert not copy.exists()


async def _forget_damaged(path: Path) -> None:
    memory = ConversationMemory(VirtualWorker(), path, SETTINGS.memory)
    await memory.forget_all()
    await memory.close()


def test_a_damaged_file_is_forgotten_whole(tmp_path: Path) -> None:
    path = tmp_path / "memory.db"
    path.write_text(CANARY * 1000)
    path.with_name("memory.db-wal").write_text(CANARY)
    with pytest.raises(DamagedError):
        MemoryStore(path)
    run_virtual(_forget_damaged(path))
    assert CANARY.encode() not in bytes_in(tmp_path)


@pytest.mark.parametrize("number", [LAST + 1, 10**30, -1, 0, -(10**30)])
def test_there_is_nothing_of_an_impossible_number(store: MemoryStore, number: int) -> None:
    store.add(NewEntry("a", "b", NOW, "c"), None, "")
    assert not store.has(number) and not store.turns(number)
    assert not store.forget_conversation(number) and not store.forget_fact(number)
    assert len(store.conversations(10**30, before=10**30)) == 1
    assert len(store.search("a", 10**30)) == 1


def test_halves_of_characters_are_kept_as_far_as_they_are_any(store: MemoryStore) -> None:
    talk = store.add(NewEntry("one \ud83d", "\udcff two", NOW, "fact \ud83d"), None, "a\ud83d")
    [turn] = store.turns(talk)
    assert (turn.question, turn.answer) == ("one ?", "? two")
    assert store.search("one \ud83d", 1) == [turn]


@pytest.mark.parametrize("everything", [True, False])
@pytest.mark.parametrize("after_s", [0.05, 1.0, 2.0])
def test_what_is_being_said_is_forgotten_too(
    tmp_path: Path, everything: bool, after_s: float
) -> None:
    chat_model = FakeChat([f"A {CANARY} plays", f" for {CANARY}s."], ["Nothing."])
    scene = Stage(parts(FakeRecognizer(), chat_model))
    memory = SETTINGS.memory.model_copy(update={"keep": True})
    keeper = ConversationMemory(VirtualWorker(), tmp_path / "memory.db", memory)
    chat = Chat(SETTINGS, scene.parts, keeper)
    daemon = Daemon(SETTINGS, bus=scene.bus)
    running: Any = SimpleNamespace(session=scene.session, chat=chat, bus=scene.bus)
    running.begin_again = lambda: Running.begin_again(running)
    daemon.running = running
    services: Services = SimpleNamespace(daemon=daemon)  # type: ignore[assignment]

    async def forget() -> None:
        await chat.begin("")
        await asyncio.sleep(1)
        scene.session.ask(f"What is a {CANARY}?")
        await asyncio.sleep(5)
        scene.session.ask(f"And what else is a {CANARY}?")
        await asyncio.sleep(after_s)
        await (forget_everything(services) if everything else forget_conversation(services, 1))
        await asyncio.sleep(10)
        await chat.close()

    scene.play([], until=30, also=forget())
    assert CANARY.encode() not in bytes_in(tmp_path)
    assert scene.remembered() == []


FAR = 2.5 * YEAR_S


@pytest.mark.parametrize(
    ("clock", "believed"),
    [
        ([0, 3600, DAY_S], [True, True, True]),
        ([6 * DAY_S], [True]),  # it was off for a week
        ([FAR], [False]),  # once wrong
        ([FAR, FAR, FAR + 3600], [False, False, False]),  # started again and again
        ([FAR, 60], [False, True]),  # set right
        ([FAR, 60, FAR, 120], [False, True, False, True]),
        ([FAR, FAR + DAY_S], [False, True]),  # it was away for so long
        ([FAR, FAR + 30 * DAY_S], [False, True]),  # and is used once a month
        ([FAR, 20 * FAR], [False, False]),
        ([-FAR], [True]),  # makes nothing old
        ([-FAR, 60], [True, True]),
        ([-FAR, -FAR + DAY_S, 0], [True, True, False]),  # behind for days, then right: a leap
    ],
)
def test_a_clock_that_leaps_is_believed_a_day_later(
    clock: list[float], believed: list[bool]
) -> None:
    ledger, told = ClockLedger(NOW), []
    for at in clock:
        ledger, yes = judge_clock(ledger, NOW + at, 30, 5)
        told.append(yes)
    assert told == believed


def test_few_days_bear_no_leap_of_a_week() -> None:
    assert not judge_clock(ClockLedger(NOW), NOW + DAY_S, 1, 0)[1]
    assert judge_clock(ClockLedger(NOW), NOW + DAY_S / 3, 1, 0)[1]


def talks(store: MemoryStore) -> list[str]:
    return [talk.title for talk in store.conversations(100)]


def test_one_start_with_a_wrong_clock_forgets_nothing(store: MemoryStore) -> None:
    store.add(NewEntry("old", "", NOW - 40 * DAY_S), None, "")
    store.add(NewEntry("lately", "", NOW - DAY_S), None, "")
    assert store.enforce(NOW, 30) == 1 and talks(store) == ["lately"]
    for wrong in (NOW + 30 * YEAR_S, 0.0, NOW + 80 * YEAR_S):
        assert store.enforce(wrong, 30) == 0
        store.add(NewEntry(f"at {wrong}", "", wrong, f"fact of {wrong}"), None, "")
    assert store.enforce(NOW + 3600, 30) == 0
    assert len(talks(store)) == 4
    moments = [fact.at for fact in store.facts()]
    moments += [talk.began for talk in store.conversations(9)]
    moments += [turn.at for talk in store.conversations(9) for turn in store.turns(talk.id)]
    assert all(NOW - DAY_S <= at <= NOW + 3600 for at in moments), "set right, too"
    assert store.enforce(NOW + 3 * DAY_S, 30) == 0
    for day in range(3, 32):
        store.enforce(NOW + day * DAY_S, 30)
    assert talks(store) == []


def test_after_weeks_without_it_the_oldest_is_forgotten_a_day_late(store: MemoryStore) -> None:
    store.add(NewEntry("before", "", NOW), None, "")
    store.enforce(NOW, 30)
    back = NOW + 60 * DAY_S
    assert store.enforce(back, 30) == 0
    store.add(NewEntry("after", "", back), None, "")
    assert store.enforce(back + DAY_S, 30) == 1
    assert talks(store) == ["after"]


def test_a_file_that_knows_no_clock_believes_when_it_was_written(tmp_path: Path) -> None:
    import os

    path = tmp_path / "memory.db"
    with closing(MemoryStore(path)) as store:
        store.add(NewEntry("old", "", NOW - 40 * DAY_S), None, "")
    os.utime(path, (NOW, NOW))
    with closing(MemoryStore(path)) as store:
        assert store.enforce(NOW + 30 * YEAR_S, 30) == 0
    with closing(MemoryStore(path)) as store:
        assert store.enforce(NOW + 3600, 30) == 1


class Life:
    """A chat that keeps, with clocks that a test sets."""

    def __init__(self, folder: Path, days: int = 30) -> None:
        self.boot, self.wall = 0.0, NOW
        memory = SETTINGS.memory.model_copy(update={"keep": True, "days": days})
        path = folder / "memory.db"
        self.memory = ConversationMemory(VirtualWorker(), path, memory, lambda: self.wall)
        made = parts(FakeRecognizer(), FakeChat())
        self.chat = Chat(SETTINGS, made, self.memory, lambda: self.boot)
        self.path = path

    async def pass_time(self, seconds: float) -> None:
        self.boot += seconds
        self.wall += seconds
        await asyncio.sleep(6)

    def kept(self) -> list[list[str]]:
        with closing(MemoryStore(self.path)) as store:
            found = reversed(store.conversations(100))
            return [[turn.question for turn in store.turns(talk.id)] for talk in found]


def live(life: Life, deeds: object) -> None:
    async def main() -> None:
        await life.chat.begin("")
        watching = asyncio.ensure_future(life.chat.watch())
        await deeds()  # type: ignore[operator]
        watching.cancel()
        await asyncio.wait([watching])
        await life.chat.close()

    run_virtual(main())


def test_an_hour_in_which_the_computer_slept_ends_a_conversation(tmp_path: Path) -> None:
    life = Life(tmp_path)

    async def deeds() -> None:
        life.chat.history.commit("one", "1")
        await life.pass_time(3000)
        life.chat.history.commit("two", "2")
        await life.pass_time(3500)
        assert len(life.chat.history.messages("?")) == 6
        await life.pass_time(200)  # the event loop's own clock saw twelve seconds
        assert len(life.chat.history.messages("?")) == 2
        life.chat.history.commit("three", "3")

    live(life, deeds)
    assert life.kept() == [["one", "two"], ["three"]]


def test_what_is_too_old_is_forgotten_while_it_runs(tmp_path: Path) -> None:
    life = Life(tmp_path)

    async def deeds() -> None:
        life.chat.history.commit(f"a question of the {CANARY}", "1")
        for _ in range(31):
            await life.pass_time(DAY_S)
            if life.wall < NOW + 30 * DAY_S:
                assert CANARY in life.chat.history.system
        assert CANARY not in life.chat.history.system, "nor is it in the prompt"

    live(life, deeds)
    assert life.kept() == []
    assert CANARY.encode() not in bytes_in(tmp_path)


def test_fewer_days_are_enforced_at_once(tmp_path: Path) -> None:
    life = Life(tmp_path, days=0)

    async def deeds() -> None:
        life.chat.history.commit("old", "1")
        for _ in range(5):
            await life.pass_time(DAY_S)
        life.memory.settings = life.memory.settings.model_copy(update={"days": 20})
        await life.pass_time(1)
        life.memory.settings = life.memory.settings.model_copy(update={"days": 3})
        await life.pass_time(1)

    live(life, deeds)
    assert life.kept() == []


def test_a_ledger_is_kept_as_it_is(store: MemoryStore) -> None:
    store.written = NOW
    store.trusts_clock(NOW, 30)
    store.trusts_clock(NOW + YEAR_S, 30)
    row = store._db.execute("SELECT * FROM clock").fetchall()
    assert row == [astuple(ClockLedger(NOW, NOW + YEAR_S, 0))]
