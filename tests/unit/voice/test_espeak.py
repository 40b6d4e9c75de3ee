import io
import stat
import wave
from pathlib import Path

import numpy as np
import pytest

from daemon.errors import SetupError, StageError
from daemon.voice.espeak import Espeak
from daemon.worker import CancelToken


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return tmp_path / "espeak-ng"


def install(command: Path, script: str) -> Espeak:
    command.write_text("#!/bin/sh\n" + script)
    command.chmod(command.stat().st_mode | stat.S_IXUSR)
    return Espeak()


def streamed_wav() -> bytes:
    """A WAV file as espeak-ng streams it: it does not know its own length."""
    file = io.BytesIO()
    with wave.open(file, "wb") as wav:
        wav.setparams((1, 2, 22050, 0, "NONE", ""))
        wav.writeframes((8000 * np.sin(np.arange(11025) / 10)).astype("<i2").tobytes())
    data = bytearray(file.getvalue())
    data[4:8] = data[40:44] = b"\x00\xf0\xff\x7f"
    return bytes(data)


def test_speaks_what_the_command_makes(command: Path) -> None:
    (command.parent / "said.wav").write_bytes(streamed_wav())
    voice = install(
        command,
        f"cat >{command}.in; echo $@ >{command}.args; sleep 0.1; cat {command.parent}/said.wav",
    )
    (audio,) = voice.synthesize("我有2个。", CancelToken())
    assert audio.rate == 22050
    assert 0.5 < audio.seconds < 1.0
    assert Path(f"{command}.in").read_text() == "我有两个。"
    assert "-v cmn" in Path(f"{command}.args").read_text()


def test_silence_is_no_speech(command: Path) -> None:
    assert list(install(command, "cat >/dev/null").synthesize("", CancelToken())) == []


def test_cancelling_kills_the_command(command: Path) -> None:
    cancel = CancelToken()
    cancel.cancel()
    assert list(install(command, "exec sleep 60").synthesize("你好", cancel)) == []


def test_a_hanging_command_is_given_up(command: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("daemon.voice.espeak._TIMEOUT_S", 0.0)
    with pytest.raises(StageError, match="too long"):
        list(install(command, "exec sleep 60").synthesize("你好", CancelToken()))


def test_a_failing_command_says_why(command: Path) -> None:
    with pytest.raises(StageError, match="no such voice"):
        list(install(command, "echo no such voice >&2; exit 1").synthesize("你好", CancelToken()))


def test_missing_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SetupError):
        Espeak()
