"""Who is known changes as somebody is introduced, or forgotten, by voice."""

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import numpy as np

from daemon.bus import Bus
from daemon.dialogue.turn import Recitation
from daemon.errors import StorageError
from daemon.events import PeopleChanged
from daemon.people.person import Person
from daemon.people.store import PeopleStore
from daemon.running_people import RunningPeople
from tests.fakes import ANNA, VirtualWorker
from tests.virtual_time import run_virtual


class House:
    """What of a daemon is needed, and what is done with it."""

    def __init__(self, store: PeopleStore | None = None, broken: bool = False) -> None:
        self.did: list[Any] = []
        self.broken = broken
        bus = Bus()
        bus.subscribe(PeopleChanged, lambda _: self.did.append("changed"))
        running = SimpleNamespace(
            bus=bus,
            components=SimpleNamespace(people=store, shared_worker=lambda _name: VirtualWorker()),
            speakers=SimpleNamespace(refresh=self.refresh),
            skills=SimpleNamespace(spawn=asyncio.ensure_future),
            session=SimpleNamespace(ask=self.did.append, language="en"),
            forget_person=self.forget,
        )
        self.people = RunningPeople(cast(Any, running))

    async def refresh(self) -> None:
        self.did.append("refreshed")

    async def forget(self, number: int) -> None:
        if self.broken:
            raise StorageError("the disk is full")
        self.did.append(number)


def test_who_is_introduced_is_written_down_and_known_at_once(tmp_path: Any) -> None:
    store = PeopleStore(tmp_path / "people.json")
    house = House(store)
    voiceprints = np.eye(2, dtype=np.float32)
    anna: Person = run_virtual(house.people.add("Anna", voiceprints, tools=False))
    assert (anna.name, anna.owner, anna.tools) == ("Anna", True, False)
    assert store.people() == (anna,)
    assert house.did == ["refreshed", "changed"]


def test_who_is_forgotten_is_told_so_afterwards() -> None:
    async def forget(house: House) -> list[Any]:
        house.people.remove(ANNA, "I have forgotten you.")
        await asyncio.sleep(1)
        return house.did

    assert run_virtual(forget(House())) == [ANNA.number, Recitation("I have forgotten you.")]
    [said] = run_virtual(forget(House(broken=True)))
    assert said.text.startswith("Sorry")
