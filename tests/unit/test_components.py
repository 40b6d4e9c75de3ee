import asyncio
import gc
import weakref
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from daemon.components import Components
from daemon.config import load, packaged_config
from daemon.dialogue.apologies import make_apologies
from daemon.errors import SetupError
from daemon.media import Audio
from daemon.voice.plain_factory import PlainFactory
from daemon.worker import CancelToken
from tests.fakes import FakeVoice

SETTINGS = load(packaged_config()).settings


class Large:
    """A part that counts how often it is closed."""

    def __init__(self, closed: list[str], name: str) -> None:
        self._closed, self._name = closed, name

    def warm_up(self) -> None:
        pass

    def close(self) -> None:
        self._closed.append(self._name)


def test_parts_close_once_the_last_first() -> None:
    closed: list[str] = []

    async def run() -> None:
        async with Components(SETTINGS) as components:
            worker = components.worker("parts")
            await components.make(worker, lambda: Large(closed, "a"))
            middle = await components.make(worker, lambda: Large(closed, "b"))
            await components.make(worker, lambda: Large(closed, "c"))
            await components.release(worker, middle)
            await components.release(worker, middle)
            assert closed == ["b"]

    asyncio.run(run())
    assert closed == ["b", "c", "a"]


def test_a_part_that_was_released_is_forgotten() -> None:
    """A face or voice that was changed for another must not stay in memory."""

    async def run() -> None:
        async with Components(SETTINGS) as components:
            worker = components.worker("parts")
            part = await components.make(worker, lambda: Large([], "a"))
            seen = weakref.ref(part)
            await components.release(worker, part)
            del part
            await worker.run(lambda cancel: None)  # a thread may hold its last job's result
            gc.collect()
            assert seen() is None

    asyncio.run(run())


def nothing_speaks_chinese(folder: Path, languages: tuple[str, ...]) -> Any:
    told = SETTINGS.model_dump()
    told["ears"]["languages"] = languages
    told["models"]["directory"] = str(folder)
    settings = type(SETTINGS).model_validate(told)
    factory = PlainFactory(settings, Components(settings).store)
    return factory.mandarin(factory.chosen().get("zh"))


def test_who_understands_only_english_needs_no_mandarin_voice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))  # no espeak-ng either
    assert nothing_speaks_chinese(tmp_path, ("en",)) is None
    with pytest.raises(SetupError, match="espeak-ng"):
        nothing_speaks_chinese(tmp_path, ("en", "zh"))


def test_an_apology_that_no_voice_can_speak_is_left_out() -> None:
    class English(FakeVoice):
        def synthesize(self, text: str, cancel: CancelToken) -> Iterator[Audio]:
            return iter(()) if "对" in text else super().synthesize(text, cancel)

    async def run() -> None:
        async with Components(SETTINGS) as components:
            parts: Any = SimpleNamespace(synthesizer=English(), speaking=components.worker("voice"))
            assert list(await make_apologies(parts.synthesizer, parts.speaking)) == ["en"]

    asyncio.run(run())


@pytest.mark.parametrize("there", [False, True])
def test_a_face_that_cannot_be_used_leaves_the_drawn_one(
    there: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Removed by hand, or its clip is damaged: the daemon starts all the same, and says so."""
    from daemon.face.catalogue import NoFace
    from daemon.face.portrait import Portrait

    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    if there:
        folder = tmp_path / "digital-life" / "faces" / "me"
        (folder / "clip").mkdir(parents=True)
        (folder / "clip" / "clip.npz").write_bytes(b"half a file")
        (folder / "face.toml").write_text(
            '[[clips]]\nfolder = "clip"\nsource = "me.mp4"\nidle = false\n'
        )
    face = SETTINGS.face.model_copy(update={"name": "me"})
    components = Components(SETTINGS.model_copy(update={"face": face}))
    assert isinstance(components.face(), Portrait)
    assert "The drawn face is shown" in caplog.text
    with pytest.raises(NoFace):  # while it runs, the face before is the one to keep
        components.other_face()
