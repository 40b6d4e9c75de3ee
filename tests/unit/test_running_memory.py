"""What the skills have a running daemon's memory do: leave to keep, telling again, forgetting."""

import tomllib
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from daemon.apply import Applied
from daemon.bus import Bus
from daemon.config import load, packaged_config, user_config
from daemon.config.state import SettingsState, with_values
from daemon.dialogue.chat import Chat
from daemon.dialogue.recollecting import recollects
from daemon.events import Forgotten
from daemon.media import Transcript
from daemon.memory.conversation_memory import ConversationMemory
from daemon.people.person import Person
from daemon.running_memory import RunningMemory
from daemon.skills.book import SkillBook
from daemon.skills.memory_intents import Consent, Recollect, Remember
from daemon.skills.skills import Skills
from tests.fakes import FakeChat, FakeRecognizer, VirtualWorker, parts
from tests.unit.memory.test_recollection import encode
from tests.virtual_time import run_virtual

WU = "Remember that my dentist is Doctor Wu."
ANNA = Person(1, "Anna")


class Room:
    """A daemon of which only the memory is there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.settings = SettingsState(load(packaged_config()).settings)
        self.bus = Bus()
        self.published: list[Forgotten] = []
        self.bus.subscribe(Forgotten, self.published.append)
        memory = ConversationMemory(
            VirtualWorker(),
            folder / "memory.db",
            self.settings.wanted.memory,
            encoder=lambda: encode,
        )
        self.chat = Chat(self.settings.wanted, parts(FakeRecognizer(), FakeChat()), memory)
        running: Any = SimpleNamespace(chat=self.chat, bus=self.bus)
        self.memory = RunningMemory(running, self.settings, self.choose, None)

    async def choose(self, values: Mapping[str, object]) -> Applied:
        self.settings.take(with_values(self.settings.wanted, values), values)
        self.chat.memory.settings = self.settings.wanted.memory
        return Applied(changed=list(values), needs_restart=[])

    def run(self, work: Callable[[], Awaitable[None]]) -> None:
        async def run() -> None:
            await self.chat.begin("")
            await work()
            await self.chat.close()

        run_virtual(run())

    @property
    def state(self) -> tuple[bool, bool]:
        """Whether it keeps anything, and whether it may ask."""
        return self.memory.keeps, self.memory.may_ask

    @property
    def file(self) -> bytes:
        return b"".join(path.read_bytes() for path in self.folder.glob("memory.db*"))


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Room:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    return Room(tmp_path)


def written() -> dict[str, object]:
    memory = tomllib.loads(user_config().read_text(encoding="utf-8"))["memory"]
    assert isinstance(memory, dict)
    return memory


def test_leave_to_keep_is_for_good_and_begins_with_what_was_said(room: Room) -> None:
    async def work() -> None:
        assert room.state == (False, True)
        await room.memory.allow(WU, ANNA.number)
        assert room.state == (True, True)
        told = await room.memory.told("the dentist", ANNA.number)
        assert [text for _, text in told] == ["my dentist is Doctor Wu"]
        assert await room.memory.told("", ANNA.number) == told
        assert await room.memory.told("the dentist", None) == []

    room.run(work)
    assert written() == {"keep": True}
    assert room.settings.unkept == []


def test_it_asks_once(room: Room) -> None:
    async def work() -> None:
        await room.memory.never_ask()
        assert room.state == (False, False)

    room.run(work)
    assert written() == {"ask": False}


def test_what_is_forgotten_is_gone_and_so_is_the_order(room: Room) -> None:
    order = "Forget what I said about the dentist."

    async def work() -> None:
        await room.memory.allow(WU, None)
        room.chat.history.commit("The opera was long.", "I see.")
        room.chat.history.commit("My violin is old.", "Is it?")
        assert await room.memory.forget("the dentist", None, order) == ["my dentist is Doctor Wu"]
        room.chat.history.commit(order, "Forgotten.")
        assert await room.memory.forget("", None, "Forget that.") == ["My violin is old."]
        room.chat.history.commit("Forget that.", "Forgotten.")
        asked = [question for question, _ in room.chat.history.turns]
        assert asked == ["The opera was long.", order, "Forget that."]

    room.run(work)
    assert room.published == [Forgotten(everything=False)] * 2
    assert b"opera" in room.file
    for gone in (b"dentist", b"Wu", b"violin", b"Forget"):
        assert gone not in room.file


def test_what_answers_a_question_is_recollected_for_whoever_said_it(room: Room) -> None:
    async def work() -> None:
        await room.memory.allow("Remember that we sail on Sundays.", None)
        await room.chat.memory.prepare()
        room.chat.history.commit(WU, "I will.", ANNA)
        room.chat.history.commit(WU, "I will.", ANNA)
        await room.chat.begin_again()
        recollect = recollects(room.chat.history, room.chat.memory)
        line = await recollect("Who looks after my teeth?", ANNA, "en")
        assert "they told you: “my dentist is Doctor Wu”" in line
        assert await recollect("Who looks after my teeth?", None, "en") == ""

    room.run(work)


def test_it_asks_where_nothing_is_kept_and_only_there(room: Room) -> None:
    async def work() -> None:
        skills = Skills(SkillBook(VirtualWorker(), room.folder / "skills.db"))
        assert skills.plan(Transcript(WU, "en"), 1) is None, "without a memory, the brain answers"
        assert skills.plan(Transcript("What did I tell you about Tom?", "en")) is None
        skills.memory = room.memory
        plan = skills.plan(Transcript(WU, "en"), 1)
        assert plan is not None
        assert plan.intent == Remember(WU, 1)
        assert "shall I?" in await plan.carry_out()
        answer = skills.plan(Transcript("Yes, please.", "en"), 1)
        assert answer is not None
        assert answer.intent == Consent(Remember(WU, 1), given=True)
        assert await answer.carry_out() == "All right, I'll remember that."
        assert skills.plan(Transcript(WU, "en"), 1) is None, "it is kept, and the brain answers"
        ask = skills.plan(Transcript("What did I tell you about the dentist?", "en"), 1)
        assert ask is not None
        assert ask.intent == Recollect("the dentist")
        assert (await ask.carry_out()).endswith(": my dentist is Doctor Wu.")
        await skills.close()

    room.run(work)
