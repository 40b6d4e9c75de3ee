"""Whoever is forgotten while the daemon runs is out of its files, its prompt and its reply."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from daemon.config import load, packaged_config
from daemon.dialogue.chat import Chat
from daemon.errors import InputError, StorageError
from daemon.events import Event, Forgotten, NewConversation, PeopleChanged
from daemon.memory.conversation_memory import ConversationMemory
from daemon.memory.store import MemoryStore
from daemon.people.person import Person
from daemon.people.store import PeopleStore
from daemon.running import Running
from tests.fakes import FakeChat, FakeRecognizer, VirtualWorker, parts
from tests.scenario.test_session import Stage

SETTINGS = load(packaged_config()).settings
VOICE = np.eye(2, 8, dtype=np.float32)


class House:
    """A conversation with a memory, in virtual time, and somebody who is known."""

    def __init__(self, folder: Path) -> None:
        chat_model = FakeChat(["Anything", " at all."], ["Nothing."])
        self.stage = Stage(parts(FakeRecognizer(), chat_model))
        memory = SETTINGS.memory.model_copy(update={"keep": True})
        self.memory = ConversationMemory(VirtualWorker(), folder / "memory.db", memory)
        self.chat = Chat(SETTINGS, self.stage.parts, self.memory)
        self.people = PeopleStore(folder / "people.json")
        self.anna = self.people.add("Annabella", VOICE, "encoder")
        self.events: list[Event] = []
        self.stage.bus.subscribe(Event, self.events.append)
        components = SimpleNamespace(people=self.people, shared_worker=lambda _: VirtualWorker())
        running: Any = SimpleNamespace(
            session=self.stage.session, chat=self.chat, bus=self.stage.bus, components=components
        )
        running.begin_again = lambda: Running.begin_again(running)
        self._running = running

    async def forget(self, person: Person) -> None:
        await Running.forget_person(self._running, person.number)

    def play(self, work: Callable[[], Awaitable[None]]) -> None:
        async def run() -> None:
            await self.chat.begin("")
            await work()
            await self.chat.close()

        self.stage.play([], until=30, also=run())


@pytest.mark.parametrize("after_s", [0.05, 1.0, 5.0])
def test_nothing_is_left_of_somebody_even_of_what_is_being_said(
    tmp_path: Path, after_s: float
) -> None:
    house = House(tmp_path)

    async def work() -> None:
        house.memory.keep("My zucchini", "Noted, Annabella.", house.anna.number)
        house.stage.session.ask("What is nice?")
        await asyncio.sleep(after_s)
        await house.forget(house.anna)
        await asyncio.sleep(10)

    house.play(work)
    assert house.people.people() == () and house.stage.remembered() == []
    left = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    for trace in (b"nnabella", b"zucchini", str(house.anna.number).encode(), VOICE.tobytes()[:32]):
        assert trace not in left
    for kind in (PeopleChanged, Forgotten, NewConversation):
        assert sum(isinstance(event, kind) for event in house.events) == 1


def test_whoever_is_not_known_changes_nothing(tmp_path: Path) -> None:
    house = House(tmp_path)

    async def work() -> None:
        house.stage.session.ask("What is nice?")
        await asyncio.sleep(5)
        with pytest.raises(InputError):
            await house.forget(Person(7, "Nobody"))

    house.play(work)
    assert house.stage.remembered() and house.people.people() == (house.anna,)
    assert not any(isinstance(event, PeopleChanged | Forgotten) for event in house.events)


def test_where_the_memory_cannot_forget_they_are_still_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_store: MemoryStore, _number: int) -> int:
        raise StorageError("The disk is full.")

    monkeypatch.setattr(MemoryStore, "forget_person", refuse)
    house = House(tmp_path)

    async def work() -> None:
        with pytest.raises(StorageError):
            await house.forget(house.anna)

    house.play(work)
    assert house.people.people() == (house.anna,)
