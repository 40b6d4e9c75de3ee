"""What the skills have a running daemon do, by voice: settings, names, sleep, somebody else."""

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from daemon.apply import Applied
from daemon.bus import Bus
from daemon.config import load, packaged_config
from daemon.config.state import SettingsState, with_values
from daemon.dialogue.filters import DialogueContext
from daemon.dialogue.turn import Recitation
from daemon.errors import SetupError
from daemon.events import EarsOpened, PersonaSwitched, SleepChanged
from daemon.languages import language as known
from daemon.media import Transcript
from daemon.persona_switcher import PersonaSwitcher
from daemon.running_assistant import RunningAssistant
from daemon.skills.intents import SwitchFace, SwitchPersona, SwitchVoice


class SwitchStage:
    """A daemon of which only what the assistant needs is there."""

    def __init__(self) -> None:
        self.settings = SettingsState(load(packaged_config()).settings)
        self.bus, self.context = Bus(), DialogueContext()
        self.chosen: list[dict[str, object]] = []
        self.said: list[Recitation] = []
        self.tasks: list[asyncio.Task[None]] = []
        self.conversations: list[str] = []
        self.forgotten = 0
        self.error: SetupError | None = None
        self.components = SimpleNamespace(
            settings=self.settings.wanted, on_close=lambda _close: None
        )
        session = SimpleNamespace(context=self.context, ask=self.said.append, forget=self.forget)
        running: Any = SimpleNamespace(
            bus=self.bus,
            session=session,
            components=self.components,
            chat=SimpleNamespace(begin=self.begin),
            skills=SimpleNamespace(
                spawn=lambda work: self.tasks.append(asyncio.ensure_future(work))
            ),
        )
        personas = PersonaSwitcher(self.settings, self.choose, self.bus)
        self.assistant = RunningAssistant(running, self.settings, self.choose, personas)

    def forget(self) -> None:
        self.forgotten += 1

    async def begin(self, persona: str) -> None:
        self.conversations.append(persona)

    async def choose(self, values: Mapping[str, object]) -> Applied:
        if self.error is not None:
            raise self.error
        self.chosen.append(dict(values))
        self.settings.take(with_values(self.settings.wanted, values))
        self.components.settings = self.settings.wanted
        return Applied(changed=list(values), needs_restart=[])

    def switch(self, to: SwitchPersona | SwitchVoice | SwitchFace, language: str = "en") -> None:
        async def switch() -> None:
            self.assistant.switch(to, Transcript("switch", language))
            await asyncio.gather(*self.tasks)

        asyncio.run(switch())


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SwitchStage:
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    return SwitchStage()


def test_volume_and_pace_change_at_once(room: SwitchStage) -> None:
    asyncio.run(room.assistant.set_volume(0.4))
    asyncio.run(room.assistant.set_pace(1.3))
    assert room.chosen == [{"voice.volume": 0.4}, {"voice.speed": 1.3}]
    assert (room.assistant.volume, room.assistant.pace) == (0.4, 1.3)
    assert room.settings.waiting == [], "neither waits for a restart"


@pytest.mark.parametrize(
    ("to", "setting", "language"),
    [
        (SwitchVoice("amy"), {"voice.name": "amy"}, "en"),
        (SwitchVoice("amy"), {"voice.name": "amy"}, "zh"),
        (SwitchFace("robot"), {"face.name": "robot"}, "en"),
        (SwitchFace("robot"), {"face.name": "robot"}, "zh"),
    ],
)
def test_another_voice_and_face(
    room: SwitchStage, to: SwitchVoice | SwitchFace, setting: dict[str, object], language: str
) -> None:
    room.switch(to, language)
    assert room.chosen == [setting]
    assert room.settings.waiting == []
    [said] = room.said
    assert to.name in said.text
    assert said.text.isascii() is (language == "en"), "it answers in the language of the order"
    assert said.answers == Transcript("switch", language)


def test_another_persona_greets_in_a_new_conversation(room: SwitchStage) -> None:
    switched: list[str] = []
    room.bus.subscribe(PersonaSwitched, lambda event: switched.append(event.persona))
    room.switch(SwitchPersona("Oliver"))
    assert room.chosen == [{"persona.name": "oliver"}]
    assert (room.forgotten, room.conversations, switched) == (1, ["oliver"], ["oliver"])
    assert len(room.said) == 1
    assert room.assistant.persona("en") == "Oliver"


@pytest.mark.parametrize("to", [SwitchPersona("Oliver"), SwitchVoice("amy"), SwitchFace("robot")])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_what_cannot_be_loaded_is_regretted_and_all_stays(
    room: SwitchStage,
    to: SwitchPersona | SwitchVoice | SwitchFace,
    language: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    before, room.error = room.settings.wanted, SetupError("It is gone.", "look for it")
    room.switch(to, language)
    assert [said.text for said in room.said] == [known(language).said.apology]
    assert room.settings.wanted == before and room.conversations == []
    assert "It is gone." in caplog.text


def test_a_persona_that_there_is_not(room: SwitchStage) -> None:
    room.switch(SwitchPersona("nobody"))
    assert [said.text for said in room.said] == [known("en").said.apology]
    assert room.chosen == []


def test_it_knows_who_and_what_there_is(room: SwitchStage) -> None:
    names = room.assistant.names()
    assert {"Oliver", "Luna", "露娜"} <= set(names.personas)
    assert "default" in names.faces
    assert room.assistant.names() is names, "files are not read for every question"


def test_it_sleeps_after_the_answer_and_a_key_wakes_it(room: SwitchStage) -> None:
    told: list[bool] = []
    room.bus.subscribe(SleepChanged, lambda event: told.append(event.asleep))
    room.assistant.sleep()
    assert (room.context.falls_asleep, room.context.asleep) == (True, False), "first it answers"
    states: list[bool] = []
    jobs: list[Callable[[], None]] = [
        lambda: room.bus.publish(EarsOpened(False)),
        lambda: room.bus.publish(EarsOpened(True)),
        room.assistant.wake,
    ]
    for job in jobs:
        room.context.asleep = True
        job()
        states.append(room.context.asleep)
    assert states == [True, False, False], "only being opened, or told, wakes it"
    assert told == [False, False]
