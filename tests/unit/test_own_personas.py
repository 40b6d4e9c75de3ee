"""Each known person may have a persona of their own."""

import asyncio
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, cast

import pytest

from daemon.apply import Applied
from daemon.bus import Bus
from daemon.config import load, packaged_config
from daemon.config.state import SettingsState, with_values
from daemon.errors import SetupError
from daemon.events import PersonaSwitched
from daemon.media import Transcript
from daemon.people.person import Person, Speaker
from daemon.persona_switcher import PersonaSwitcher
from tests.virtual_time import run_virtual

ANNA = Speaker(Person(1, "Anna", persona="luna"), 0.8)
BEN = Speaker(Person(2, "Ben"), 0.8)


class House:
    """A switcher, and what is done with it."""

    def __init__(self) -> None:
        self.settings = SettingsState(load(packaged_config()).settings)
        self.asked: list[tuple[Any, Any]] = []
        self.chosen: list[object] = []
        self.broken = False
        self.bus = Bus()
        self.became: list[str] = []
        self.bus.subscribe(PersonaSwitched, lambda event: self.became.append(event.persona))
        self.session: Any = SimpleNamespace(
            forget=lambda: None,
            ask=lambda question, speaker=None: self.asked.append((question, speaker)),
            use=lambda voice_command: setattr(self, "order", voice_command),
        )
        chat = SimpleNamespace(begin=self.begin)
        self.running = cast(Any, SimpleNamespace(session=self.session, chat=chat, components=None))
        self.order: Any = None
        PersonaSwitcher(self.settings, self.choose, self.bus).obey(self.running)

    async def begin(self, persona: str) -> None:
        pass

    async def choose(self, values: Mapping[str, object]) -> Applied:
        if self.broken:
            raise SetupError("no such voice")
        self.chosen += values.values()
        self.settings.take(with_values(self.settings.wanted, values), ())
        return {"changed": [], "needs_restart": []}

    def says(self, speaker: Speaker | None, text: str = "hello") -> bool:
        """Return whether that has another answer."""

        async def say() -> bool:
            begin = self.order(Transcript(text, "en"), speaker)
            if begin is None:
                return False
            begin()
            await asyncio.sleep(1)
            return True

        return run_virtual(say())


def test_whoever_has_a_persona_is_answered_by_it() -> None:
    house = House()
    assert not house.says(None) and not house.says(Speaker())
    assert house.says(ANNA)
    assert house.asked == [("hello", ANNA)], "the question is not lost"
    assert not house.says(ANNA)
    assert house.says(BEN), "who has none is answered by whoever did before"
    assert not house.says(BEN)
    assert (house.chosen, house.became) == (["luna", ""], ["luna", "default"])


def test_an_order_to_switch_holds_until_another_speaks() -> None:
    house = House()
    house.running.components = SimpleNamespace(settings=house.settings.wanted)
    assert house.says(ANNA)
    assert house.says(ANNA, "Switch to Oliver.")
    assert not house.says(ANNA) and not house.says(BEN)
    assert house.says(ANNA)
    assert house.chosen == ["luna", "oliver", "luna"]


def test_a_persona_that_cannot_be_had_leaves_the_question_answered() -> None:
    house = House()
    house.broken = True
    assert house.says(ANNA)
    assert house.asked == [("hello", ANNA)] and house.became == []


@pytest.mark.parametrize("speaker", [Speaker(None, 0.2), BEN])
def test_strangers_and_those_without_one_change_nothing(speaker: Speaker) -> None:
    assert not House().says(speaker)
