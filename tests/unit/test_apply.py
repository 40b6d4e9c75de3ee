"""Other voices and faces for a running daemon: what is used, and what is closed."""

import asyncio
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from daemon.apply import LIVE
from daemon.config import Settings, catalogue, load
from daemon.dialogue.filters import Lately
from daemon.dialogue.mute import Mute
from daemon.errors import SetupError
from daemon.loading import Loader
from daemon.service.desk import Desk
from daemon.service.protocol import Choose
from tests.fakes import FakeConverter, FakeFace, FakeVoice, parts

Work = Callable[[Desk, SimpleNamespace], Any]


class Room(Loader):
    """A loader of fakes that notes what is open."""

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
        return await self.make(self._converting(), lambda: self._fake(FakeConverter(), name))

    def face(self) -> Any:
        if self.settings.face.name == "broken":
            raise SetupError("the face is broken")
        return self._fake(FakeFace(), self.settings.face.name)

    other_face = face


class Screen:
    def __init__(self, face: Any) -> None:
        self.face = face

    def use(self, face: Any) -> None:
        self.face = face

    async def drawn(self) -> None:
        pass


class Session:
    def __init__(self, first: Any) -> None:
        self.parts, self.hushed, self.barge_in_s = first, 0, 0.2
        self.apologies: dict[str, Any] = {}
        self.lately = Lately()

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
    """Run ``work`` with the desk of a daemon that has a plain voice and no converted one.

    ``options`` are those that it was started with.
    """

    async def main() -> None:
        first = options(load(Path("config.toml")).settings)
        desk = Desk(first, Path("config.toml"), Mute(), options)
        loader = Room(first)
        async with loader:
            made = parts(None, None)  # type: ignore[arg-type]
            speaking = loader.worker("voice")
            voice = await loader.make(speaking, loader.voice)
            made = replace(made, speaking=speaking, synthesizer=voice)
            running = SimpleNamespace(
                loader=loader,
                session=Session(made),
                chat=SimpleNamespace(
                    history=SimpleNamespace(persona=""), keeper=SimpleNamespace(settings=None)
                ),
                parts=made,
                screen=None,
                tools=SimpleNamespace(use=lambda servers: None, try_again=lambda: None),
            )
            desk.ready(running)  # type: ignore[arg-type]
            await work(desk, running)
        assert loader.open == []

    asyncio.run(main())


def choose(name: str, **more: Any) -> Choose:
    return Choose(v=1, do="voice", name=name, **more)


def test_a_converted_voice_comes_and_goes() -> None:
    async def work(desk: Desk, running: SimpleNamespace) -> None:
        for name in ("mother", "father", ""):
            assert await desk.answer(choose(name)) == {
                "changed": ["voice.name"],
                "needs_restart": [],
            }
            conversion = running.session.parts.conversion
            assert (conversion.name if conversion else "") == name
            assert running.loader.open == ["piper-joe", *filter(None, [name])]
            assert running.loader.settings.voice.name == name
        assert running.session.hushed == 3

    changing(work)


def test_a_model_is_the_plain_voice_itself() -> None:
    async def work(desk: Desk, running: SimpleNamespace) -> None:
        await desk.answer(choose("mother"))
        done = await desk.answer(choose("another"))
        assert done["changed"] == ["voice.name", "voice.english"]
        assert running.session.parts.conversion is None
        assert running.loader.open == ["another"]

    changing(work)


def test_one_that_cannot_be_loaded_leaves_the_one_before() -> None:
    async def work(desk: Desk, running: SimpleNamespace) -> None:
        await desk.answer(choose("mother"))
        before = running.session.parts.conversion
        for name in ("broken", "missing"):
            with pytest.raises(SetupError):
                await desk.answer(choose(name))
        assert running.session.parts.conversion is before
        assert running.loader.open == ["piper-joe", "mother"]
        assert running.loader.settings.voice.name == "mother"

    changing(work)


def test_a_part_that_fails_after_others_were_built_changes_nothing() -> None:
    async def work(desk: Desk, running: SimpleNamespace) -> None:
        running.screen = Screen(face := await running.loader.make(running.parts.drawing, FakeFace))
        await desk.answer(choose("mother"))
        parts, settings, open_before = (
            running.session.parts,
            running.loader.settings,
            list(running.loader.open),
        )
        hushed, apologies = running.session.hushed, running.session.apologies
        wanted = {"voice.english": "another", "voice.name": "father", "face.name": "broken"}
        with pytest.raises(SetupError, match="the face is broken"):
            await desk.choose(wanted)
        assert running.session.parts is parts and running.screen.face is face
        assert running.loader.settings is settings
        assert running.loader.open == open_before, "what was built is closed again"
        assert running.session.hushed == hushed and running.session.apologies is apologies
        done = await desk.choose({**wanted, "face.name": "drawn"})
        assert set(done["changed"]) >= {"voice.english", "voice.name"}
        assert sorted(running.loader.open) == ["another", "drawn", "father"]
        assert running.session.apologies["en"].size, "the new voice apologises, too"

    changing(work)


def test_an_old_part_that_cannot_be_closed_is_no_failure() -> None:
    async def work(desk: Desk, running: SimpleNamespace) -> None:
        await desk.answer(choose("mother"))

        def close() -> None:
            running.loader.open.remove("mother")
            raise RuntimeError("it hangs on")

        running.session.parts.conversion.converter.close = close
        done = await desk.answer(choose("father"))
        assert done["changed"] == ["voice.name"]
        assert running.session.parts.conversion.name == "father"

    changing(work)


def test_what_it_was_started_with_outlives_a_reload() -> None:
    def with_father(settings: Settings) -> Settings:
        voice = settings.voice.model_copy(update={"name": "father"})
        return settings.model_copy(update={"voice": voice})

    async def work(desk: Desk, running: SimpleNamespace) -> None:
        assert await desk.reload() == {"changed": [], "needs_restart": []}
        await desk.answer(choose("mother"))
        assert (await desk.reload())["changed"] == ["voice.name"]
        assert running.loader.settings.voice.name == "father"

    changing(work, with_father)


def test_changing_again_and_again_leaves_no_thread() -> None:
    async def work(desk: Desk, running: SimpleNamespace) -> None:
        await desk.answer(choose("mother"))
        before = threading.active_count()
        for _ in range(5):
            await desk.answer(choose("father"))
            await desk.answer(choose("mother"))
        assert threading.active_count() == before

    changing(work)


def test_a_daemon_that_loads_is_alive() -> None:
    settings = load(Path("config.toml")).settings
    desk = Desk(settings, None, Mute())
    assert desk.ailment() == "", "else nobody would ping the watchdog from then on"


def test_a_setting_says_itself_whether_it_changes_at_once() -> None:
    assert {name for name, info in catalogue().items() if info.live} == set(LIVE)
