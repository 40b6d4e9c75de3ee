"""Kokoro's real voices through all that chooses them: loudness, pace, languages, one voice."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from daemon.config import load, packaged_config
from daemon.config.state import with_values
from daemon.errors import SetupError
from daemon.languages import language
from daemon.media import SPEAK_RATE, Audio
from daemon.store.model_store import open_store
from daemon.voice.bilingual import SPEECH_LUFS
from daemon.voice.loudness import loudness
from daemon.voice.plain_factory import PlainFactory
from daemon.worker import CancelToken
from tests.bench.pipecat_baseline import piper_voice, with_piper

SETTINGS = load(packaged_config()).settings
LOUD = ("af_heart", "am_michael", "zf_xiaoxiao", "zm_yunxi", "ff_siwis")


@pytest.fixture(autouse=True)
def kokoro(weights: Callable[[str], Path]) -> Path:
    return weights("kokoro")


def said(values: dict[str, object], text: str) -> Audio:
    settings = with_values(SETTINGS, {f"voice.{name}": value for name, value in values.items()})
    speaking = PlainFactory(settings, open_store()).every_language()
    pieces = list(speaking.synthesize(text, CancelToken()))
    speaking.close()
    return Audio(np.concatenate([piece.samples for piece in pieces]), SPEAK_RATE)


@pytest.mark.parametrize("name", LOUD)
def test_voices_are_equally_loud(name: str) -> None:
    code = {"a": "en", "z": "zh", "f": "fr"}[name[0]]
    field = {"en": "english", "zh": "mandarin"}.get(code)
    values: dict[str, object] = {field: name} if field else {"others": (name,)}
    text = language(code).said.calibration
    assert loudness(said(values, text)) == pytest.approx(SPEECH_LUFS, abs=1.5)


def test_pace_and_volume_hold() -> None:
    text = "The children play in the garden after school."
    usual = said({"english": "af_heart"}, text)
    quick = said({"english": "af_heart", "speed": 1.5, "volume": 0.5}, text)
    assert quick.seconds == pytest.approx(usual.seconds / 1.5, rel=0.2)
    assert loudness(quick) == pytest.approx(loudness(usual) - 6, abs=1.5)


def test_what_is_compared_with_pipecat_speaks_with_a_voice_that_both_have() -> None:
    spoken = PlainFactory(with_piper(SETTINGS), open_store()).chosen()["en"]
    voice = piper_voice(SETTINGS, open_store())
    assert (voice.parent.name, voice.is_file()) == (spoken.name, True)
    named = with_values(SETTINGS, {"voice.english": "af_heart"})
    with pytest.raises(SetupError, match="af_heart"):
        piper_voice(named, open_store())
