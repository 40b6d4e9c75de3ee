"""The plain voices over the API: the list, a sample, and choosing one."""

import asyncio
import io
import wave
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from daemon.api.routes import voices as routes
from daemon.api.services import MAX_SAMPLES
from daemon.config import Settings
from daemon.errors import BusyError, SetupError
from daemon.media import Audio
from daemon.store.model_store import ModelStore
from daemon.voice import samples
from daemon.worker import CancelToken, Worker
from tests.unit.voice.test_plain_voices import lay_out, small


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModelStore:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return ModelStore(tmp_path / "models", small())


async def answered(store: ModelStore, ask: Any) -> Any:
    components = SimpleNamespace(settings=Settings(), store=store)
    daemon = SimpleNamespace(require_running=lambda: SimpleNamespace(components=components))
    worker = Worker("api")
    try:
        sampling = asyncio.Semaphore(MAX_SAMPLES)
        return await ask(SimpleNamespace(daemon=daemon, worker=worker, sampling=sampling))
    finally:
        await worker.close()


def test_all_voices_are_told_with_those_in_use(store: ModelStore) -> None:
    lay_out(store, "kokoro", "piper-joe")
    told = asyncio.run(answered(store, routes.voices)).voices
    by_name = {voice.name: voice for voice in told}
    assert len(by_name) == len(told) >= 57
    assert {voice.name for voice in told if voice.in_use} >= {"piper-joe", "ef_dora"}
    assert by_name["piper-joe"].there and not by_name["piper-huayan"].there
    assert by_name["mandarin-baker"].restriction


def test_a_sample_is_a_wav_file(store: ModelStore, monkeypatch: pytest.MonkeyPatch) -> None:
    lay_out(store, "kokoro", "piper-joe")
    said: list[str] = []

    def sample(voice: Any, text: str, settings: Any, store: Any, cancel: CancelToken) -> Audio:
        said.append(voice.name)
        return Audio(np.full(48_000, 0.5, np.float32), 48_000)

    monkeypatch.setattr(samples, "sample", sample)
    answer = asyncio.run(answered(store, lambda services: routes.sample(services, "af_heart")))
    assert answer.media_type == "audio/wav" and said == ["af_heart"]
    with wave.open(io.BytesIO(answer.body)) as file:
        assert (file.getframerate(), file.getnframes()) == (24_000, 24_000)


def test_a_sample_of_nobody_names_the_closest(store: ModelStore) -> None:
    with pytest.raises(SetupError, match="af_hart") as caught:
        asyncio.run(answered(store, lambda services: routes.sample(services, "af_hart")))
    assert "af_heart" in caught.value.fix


def test_a_sample_of_a_voice_that_is_not_there_says_how_to_fetch_it(store: ModelStore) -> None:
    with pytest.raises(SetupError) as caught:
        asyncio.run(answered(store, lambda services: routes.sample(services, "zf_xiaoxiao")))
    assert caught.value.fix == "digital-life models pull kokoro"


def test_a_request_names_no_file(store: ModelStore, tmp_path: Path) -> None:
    lay_out(store, "kokoro", "piper-joe")
    own = tmp_path / "own.onnx"
    own.write_bytes(b"")
    own.with_name("own.onnx.json").write_text('{"espeak": {"voice": "en-us"}}')
    for name in (str(own), "own.onnx", "~root/own.onnx", "../own.onnx", "x" * 5000 + ".onnx"):
        with pytest.raises(SetupError, match="no voice called"):
            asyncio.run(answered(store, lambda services, name=name: routes.sample(services, name)))


def test_of_a_hundred_samples_at_once_a_few_are_made(
    store: ModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    lay_out(store, "kokoro", "piper-joe")
    made: list[str] = []

    def sample(voice: Any, text: str, settings: Any, store: Any, cancel: CancelToken) -> Audio:
        made.append(voice.name)
        return Audio(np.zeros(10, np.float32), 24_000)

    monkeypatch.setattr(samples, "sample", sample)

    async def hundred(services: Any) -> list[object]:
        asked = (routes.sample(services, "af_heart") for _ in range(100))
        return await asyncio.gather(*asked, return_exceptions=True)

    answers = asyncio.run(answered(store, hundred))
    refused = [answer for answer in answers if isinstance(answer, BusyError)]
    assert len(made) == MAX_SAMPLES and len(refused) == 100 - MAX_SAMPLES
