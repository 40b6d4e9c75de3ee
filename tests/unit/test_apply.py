"""Other voices and faces for a running daemon: what is used, and what is closed."""

import asyncio
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from daemon.api.bodies import FaceChoice, VoiceChoice
from daemon.api.routes import settings as routes
from daemon.api.services import Services
from daemon.brain.style import Style
from daemon.components import Components
from daemon.config import Settings, load
from daemon.config.state import with_values
from daemon.dialogue.filters import DialogueContext
from daemon.dialogue.openers import Openers
from daemon.errors import InputError, SetupError
from daemon.face.background import read_background
from daemon.face.behaviour import Behaviour
from daemon.server import Daemon
from tests.fakes import FakeConverter, FakeFace, FakeVoice, parts

Work = Callable[[Daemon, SimpleNamespace], Any]


class Room(Components):
    """A components of fakes that notes what is open."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.open: list[str] = []

    def _fake(self, part: Any, name: str) -> Any:
        self.open.append(name)
        part.close = lambda: self.open.remove(name)
        return part

    def voice(self) -> Any:
        if self.settings.voice.english == "missing":
            raise SetupError("there is no such voice")
        return self._fake(FakeVoice(), self.settings.voice.english)

    async def _converter(self, voice: Any, speaking: Any) -> Any:
        name = self.settings.voice.name
        if name == "broken":
            raise SetupError("the voice is broken")
        return await self.make(
            self.shared_worker("conversion"), lambda: self._fake(FakeConverter(), name)
        )

    def face(self) -> Any:
        if self.settings.face.name == "broken":
            raise SetupError("the face is broken")
        read_background(self.settings.face.background, (64, 64))
        return self._fake(FakeFace(), self.settings.face.name)

    other_face = face


class StandInStreamer:
    def __init__(self, face: Any) -> None:
        self.face = face
        self.behaviour = Behaviour(25)

    def use(self, face: Any) -> None:
        self.face = face

    async def drawn(self) -> None:
        pass


class Session:
    def __init__(self, first: Any) -> None:
        self.parts, self.hushed, self.barge_in_s = first, 0, 0.2
        self.apologies: dict[str, Any] = {}
        self.context = DialogueContext()

    def use(self, **changed: Any) -> None:
        self.parts = replace(self.parts, **changed)

    def stop_speaking(self) -> None:
        self.hushed += 1


@pytest.fixture(autouse=True)
def voices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    for name in ("mother", "father", "broken"):
        folder = tmp_path / "digital-life" / "voices" / name
        folder.mkdir(parents=True)
        (folder / "voice.toml").write_text('kind = "world"\nconsent = "2026-01-01"\n')


def changing(
    work: Work, options: Callable[[Settings], Settings] = lambda settings: settings
) -> None:
    """Run ``work`` with what answers for a daemon that has a plain voice and no converted one.

    ``options`` are those that it was started with.
    """

    async def main() -> None:
        first = options(load(Path("config.toml")).settings)
        daemon = Daemon(first, Path("config.toml"), options)
        components = Room(first)
        async with components:
            made = parts(None, None)  # type: ignore[arg-type]
            speaking = components.worker("voice")
            voice = await components.make(speaking, components.voice)
            made = replace(made, speaking=speaking, synthesizer=voice, openers=Openers(Settings()))
            running = SimpleNamespace(
                components=components,
                session=Session(made),
                chat=SimpleNamespace(
                    history=SimpleNamespace(persona=""),
                    memory=SimpleNamespace(settings=None),
                    move_to=lambda place: None,
                ),
                parts=made,
                bus=daemon.bus,
                skills=SimpleNamespace(assistant=None),
                screen=None,
                speakers=None,
                tools=SimpleNamespace(use=lambda servers: None, try_again=lambda: None),
            )
            daemon.listens(running)  # type: ignore[arg-type]
            await work(daemon, running)
        assert components.open == []

    asyncio.run(main())


async def choose(daemon: Daemon, name: str, **more: Any) -> dict[str, Any]:
    services: Services = SimpleNamespace(daemon=daemon)  # type: ignore[assignment]
    return (await routes.voice(services, VoiceChoice(name=name, **more))).model_dump()


def test_a_converted_voice_comes_and_goes() -> None:
    async def work(daemon: Daemon, running: SimpleNamespace) -> None:
        for name in ("mother", "father", ""):
            assert await choose(daemon, name) == {
                "changed": ["voice.name"],
                "needs_restart": [],
            }
            conversion = running.session.parts.conversion
            assert (conversion.name if conversion else "") == name
            assert running.components.open == ["auto", *filter(None, [name])]
            assert running.components.settings.voice.name == name
        assert running.session.hushed == 3

    changing(work)


def test_a_model_is_the_plain_voice_itself() -> None:
    async def work(daemon: Daemon, running: SimpleNamespace) -> None:
        await choose(daemon, "mother")
        done = await choose(daemon, "am_puck")
        assert done["changed"] == ["voice.name", "voice.english"]
        assert running.session.parts.conversion is None
        assert running.components.open == ["am_puck"]

    changing(work)


@pytest.mark.parametrize(
    "changed", [{"voice.name": "mother"}, {"voice.english": "another"}, {"voice.speed": 1.5}]
)
def test_sounds_of_the_voice_before_are_forgotten(changed: dict[str, Any]) -> None:
    async def work(daemon: Daemon, running: SimpleNamespace) -> None:
        openers = running.session.parts.openers
        before = openers.sounds
        await daemon.changes.choose({"dialogue.openers": False})
        assert not openers.wanted and openers.sounds is before
        await daemon.changes.choose(changed)
        assert running.session.parts.openers is openers and openers.sounds is not before

    changing(work)


def test_one_that_cannot_be_loaded_leaves_the_one_before() -> None:
    async def work(daemon: Daemon, running: SimpleNamespace) -> None:
        await choose(daemon, "mother")
        before = running.session.parts.conversion
        for name in ("broken", "missing"):
            with pytest.raises(SetupError):
                await choose(daemon, name)
        assert running.session.parts.conversion is before
        assert running.components.open == ["auto", "mother"]
        assert running.components.settings.voice.name == "mother"

    changing(work)


def test_a_way_of_talking_is_read_anew_and_one_that_is_gone_changes_nothing(
    tmp_path: Path,
) -> None:
    path = tmp_path / "style.json"

    async def work(daemon: Daemon, running: SimpleNamespace) -> None:
        for messages in (1, 2):
            Style(messages=messages).save(path)
            await daemon.changes.choose({"brain.style": str(path), "voice.speed": 1 + messages / 2})
            assert running.chat.history.style.messages == messages
        with pytest.raises(SetupError, match="way of talking"):
            await daemon.changes.choose({"brain.style": str(tmp_path / "none")})
        assert running.chat.history.style.messages == 2

    changing(work)


def test_a_face_that_there_is_not_is_refused_without_a_camera_too() -> None:
    async def work(daemon: Daemon, running: SimpleNamespace) -> None:
        services: Services = SimpleNamespace(daemon=daemon)  # type: ignore[assignment]
        with pytest.raises(SetupError):
            await routes.face(services, FaceChoice(name="nobody"))
        assert running.components.settings.face.name == "default"

    changing(work)


def test_another_background_comes_at_once_and_one_that_cannot_be_read_changes_nothing() -> None:
    async def work(daemon: Daemon, running: SimpleNamespace) -> None:
        running.screen = StandInStreamer(
            face := await running.components.make(running.parts.drawing, FakeFace)
        )
        done = await daemon.changes.choose({"face.background": "blur"})
        assert done == {"changed": ["face.background"], "needs_restart": []}
        assert running.screen.face is running.session.parts.lip_sync is not face
        shown = running.screen.face
        with pytest.raises(InputError, match="does not exist"):
            await daemon.changes.choose({"face.background": "/absent/beach.jpg"})
        assert running.screen.face is shown
        assert running.components.settings.face.background == "blur"

    changing(work)


def test_a_part_that_fails_after_others_were_built_changes_nothing() -> None:
    async def work(daemon: Daemon, running: SimpleNamespace) -> None:
        running.screen = StandInStreamer(
            face := await running.components.make(running.parts.drawing, FakeFace)
        )
        await choose(daemon, "mother")
        parts, settings, open_before = (
            running.session.parts,
            running.components.settings,
            list(running.components.open),
        )
        hushed, apologies = running.session.hushed, running.session.apologies
        wanted = {"voice.english": "another", "voice.name": "father", "face.name": "broken"}
        with pytest.raises(SetupError, match="the face is broken"):
            await daemon.changes.choose(wanted)
        assert running.session.parts is parts and running.screen.face is face
        assert running.components.settings is settings
        assert running.components.open == open_before, "what was built is closed again"
        assert running.session.hushed == hushed and running.session.apologies is apologies
        done = await daemon.changes.choose({**wanted, "face.name": "drawn"})
        assert set(done["changed"]) >= {"voice.english", "voice.name"}
        assert sorted(running.components.open) == ["another", "drawn", "father"]
        assert running.session.apologies["en"].size, "the new voice apologises, too"

    changing(work)


def test_an_old_part_that_cannot_be_closed_is_no_failure() -> None:
    async def work(daemon: Daemon, running: SimpleNamespace) -> None:
        await choose(daemon, "mother")

        def close() -> None:
            running.components.open.remove("mother")
            raise RuntimeError("it hangs on")

        running.session.parts.conversion.converter.close = close
        done = await choose(daemon, "father")
        assert done["changed"] == ["voice.name"]
        assert running.session.parts.conversion.name == "father"

    changing(work)


def test_what_it_was_started_with_outlives_a_reload() -> None:
    def with_father(settings: Settings) -> Settings:
        voice = settings.voice.model_copy(update={"name": "father"})
        return settings.model_copy(update={"voice": voice})

    async def work(daemon: Daemon, running: SimpleNamespace) -> None:
        assert await daemon.reload() == {"changed": [], "needs_restart": []}
        await choose(daemon, "mother")
        assert (await daemon.reload())["changed"] == ["voice.name"]
        assert running.components.settings.voice.name == "father"

    changing(work, with_father)


def test_changing_again_and_again_leaves_no_thread() -> None:
    async def work(daemon: Daemon, running: SimpleNamespace) -> None:
        await choose(daemon, "mother")
        before = threading.active_count()
        for _ in range(5):
            await choose(daemon, "father")
            await choose(daemon, "mother")
        assert threading.active_count() == before

    changing(work)


def test_a_daemon_that_loads_is_alive() -> None:
    daemon = Daemon(load(Path("config.toml")).settings)
    assert daemon.unhealthy_component() == "", "else nobody would ping the watchdog from then on"


def test_another_language_is_apologised_in_and_one_without_a_voice_is_refused(
    tmp_path: Path,
) -> None:
    def options(settings: Settings) -> Settings:
        return with_values(settings, {"models.directory": str(tmp_path)})

    async def work(daemon: Daemon, running: Any) -> None:
        await daemon.changes.choose({"ears.languages": ["en"]})
        assert running.chat.history.languages == ("en",)
        assert running.session.apologies["en"].size
        with pytest.raises(SetupError, match="español") as refused:
            await daemon.changes.choose({"ears.languages": ["en", "es"]})
        assert "kokoro" in refused.value.fix
        assert running.components.settings.ears.languages == ("en",)

    changing(work, options)
