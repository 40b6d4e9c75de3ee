"""A running daemon changes its converted voice: real WORLD voices, a recording as the plain one."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from daemon.apply import apply
from daemon.audio.files import read_recording
from daemon.components import Components
from daemon.config import Settings, load, packaged_config
from daemon.dialogue.filters import DialogueContext
from daemon.errors import SetupError
from daemon.media import Audio
from daemon.running import Running
from daemon.voice.catalogue import TIMBRE, ConvertedVoiceSettings, NewVoice
from daemon.voice.world import World, measure
from daemon.worker import CancelToken

AUDIO = Path(__file__).parent.parent / "audio"


class Recorded:
    """Always says the same."""

    def synthesize(self, text: str, cancel: CancelToken) -> Iterator[Audio]:
        yield read_recording(AUDIO / "question-en.wav", 60)


class Session:
    """What ``apply`` needs of a session."""

    def __init__(self, **parts: Any) -> None:
        self.parts = SimpleNamespace(**parts)
        self.barge_in_s, self.hushed = 0.0, 0
        self.context = DialogueContext()

    def use(self, **parts: Any) -> None:
        self.parts = SimpleNamespace(**(vars(self.parts) | parts))

    def stop_speaking(self) -> None:
        self.hushed += 1


@pytest.fixture
def voices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    timbre = measure([read_recording(AUDIO / "lj-page.ogg", 60, rate=None)], CancelToken())
    for name in ("ann", "bob"):
        with NewVoice(name) as new:
            timbre.save(new.directory / TIMBRE)
            new.finish(ConvertedVoiceSettings(kind="world", consent="2026-01-01"))


def named(name: str) -> Settings:
    usual = load(packaged_config()).settings
    voice = usual.voice.model_copy(update={"name": name})
    return usual.model_copy(update={"voice": voice})


def test_another_voice_and_back(voices: None) -> None:
    async def change() -> None:
        async with Components(named("")) as components:
            session = Session(
                synthesizer=Recorded(),
                speaking=components.worker("voice"),
                conversion=None,
                openers=None,
            )
            running = cast(
                Running,
                SimpleNamespace(
                    components=components,
                    session=session,
                    screen=None,
                    tools=SimpleNamespace(use=lambda servers: None),
                    chat=SimpleNamespace(
                        history=SimpleNamespace(),
                        memory=SimpleNamespace(settings=None),
                        move_to=lambda place: None,
                    ),
                ),
            )
            assert (await apply(running, named("ann")))["changed"] == ["voice.name"]
            first = session.parts.conversion
            assert first.name == "ann" and isinstance(first.converter, World)
            assert session.hushed == 1

            with pytest.raises(SetupError, match="carol"):
                await apply(running, named("carol"))
            assert session.parts.conversion is first
            assert components.settings.voice.name == "ann"

            await apply(running, named("bob"))
            assert session.parts.conversion.name == "bob"
            assert session.parts.conversion.worker is first.worker
            await apply(running, named(""))
            assert session.parts.conversion is None

    asyncio.run(change())
