"""A language that nothing can answer in is refused, with the command that brings a voice."""

from pathlib import Path

import pytest

from daemon.config import Settings
from daemon.errors import SetupError
from daemon.store.manifest import load_default
from daemon.store.model_store import ModelStore
from daemon.voice.voiced_languages import require_voices


@pytest.mark.parametrize(
    ("code", "name", "fix"),
    [
        ("es", "español", "models pull kokoro"),
        ("de", "Deutsch", "de_….onnx"),
        ("ja", "日本語", "kokoro"),
    ],
)
def test_a_language_without_a_voice_is_refused(
    tmp_path: Path, code: str, name: str, fix: str
) -> None:
    store = ModelStore(tmp_path, load_default())
    settings = Settings.model_validate({"ears": {"languages": ["en", code]}})
    with pytest.raises(SetupError, match=name) as refused:
        require_voices(settings, store)
    assert fix in refused.value.fix


def test_english_and_chinese_are_asked_for_elsewhere(tmp_path: Path) -> None:
    settings = Settings.model_validate({"ears": {"languages": ["en", "zh"]}})
    require_voices(settings, ModelStore(tmp_path, load_default()))
