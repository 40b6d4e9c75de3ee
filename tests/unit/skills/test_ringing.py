"""What is due rings at its moment, until somebody notices, whatever the clocks do."""

import asyncio
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from daemon.errors import StorageError
from daemon.events import Ringing, StateChanged
from daemon.skills.clock import local_time
from daemon.skills.entries import Entry
from daemon.skills.herald import ANNOUNCE_INTERVAL_S, CHIME_INTERVAL_S, CHIME_S
from daemon.skills.ringing import MAX_RING_S
from daemon.skills.scheduler import LATE_S, POLL_S
from daemon.skills.store import SkillStore
from tests.unit.skills.clocks import zone
from tests.unit.skills.stage import SAYING_S, RingingStage

SLACK_S = 0.3  # a step of the ringer's and what a fake takes


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RingingStage]:
    with zone(monkeypatch, "UTC"):
        yield RingingStage(tmp_path, monkeypatch)


async def timer(stage: RingingStage, seconds: float, name: str = "") -> Entry:
    return await stage.book.change(lambda store: store.timers.add_timer(seconds, name))


def test_it_rings_at_its_moment_and_says_what_it_is(stage: RingingStage) -> None:
    async def act() -> None:
        await timer(stage, 10.25, "pasta")
        await asyncio.sleep(10.2)
        assert stage.announcer.chimes == []
        await asyncio.sleep(5)
        at, kind = stage.announcer.chimes[0]
        assert at == pytest.approx(10.25, abs=0.01) and kind == "timer"
        [(said_at, text)] = stage.announcer.said
        assert text == "en Rings pasta"
        assert said_at == pytest.approx(10.25 + CHIME_S, abs=SLACK_S)
        assert stage.states() == ["ringing"]
        [rings] = [event for event in stage.events if isinstance(event, Ringing)]
        assert rings.ids == [1]

    stage.play(act)


def test_it_goes_on_until_it_is_dismissed(stage: RingingStage) -> None:
    async def act() -> None:
        await timer(stage, 1)
        await asyncio.sleep(60)
        assert 60 / ANNOUNCE_INTERVAL_S - 1 <= len(stage.announcer.said) <= 4
        assert len(stage.announcer.chimes) > 5
        [ended] = await stage.ringer.dismiss()
        assert ended.kind == "timer" and stage.announcer.hushed == 1
        count = len(stage.announcer.chimes)
        await asyncio.sleep(60)
        assert len(stage.announcer.chimes) == count
        assert stage.book.entries == ()
        assert [event for event in stage.events if isinstance(event, Ringing)][-1].ids == []

    stage.play(act)


def test_nobody_is_interrupted(stage: RingingStage) -> None:
    async def act() -> None:
        await timer(stage, 1)
        stage.announcer.phase = "hearing"
        await asyncio.sleep(30)
        assert len(stage.announcer.chimes) == 1, "the moment is told, and then it waits"
        assert stage.announcer.said == []
        stage.announcer.phase = "listening"
        await asyncio.sleep(1)
        assert len(stage.announcer.said) == 1

    stage.play(act)


def test_its_own_long_reply_is(stage: RingingStage) -> None:
    async def act() -> None:
        await timer(stage, 1)
        stage.announcer.phase = "speaking"
        await asyncio.sleep(10)
        assert len(stage.announcer.chimes) > 1 and stage.announcer.said == []
        await asyncio.sleep(5)
        assert len(stage.announcer.said) == 1

    stage.play(act)


def test_several_at_once(stage: RingingStage) -> None:
    async def act() -> None:
        await timer(stage, 5, "eggs")
        await timer(stage, 6, "pasta")
        await timer(stage, 1000, "cake")
        await asyncio.sleep(8 + CHIME_S)
        assert stage.announcer.said[-1][1] == "en Rings eggs,pasta"
        await asyncio.sleep(3)
        [eggs] = await stage.ringer.dismiss([1])
        assert eggs.text == "eggs" and [entry.text for entry in stage.ringer.ringing] == ["pasta"]
        await stage.ringer.dismiss()
        assert [entry.text for entry in stage.book.entries] == ["cake"]

    stage.play(act)


def test_a_chinese_reminder_is_told_in_chinese(stage: RingingStage) -> None:
    async def act() -> None:
        at = local_time(stage.clock().wall + 60)
        await stage.book.change(lambda store: store.timers.add_at("reminder", at, "喝水"))
        await asyncio.sleep(65)
        assert stage.announcer.chimes[0][1] == "reminder"
        assert [text for _, text in stage.announcer.said] == ["zh Rings 喝水"]

    stage.play(act)


def test_put_off(stage: RingingStage) -> None:
    async def act() -> None:
        await timer(stage, 1)
        await asyncio.sleep(5)
        [entry] = await stage.ringer.snooze(300)
        assert (entry.state, stage.ringer.ringing) == ("pending", ())
        count = len(stage.announcer.chimes)
        await asyncio.sleep(290)
        assert len(stage.announcer.chimes) == count
        await asyncio.sleep(15)
        assert len(stage.announcer.chimes) > count
        await stage.ringer.dismiss()
        await asyncio.sleep(30)
        assert len(await stage.ringer.snooze(60)) == 1, "it was dismissed by mistake"
        await asyncio.sleep(65)
        assert stage.ringer.ringing
        await stage.ringer.dismiss()
        await asyncio.sleep(200)
        assert await stage.ringer.snooze(60) == []

    stage.play(act)


def test_what_nobody_hears_is_told_after_the_next_talk(stage: RingingStage) -> None:
    async def act() -> None:
        await timer(stage, 1, "pasta")
        await asyncio.sleep(MAX_RING_S + 10)
        assert stage.ringer.ringing == () and stage.states() == ["done"]
        said = len(stage.announcer.said)
        await asyncio.sleep(1000)
        assert len(stage.announcer.said) == said
        for state in ("hearing", "thinking", "listening"):
            stage.herald.follow(StateChanged(state, 1))
        await asyncio.sleep(1)
        assert len(stage.announcer.said) == said, "a noise was no talk"
        for state in ("hearing", "thinking", "speaking", "listening"):
            stage.herald.follow(StateChanged(state, 1))
        await asyncio.sleep(5)
        assert stage.announcer.said[-1][1] == "en WereMissed pasta"
        assert stage.book.entries == ()

    stage.play(act)


@pytest.mark.parametrize("way", ["killed", "suspended"])
def test_what_was_due_meanwhile_is_told_at_once(stage: RingingStage, way: str) -> None:
    async def main() -> None:
        await timer(stage, 60, "pasta")
        if way == "suspended":
            stage.clock.passes(3600)
            await asyncio.sleep(POLL_S + CHIME_S)
        else:
            await stage.end()
            stage.clock.reboots(3600)
            stage.begin()
            await asyncio.sleep(5)
        assert [text for _, text in stage.announcer.said] == ["en WereMissed off pasta"]
        await asyncio.sleep(SAYING_S)
        assert stage.book.entries == () and stage.ringer.ringing == ()

    stage.play(main)


def test_a_restart_while_it_rings(stage: RingingStage) -> None:
    async def act() -> None:
        await timer(stage, 1, "pasta")
        await asyncio.sleep(10)
        await stage.end()
        stage.clock.passes(5)
        stage.begin()
        await asyncio.sleep(10)
        assert [text for _, text in stage.announcer.said] == ["en Rings pasta"]
        await stage.end()
        stage.clock.passes(LATE_S)
        stage.begin()
        await asyncio.sleep(1)
        assert stage.ringer.ringing == () and [entry.rang for entry in stage.book.entries] == [True]

    stage.play(act)


def test_missed_and_heard_by_nobody(stage: RingingStage) -> None:
    async def act() -> None:
        await timer(stage, 60)
        stage.announcer.deaf = True
        stage.clock.passes(3600)
        await asyncio.sleep(60)
        assert len(stage.announcer.said) == 3, "it does not go on for ever"

    stage.play(act)


def test_a_timer_does_not_mind_the_clock(stage: RingingStage) -> None:
    async def act() -> None:
        await timer(stage, 60)
        stage.clock.is_set(3600)
        await asyncio.sleep(55)
        assert stage.announcer.chimes == []
        stage.clock.is_set(-7200)
        await asyncio.sleep(4)
        assert stage.announcer.chimes == []
        await asyncio.sleep(2)
        assert len(stage.announcer.chimes) == 1

    stage.play(act)


def test_an_alarm_follows_it(stage: RingingStage) -> None:
    async def act() -> None:
        at = datetime.fromisoformat("2026-12-01T13:00")
        await stage.book.change(lambda store: store.timers.add_at("alarm", at))
        await asyncio.sleep(10)
        stage.clock.is_set(3580)
        await asyncio.sleep(8)
        assert stage.announcer.chimes == []
        await asyncio.sleep(5)
        assert stage.announcer.chimes[0][0] == pytest.approx(20, abs=0.01)

    stage.play(act)


def test_an_alarm_follows_the_zone(stage: RingingStage, monkeypatch: pytest.MonkeyPatch) -> None:
    async def act() -> None:
        at = datetime.fromisoformat("2026-12-01T20:01")
        await stage.book.change(lambda store: store.timers.add_at("alarm", at))
        await asyncio.sleep(10)
        with monkeypatch.context() as patch:
            patch.setenv("TZ", "Asia/Shanghai")  # where it is eight in the evening
            await asyncio.sleep(49)
            assert stage.announcer.chimes == []
            await asyncio.sleep(2)
            assert stage.announcer.chimes[0][0] == pytest.approx(60, abs=0.01)

    stage.play(act)


def test_another_process_sets_and_cancels(stage: RingingStage) -> None:
    async def act() -> None:
        other = SkillStore(stage.path, stage.clock)
        entry = other.timers.add_timer(5, "pasta")
        await asyncio.sleep(6)
        assert [one.text for one in stage.ringer.ringing] == ["pasta"]
        other.timers.cancel([entry.id])
        other.close()
        await asyncio.sleep(2 * POLL_S)
        assert stage.ringer.ringing == ()

    stage.play(act)


def test_it_rings_though_the_disk_is_full(
    stage: RingingStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def act() -> None:
        await timer(stage, 2, "pasta")
        change, full = stage.book.change, True

        async def refuse(*args: object) -> object:
            if full:
                raise StorageError("The disk is full.")
            return await change(*args)  # type: ignore[arg-type]

        monkeypatch.setattr(stage.book, "change", refuse)
        await asyncio.sleep(4 * CHIME_INTERVAL_S)
        assert stage.states() == ["pending"] and len(stage.announcer.chimes) > 2
        await stage.ringer.dismiss()
        await asyncio.sleep(1)
        count = len(stage.announcer.chimes)
        await asyncio.sleep(60)
        assert len(stage.announcer.chimes) == count, "dismissed is dismissed"
        full = False
        await asyncio.sleep(2 * POLL_S)
        assert stage.book.entries == ()

    stage.play(act)


def test_a_damaged_file_is_told(stage: RingingStage) -> None:
    async def act() -> None:
        await timer(stage, 600)
        await stage.end()
        stage.path.write_bytes(b"no database " * 999)
        stage.begin()
        await asyncio.sleep(5)
        assert [text for _, text in stage.announcer.said] == ["en WAS_DAMAGED"]
        assert await timer(stage, 5)
        await asyncio.sleep(6)
        assert stage.ringer.ringing

    stage.play(act)
