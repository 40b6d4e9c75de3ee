"""A card whose driver does not work: every part is told that there is one, and there is none.

So the libraries fail as they do where a driver is broken or their own parts for it are missing.
"""

import logging
from collections.abc import Callable
from pathlib import Path

import ctranslate2
import numpy as np
import onnxruntime
import pytest

from daemon.audio.files import read_recording
from daemon.ears.whisper import Whisper
from daemon.graphics import graphics_cards
from daemon.voice.piper import Piper
from daemon.voice.piper_network import CUDA
from daemon.worker import CancelToken
from tests.hearing import sounds_like

pytestmark = pytest.mark.skipif(bool(graphics_cards()), reason="there is a graphics card")
Weights = Callable[[str], Path]


def warned(caplog: pytest.LogCaptureFixture, part: str) -> None:
    told = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert len(told) == 1
    assert told[0].startswith(f"The graphics card fails ({part}), the processor takes over: ")


def test_words_are_understood_without(
    weights: Weights,
    audio_files: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(ctranslate2, "get_cuda_device_count", lambda: 1)
    ears = Whisper(weights("whisper-base"), ["en"])
    try:
        warned(caplog, "whisper")
        assert ears.device.startswith("processor, ")
        heard = ears.transcribe(read_recording(audio_files / "question-en.wav", 60), CancelToken())
        assert sounds_like(heard.text, "What is the capital of France?")
    finally:
        ears.close()


# what ONNX Runtime has to say of a provider that it was not built with
@pytest.mark.filterwarnings("ignore:Specified provider 'CUDAExecutionProvider'")
def test_a_voice_speaks_without(
    weights: Weights, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(
        onnxruntime, "get_available_providers", lambda: [CUDA, "CPUExecutionProvider"]
    )
    voice = Piper(weights("piper-joe"))
    try:
        warned(caplog, "piper")
        assert voice.device == "processor"
        (said,) = voice.synthesize("Hello.", CancelToken())
        assert np.abs(said.samples).max() > 0.05
    finally:
        voice.close()
