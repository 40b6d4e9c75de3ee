import json
from pathlib import Path

import pytest

from daemon.errors import SetupError
from daemon.voice.mandarin import Mandarin
from daemon.voice.piper import Piper

CONFIG = {
    "audio": {"sample_rate": 22050},
    "espeak": {"voice": "en-us"},
    "num_symbols": 1,
    "num_speakers": 1,
    "phoneme_id_map": {},
}


def test_missing_voices(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=r"voice\.onnx") as piper:
        Piper(tmp_path)
    with pytest.raises(SetupError, match="Mandarin") as mandarin:
        Mandarin(tmp_path)
    assert piper.value.fix and mandarin.value.fix


def test_damaged_piper_voice(tmp_path: Path) -> None:
    path = tmp_path / "my.onnx"
    path.write_bytes(b"not a network")
    (tmp_path / "my.onnx.json").write_text(json.dumps(CONFIG))
    with pytest.raises(SetupError, match=r"my\.onnx"):
        Piper(path)


@pytest.mark.parametrize("settings", ["", "[]", "{}", '{"audio": {}}'])
def test_damaged_piper_settings(tmp_path: Path, settings: str) -> None:
    (tmp_path / "voice.onnx").write_bytes(b"")
    (tmp_path / "voice.onnx.json").write_text(settings)
    with pytest.raises(SetupError):
        Piper(tmp_path)


@pytest.mark.parametrize("mapper", ["", "[]", "{}", '{"symbol_to_id": {}}'])
def test_damaged_mandarin_voice(tmp_path: Path, mapper: str) -> None:
    (tmp_path / "baker_mapper.json").write_text(mapper)
    (tmp_path / "fastspeech2.tflite").write_bytes(b"not a network")
    with pytest.raises(SetupError):
        Mandarin(tmp_path)


def test_piper_voice_of_an_unsupported_kind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("onnxruntime.InferenceSession", lambda *args, **kwargs: None)
    (tmp_path / "voice.onnx").write_bytes(b"")
    (tmp_path / "voice.onnx.json").write_text(json.dumps(CONFIG | {"phoneme_type": "pinyin"}))
    with pytest.raises(SetupError, match="pinyin"):
        Piper(tmp_path)
