"""Timers and lists in their file: what is confirmed is kept, whatever happens."""

import os
import signal
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path

import pytest

from daemon.database import DamagedError, is_disk_full
from daemon.errors import InputError, StorageError
from daemon.skills import list_table, timer_table
from daemon.skills.entries import Entry
from daemon.skills.store import SkillStore, open_store
from daemon.skills.timer_table import TooManyError
from tests.unit.skills.clocks import TestClock, at, zone

NINE = datetime.fromisoformat("2026-12-02T09:00")


@pytest.fixture(autouse=True)
def london(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with zone(monkeypatch, "Europe/London"):
        yield


@pytest.fixture
def clock() -> TestClock:
    return TestClock()


@pytest.fixture
def store(tmp_path: Path, clock: TestClock) -> Iterator[SkillStore]:
    store = SkillStore(tmp_path / "skills.db", clock)
    yield store
    store.close()


def only(store: SkillStore) -> Entry:
    [entry] = store.timers.entries()
    return entry


def test_a_timer(store: SkillStore, clock: TestClock) -> None:
    timer = store.timers.add_timer(600, "pasta")
    assert (timer.kind, timer.text, timer.state, timer.seconds) == (
        "timer",
        "pasta",
        "pending",
        600,
    )
    assert timer.due == clock.wall + 600
    assert only(store) == timer
    clock.passes(200)
    assert timer.seconds_left(clock()) == 400


def test_what_is_due_first_is_first(store: SkillStore) -> None:
    store.timers.add_at("alarm", NINE)
    store.timers.add_timer(600)
    store.timers.add_at("reminder", NINE.replace(hour=8), "call the dentist")
    kinds = [entry.kind for entry in store.timers.entries()]
    assert kinds == ["timer", "reminder", "alarm"]


def test_a_timer_runs_by_the_time_that_passes(store: SkillStore, clock: TestClock) -> None:
    timer = store.timers.add_timer(600)
    clock.passes(60)
    clock.is_set(3600)
    assert timer.seconds_left(clock()) == 540
    store.timers.follow_clock(set_back=False)
    assert only(store).due == clock.wall + 540


def test_after_a_reboot_the_wall_clock_has_to_do(store: SkillStore, clock: TestClock) -> None:
    timer = store.timers.add_timer(600)
    clock.reboots(60)
    assert timer.seconds_left(clock()) == 540
    clock.is_set(-3600)
    store.timers.follow_clock(set_back=True)
    assert only(store) == timer


def test_an_alarm_goes_by_the_clock_on_the_wall(
    store: SkillStore, clock: TestClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    alarm = store.timers.add_at("alarm", NINE)
    assert alarm.due == at("2026-12-02T09:00")
    clock.is_set(1800)
    assert alarm.seconds_left(clock()) == at("2026-12-02T09:00") - clock.wall
    with zone(monkeypatch, "Europe/Berlin"):
        store.timers.follow_clock(set_back=False)
        assert only(store).due == at("2026-12-02T09:00") == alarm.due - 3600


def test_noticed_it_is_over(store: SkillStore, clock: TestClock) -> None:
    timer = store.timers.add_timer(5)
    clock.passes(5)
    assert [entry.state for entry in store.timers.ring([timer.id])] == ["ringing"]
    store.timers.finish([timer.id])
    assert store.timers.entries() == []


def test_what_repeats_waits_for_its_next_day(store: SkillStore, clock: TestClock) -> None:
    weekdays = (0, 1, 2, 3, 4)
    alarm = store.timers.add_at("alarm", NINE, "", weekdays)
    clock.passes(alarm.due - clock.wall + 30)
    store.timers.ring([alarm.id])
    store.timers.finish([alarm.id])
    again = only(store)
    assert (again.state, again.due, again.repeat) == ("pending", at("2026-12-03T09:00"), weekdays)
    store.timers.follow_clock(set_back=False)
    assert only(store) == again
    clock.is_set(-40)  # the network's time: a little back, before nine again
    store.timers.follow_clock(set_back=False)
    assert only(store) == again, "it has rung today"
    clock.is_set(-3600)
    store.timers.follow_clock(set_back=True)
    assert only(store).due == at("2026-12-02T09:00"), "nine comes again"


def test_what_nobody_noticed_is_kept_until_it_is_told(store: SkillStore, clock: TestClock) -> None:
    once = store.timers.add_timer(5, "pasta")
    daily = store.timers.add_at("alarm", NINE, "", tuple(range(7)))
    clock.passes(daily.due - clock.wall + 7200)
    missed = store.timers.miss([once.id, daily.id], rang=False)
    assert [(entry.missed, entry.rang) for entry in missed] == [
        (once.due, False),
        (daily.due, False),
    ]
    assert [entry.state for entry in missed] == ["done", "pending"]
    store.timers.told([once.id, daily.id])
    left = only(store)
    assert (left.id, left.missed, left.due) == (daily.id, None, at("2026-12-03T09:00"))


def test_put_off(store: SkillStore, clock: TestClock) -> None:
    alarm = store.timers.add_at("alarm", NINE, "", (2,))
    clock.passes(alarm.due - clock.wall)
    store.timers.ring([alarm.id])
    [snoozed] = store.timers.snooze([alarm.id], 540)
    assert (snoozed.state, snoozed.snoozed, snoozed.due) == ("pending", 1, clock.wall + 540)
    clock.is_set(3600)
    assert snoozed.seconds_left(clock()) == 540
    clock.passes(540)
    store.timers.finish([alarm.id])
    assert only(store).due == at("2026-12-09T09:00")


def test_longer_shorter_and_at_another_time(store: SkillStore, clock: TestClock) -> None:
    timer, alarm = store.timers.add_timer(600), store.timers.add_at("alarm", NINE)
    clock.passes(60)
    longer = store.timers.extend(timer.id, 120)
    assert longer and longer.seconds_left(clock()) == 660
    shorter = store.timers.extend(timer.id, -9999)
    assert shorter and shorter.seconds_left(clock()) == 1
    moved = store.timers.reschedule(timer.id, 300.0)
    assert moved and (moved.seconds, moved.seconds_left(clock())) == (300, 300)
    later = store.timers.reschedule(alarm.id, NINE.replace(hour=10))
    assert later and later.due == at("2026-12-02T10:00")
    assert store.timers.extend(99, 60) is None and store.timers.reschedule(99, 60.0) is None


def test_what_was_changed_can_be_undone(store: SkillStore) -> None:
    timer = store.timers.add_timer(600, "pasta")
    for undone in (
        lambda: store.timers.extend(timer.id, 60),
        lambda: store.timers.cancel([timer.id, 99]),
        lambda: store.timers.snooze([timer.id], 60),
    ):
        undone()
        store.timers.restore([timer])
        assert only(store) == timer


@pytest.mark.parametrize("seconds", [0, -120, float("nan"), float("inf"), 400 * 86_400])
def test_lengths_that_cannot_be(store: SkillStore, seconds: float) -> None:
    with pytest.raises(InputError):
        store.timers.add_timer(seconds)


def test_no_alarm_in_the_past(store: SkillStore) -> None:
    with pytest.raises(InputError):
        store.timers.add_at("alarm", datetime.fromisoformat("2026-12-01T11:59"))


def test_there_is_an_end_to_them(store: SkillStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timer_table, "MAX_ENTRIES", 2)
    monkeypatch.setattr(list_table, "MAX_ITEMS", 2)
    for _ in range(2):
        store.timers.add_timer(5)
    with pytest.raises(TooManyError):
        store.timers.add_timer(5)
    with pytest.raises(TooManyError):
        store.lists.add("shopping", ["milk", "eggs", "bread"])
    assert store.lists.items("shopping") == [], "all of them or none"


def test_lists(store: SkillStore) -> None:
    assert [item.text for item in store.lists.add("Shopping", ["milk", "eggs", "Milk"])] == [
        "milk",
        "eggs",
    ]
    assert [item.text for item in store.lists.add("shopping", ["EGGS", "面包"])] == ["面包"]
    store.lists.add("todo", ["call the dentist"])
    assert store.lists.names() == ["shopping", "todo"]
    removed = store.lists.remove("shopping", ["MILK", "butter"])
    assert [item.text for item in removed] == ["milk"]
    store.lists.restore(removed)
    assert [item.text for item in store.lists.items("shopping")] == ["milk", "eggs", "面包"]
    assert len(store.lists.clear("shopping")) == 3
    assert store.lists.names() == ["todo"]


def test_texts_that_cannot_be_kept_as_they_are(store: SkillStore) -> None:
    timer = store.timers.add_timer(5, "a\nb\x00\ud800" + "x" * 9999)
    assert only(store) == timer
    assert timer.text.startswith("a b") and len(timer.text) <= timer_table.MAX_TEXT_CHARS
    assert store.lists.add("shopping", ["", " ", "\x00"]) == []


def test_it_is_for_its_owner_alone(store: SkillStore) -> None:
    store.timers.add_timer(5)
    for file in store.path.parent.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file


def test_two_processes_see_what_each_has_changed(store: SkillStore, clock: TestClock) -> None:
    other = SkillStore(store.path, clock)
    before = store.version_of_data
    store.timers.add_timer(5)
    assert store.version_of_data == before, "its own changes are known"
    timer = other.timers.add_timer(6)
    assert store.version_of_data != before
    assert timer in store.timers.entries() and len(other.timers.entries()) == 2
    other.close()


KILLED = """
import os, sys
from pathlib import Path
from daemon.skills.store import SkillStore
store = SkillStore(Path(sys.argv[1]))
while True:
    timer = store.timers.add_timer(600, "pasta")
    store.lists.add("shopping", [f"item {timer.id}"])
    os.write(1, b"%d\\n" % timer.id)
"""


def test_what_was_confirmed_survives_kill_9(tmp_path: Path) -> None:
    path, confirmed = tmp_path / "skills.db", list[int]()
    for round_ in range(3):
        with subprocess.Popen(
            [sys.executable, "-c", KILLED, str(path)], stdout=subprocess.PIPE
        ) as writer:
            assert writer.stdout
            confirmed += [int(writer.stdout.readline()) for _ in range(5 + round_)]
            writer.send_signal(signal.SIGKILL)
            confirmed += map(int, writer.stdout)
        store = SkillStore(path)
        assert set(confirmed) <= {entry.id for entry in store.timers.entries()}
        kept = {item.text for item in store.lists.items("shopping")}
        assert {f"item {number}" for number in confirmed} <= kept
        store.close()


@pytest.mark.parametrize("damage", ["not a database", "torn"])
def test_a_damaged_file_is_put_aside(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "skills.db"
    store = SkillStore(path)
    for _ in range(200):
        store.timers.add_timer(5, "x" * 100)
    store.close()
    data = bytearray(path.read_bytes())
    if damage == "torn":
        data[4096 : 4096 * 3] = os.urandom(4096 * 2)
    path.write_bytes(data if damage == "torn" else b"certainly no SQLite file" * 99)
    with pytest.raises(DamagedError):
        SkillStore(path)
    store, aside = open_store(path)
    assert store.timers.entries() == [] and store.timers.add_timer(5)
    assert aside == tmp_path / "skills.db.damaged-1" and aside.exists()
    store.close()
    store, aside = open_store(path)
    assert aside is None and len(store.timers.entries()) == 1
    store.close()


def test_another_versions_file_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "skills.db"
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 7")
    db.close()
    with pytest.raises(StorageError) as told:
        open_store(path)
    assert not isinstance(told.value, DamagedError)


def test_a_full_disk_changes_nothing(store: SkillStore) -> None:
    timer = store.timers.add_timer(600)
    ((pages,),) = store.rows("PRAGMA page_count")
    store.rows(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StorageError) as told:
        store.lists.add("shopping", ["x" * 400 + str(n) for n in range(99)])
    assert is_disk_full(told.value)
    assert store.timers.entries() == [timer] and store.lists.names() == []
    store.rows("PRAGMA max_page_count = 1000000")
    assert store.lists.add("shopping", ["milk"])


@pytest.mark.skipif(os.getuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(StorageError):
        open_store(tmp_path / "skills.db")
    tmp_path.chmod(0o700)


def test_a_place_that_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError) as told:
        open_store(tmp_path / "file" / "skills.db")
    assert not is_disk_full(told.value)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE entries SET due = 'soon'",
        "UPDATE entries SET due = 1e300",
        "UPDATE entries SET due = 9e999",
        "UPDATE entries SET missed = 1e300",
        "UPDATE entries SET kind = 'bell'",
        "UPDATE entries SET state = 'lost'",
        "UPDATE entries SET repeat = 'x,y'",
        "UPDATE entries SET repeat = '9'",
        "UPDATE entries SET kind = 'alarm', wall = 'at nine'",
        "UPDATE entries SET text = x'ff'",
        "DROP TABLE items",
        "ALTER TABLE entries DROP COLUMN due",
    ],
)
def test_a_file_that_means_nothing_is_damaged(tmp_path: Path, change: str) -> None:
    path = tmp_path / "skills.db"
    with closing(SkillStore(path)) as store:
        store.timers.add_timer(600, "private")
    with closing(sqlite3.connect(path)) as db:
        db.execute(change)
        db.commit()
    with pytest.raises(DamagedError) as caught:
        SkillStore(path)
    assert "private" not in str(caught.value)
    anew, aside = open_store(path)
    with closing(anew):
        assert aside is not None
        assert aside.exists()
        assert anew.timers.entries() == []
        anew.timers.add_timer(60)


def test_who_only_reads_does_not_wait_for_who_writes(store: SkillStore) -> None:
    store.timers.add_timer(600)
    writer = sqlite3.connect(store.path, isolation_level=None)
    with closing(writer):
        writer.execute("BEGIN IMMEDIATE")
        with closing(SkillStore(store.path)) as reader:  # would raise after five seconds
            assert len(reader.timers.entries()) == 1


def test_what_is_set_can_be_read_though_the_disk_is_full(store: SkillStore) -> None:
    timer = store.timers.add_timer(600)
    store.close()  # as at a reboot: the files beside it are gone
    code = (
        "import resource, sys\n"
        "from pathlib import Path\n"
        "from daemon.errors import StorageError\n"
        "from daemon.skills.store import SkillStore\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))\n"
        "store = SkillStore(Path(sys.argv[1]))\n"
        "print([entry.id for entry in store.timers.entries()])\n"
        "try:\n"
        "    store.timers.add_timer(60)\n"
        "except StorageError:\n"
        "    print(len(store.timers.entries()))\n"
    )
    run = [sys.executable, "-c", code, str(store.path)]
    read = subprocess.run(run, check=True, stdout=subprocess.PIPE, text=True).stdout
    assert read.split() == [f"[{timer.id}]", "1"]
