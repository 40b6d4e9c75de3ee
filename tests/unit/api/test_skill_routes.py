"""Timers and lists over the API and by the commands, with a daemon and without one."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from daemon.api import application, unix_socket
from daemon.api.client import Client
from daemon.api.report import timer_counts
from daemon.api.services import Services
from daemon.cli import main
from daemon.commands.control import timers_line
from daemon.config import load, packaged_config
from daemon.errors import DigitalLifeError
from daemon.events import Event, Ringing
from daemon.folders import socket_path
from daemon.server import Daemon
from daemon.skills.book import SkillBook
from daemon.skills.ringing import Ringer
from daemon.skills.store import SkillStore, skills_path
from daemon.worker import Worker
from tests.skill_daemon import QuietConversation, running_with

Job = Callable[[], object]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tmp_path.chmod(0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


class Room:
    """A daemon of which only the API and the skills are there."""

    def __init__(
        self, daemon: Daemon, book: SkillBook, ringer: Ringer, quiet: QuietConversation
    ) -> None:
        self.daemon, self.book, self.ringer, self.quiet = daemon, book, ringer, quiet
        self.events: list[Event] = []
        daemon.bus.subscribe(Event, self.events.append)

    async def ring(self) -> None:
        """Let everything that is set ring."""
        await self.ringer.ring(self.book.entries)

    def names(self) -> list[str]:
        return [event.wire_name for event in self.events]


def with_daemon(work: Callable[[Room], Awaitable[None]]) -> None:
    async def run() -> None:
        daemon = Daemon(load(packaged_config()).settings)
        worker = Worker("skills")
        book = SkillBook(worker, skills_path(), daemon.bus.publish)
        quiet = QuietConversation()
        ringer = Ringer(book, quiet, daemon.bus.publish)
        await book.refresh()
        running = running_with(daemon, book, ringer)
        services = Services(daemon)
        place = socket_path()
        assert place is not None
        try:
            async with unix_socket.serving(application.application(services), place):
                daemon.running = running
                await work(Room(daemon, book, ringer, quiet))
        finally:
            daemon.running = None
            await services.close()
            await book.close()
            await worker.close()

    asyncio.run(run())


async def off_loop(job: Callable[[], Any]) -> Any:
    return await asyncio.to_thread(job)


async def command(*words: str) -> int:
    return await asyncio.to_thread(main, list(words))


def entries() -> list[str]:
    with closing(SkillStore(skills_path())) as store:
        return [entry.text for entry in store.timers.entries()]


def test_a_timer_is_set_seen_and_cancelled() -> None:
    async def work(room: Room) -> None:
        client = Client()
        pasta = await off_loop(lambda: client.post("timers", seconds=600, name="pasta"))
        assert (pasta["kind"], pasta["name"], pasta["state"]) == ("timer", "pasta", "pending")
        assert 590 < pasta["left_s"] <= 600 == pasta["length_s"]
        assert pasta["due"] == pytest.approx(time.time() + 600, abs=60)
        words = "remind me to call the dentist tomorrow at nine"
        reminder = await off_loop(lambda: client.post("timers", words=words))
        assert (reminder["kind"], reminder["name"]) == ("reminder", "call the dentist")
        told = (await off_loop(lambda: client.get("timers")))["timers"]
        assert [timer["id"] for timer in told] == [pasta["id"], reminder["id"]]
        gone = await off_loop(lambda: client.delete(f"timers/{pasta['id']}"))
        assert [timer["name"] for timer in gone["timers"]] == ["pasta"]
        await off_loop(lambda: client.delete("timers"))
        assert await off_loop(lambda: client.get("timers")) == {"timers": []}
        assert set(room.names()) == {"timers"}, "whoever follows is told, without a word of it"
        assert all(event.as_fields() == {} for event in room.events)

    with_daemon(work)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("post", "timers", {}),
        ("post", "timers", {"words": "hello there"}),
        ("post", "timers", {"seconds": 0}),
        ("post", "timers", {"seconds": 1e12}),
        ("post", "timers", {"seconds": float("nan")}),
        ("post", "timers", {"kind": "egg", "seconds": 5}),
        ("post", "timers", {"kind": "alarm", "at": "soon"}),
        ("post", "timers", {"kind": "alarm", "at": "2000-01-01T00:00"}),
        ("post", "timers", {"kind": "alarm", "at": "0001-01-01T00:00"}),
        ("post", "timers", {"kind": "alarm", "at": "0001-01-01T00:00+14:00"}),
        ("post", "timers", {"kind": "alarm", "at": "9999-12-31T23:59-14:00"}),
        ("post", "timers", {"kind": "alarm", "at": "9999-12-31T23:59:59"}),
        ("post", "timers", {"kind": "alarm", "at": "2099-01-01T09:00", "repeat": [7]}),
        ("post", "timers", {"seconds": 5, "colour": "red"}),
        ("post", "timers/stop", {}),
        ("post", "timers/stop", {"id": 7}),
        ("post", "timers/snooze", {}),
        ("post", "timers/snooze", {"seconds": -5}),
        ("delete", "timers/7", None),
        ("delete", "lists/items/7", None),
        ("delete", "lists", None),
        ("delete", "lists?list=", None),
        ("post", "lists", {"list": "shopping", "items": []}),
        ("post", "lists", {"list": "", "items": ["milk"]}),
        ("post", "lists", {"list": " ", "items": ["milk"]}),
        ("post", "lists", {"list": "shopping", "items": ["x" * 6000]}),
    ],
)
def test_what_cannot_be_is_refused(method: str, path: str, body: dict[str, object] | None) -> None:
    async def work(room: Room) -> None:
        client = Client()
        call: Job = (
            (lambda: client.delete(path)) if body is None else lambda: client.post(path, **body)
        )
        with pytest.raises(DigitalLifeError) as refused:
            await off_loop(call)
        assert refused.value.exit_code == 3
        assert not room.book.entries
        assert not room.book.items

    with_daemon(work)


def test_what_rings_is_stopped_or_put_off_over_the_api() -> None:
    async def work(room: Room) -> None:
        client = Client()
        for name in ("pasta", "eggs"):
            await off_loop(partial(client.post, "timers", seconds=60, name=name))
        await room.ring()
        told = (await off_loop(lambda: client.get("timers")))["timers"]
        assert [timer["state"] for timer in told] == ["ringing", "ringing"]
        assert room.quiet.chimes
        pasta, eggs = (timer["id"] for timer in told)
        rings = [event for event in room.events if isinstance(event, Ringing)][-1]
        assert rings.ids == [pasta, eggs]
        later = await off_loop(lambda: client.post("timers/snooze", id=pasta, seconds=300))
        (timer,) = later["timers"]
        assert (timer["id"], timer["state"], timer["snoozed"]) == (pasta, "pending", 1)
        assert 290 < timer["left_s"] <= 300
        stopped = await off_loop(lambda: client.post("timers/stop"))
        assert [timer["id"] for timer in stopped["timers"]] == [eggs]
        assert not room.ringer.ringing
        assert [entry.id for entry in room.book.entries] == [pasta]

    with_daemon(work)


def test_things_are_put_on_lists_and_taken_off() -> None:
    async def work(room: Room) -> None:
        client = Client()
        milk = ["milk", "eggs"]
        told = await off_loop(lambda: client.post("lists", list="Shopping", items=milk))
        await off_loop(lambda: client.post("lists", list="书单/科幻", items=["三体"]))
        told = (await off_loop(lambda: client.get("lists")))["lists"]
        assert [(found["list"], [item["text"] for item in found["items"]]) for found in told] == [
            ("shopping", ["milk", "eggs"]),
            ("书单/科幻", ["三体"]),
        ]
        number = told[0]["items"][0]["id"]
        left = (await off_loop(lambda: client.delete(f"lists/items/{number}")))["lists"]
        assert [item["text"] for item in left[0]["items"]] == ["eggs"]
        await off_loop(lambda: client.delete("lists?list=%E4%B9%A6%E5%8D%95%2F%E7%A7%91%E5%B9%BB"))
        await off_loop(lambda: client.delete("lists?list=shopping"))
        assert await off_loop(lambda: client.get("lists")) == {"lists": []}
        assert set(room.names()) == {"lists"}

    with_daemon(work)


def test_the_status_counts_what_is_set_and_what_rings(capsys: pytest.CaptureFixture[str]) -> None:
    """In no words of anybody's, and in a line for people."""

    async def work(room: Room) -> None:
        assert timers_line(timer_counts(room.book).model_dump()) == timers_line(None) == "–"
        await off_loop(lambda: Client().post("timers", seconds=60, name="pasta"))
        await room.ring()
        await off_loop(lambda: Client().post("timers", seconds=90, name="eggs"))
        counts = timer_counts(room.book)
        assert (counts.pending, counts.ringing) == (1, 1)
        assert counts.next_due == pytest.approx(time.time() + 90, abs=60)
        told = timers_line(counts.model_dump())
        assert told.startswith("1 ringing, 1 set, the next for 20")
        assert await command("status") == 0
        shown = " ".join(capsys.readouterr().out.split())
        assert "1 ringing, 1 set" in shown
        assert "pasta" not in shown + told

    with_daemon(work)


def test_the_commands_go_through_the_daemon(capsys: pytest.CaptureFixture[str]) -> None:
    async def work(room: Room) -> None:
        assert await command("timers", "add", "10", "minutes", "--name", "pasta") == 0
        told = capsys.readouterr()
        assert "pasta" in told.out and "10:00" in told.out
        assert not told.err, "it runs, so it rings"
        assert [entry.text for entry in room.book.entries] == ["pasta"], "it knows at once"
        await room.ring()
        assert await command("timers") == 0
        assert "ringing" in capsys.readouterr().out
        assert await command("timers", "snooze", "5") == 0
        assert not room.ringer.ringing
        await room.ring()
        assert await command("timers", "stop") == 0
        assert not room.book.entries
        assert await command("timers", "stop") == 3
        assert "→ digital-life timers" in capsys.readouterr().err
        assert await command("timers", "add", "5 minutes", "--name", "tea") == 0
        assert await command("timers", "cancel", "Tea") == 0
        assert not room.book.entries
        assert await command("lists", "add", "shopping", "milk", "eggs") == 0
        assert await command("lists", "remove", "shopping", "Milk") == 0
        assert [item.text for item in room.book.items] == ["eggs"]
        assert await command("lists", "clear", "shopping") == 0
        assert not room.book.items

    with_daemon(work)


def test_while_it_loads_the_commands_leave_it_in_the_file(
    capsys: pytest.CaptureFixture[str],
) -> None:
    async def work(room: Room) -> None:
        running, room.daemon.running = room.daemon.running, None
        assert await command("timers", "add", "10 minutes", "--name", "pasta") == 0
        assert await command("lists", "add", "shopping", "milk") == 0
        assert not capsys.readouterr().err, "it will ring"
        assert not room.book.entries
        room.daemon.running = running
        await room.book.refresh()
        assert [entry.text for entry in room.book.entries] == ["pasta"]
        assert [item.text for item in room.book.items] == ["milk"]

    with_daemon(work)


def test_the_commands_do_without_a_daemon(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["timers"]) == main(["lists"]) == main(["lists", "show", "todo"]) == 0
    assert not skills_path().exists(), "looking makes no file"
    assert main(["timers", "add", "10 minutes", "--name", "pasta"]) == 0
    assert "digital-life run" in capsys.readouterr().err, "nothing rings by itself"
    assert main(["timers", "add", "remind me to call the dentist tomorrow at nine"]) == 0
    assert entries() == ["pasta", "call the dentist"]
    capsys.readouterr()
    assert main(["timers", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)["timers"]
    assert [timer["kind"] for timer in told] == ["timer", "reminder"]
    assert main(["timers", "list", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["timers"]) == 2
    assert main(["timers", "cancel", str(told[0]["id"])]) == 0
    assert "cancelled: Timer pasta" in capsys.readouterr().out
    assert main(["timers", "cancel", "soup"]) == 3
    assert main(["timers", "cancel", "--all"]) == 0
    assert entries() == []
    assert main(["timers", "stop"]) == main(["timers", "snooze"]) == 3
    assert main(["lists", "add", "待办", "洗衣服", "买菜"]) == 0
    capsys.readouterr()
    assert main(["lists", "--json"]) == 0
    (todo,) = json.loads(capsys.readouterr().out)["lists"]
    assert (todo["list"], [item["text"] for item in todo["items"]]) == ("todo", ["洗衣服", "买菜"])
    assert main(["lists", "remove", "todo", "买菜", "睡觉"]) == 3
    refused = capsys.readouterr().err
    assert "睡觉" in refused and "→ digital-life lists show todo" in refused
    assert main(["lists", "remove", "todo", "买菜"]) == main(["lists", "clear", "todo"]) == 0
    assert main(["lists"]) == 0
    assert "Nothing is on any list." in capsys.readouterr().out


def test_what_is_no_number_of_minutes_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    for minutes in ("soon", "0", "-1", "nan", "inf", "99999999"):
        assert main(["timers", "snooze", minutes]) == 2, minutes
    assert main(["timers", "cancel"]) == 2
    assert main(["lists", "add", "shopping"]) == 2


def test_a_damaged_file_is_put_aside_and_told(capsys: pytest.CaptureFixture[str]) -> None:
    skills_path().parent.mkdir(parents=True)
    skills_path().write_bytes(b"no database" * 1000)
    assert main(["timers"]) == 0
    told = capsys.readouterr().err
    assert "damaged" in told and str(skills_path()) in told
    assert main(["timers", "add", "10 minutes"]) == 0
    assert entries() == [""]
