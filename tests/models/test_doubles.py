"""A double of real recordings and a real photograph, and what is refused as one."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from daemon.audio.file_writer import write_sound
from daemon.audio.files import read_recording
from daemon.cli import main
from daemon.doubles.store import find_double
from daemon.face.catalogue import find_face
from daemon.face.clip import Clip
from daemon.folders import doubles_folder
from daemon.media import LISTEN_RATE, Audio
from daemon.voice.catalogue import TIMBRE, find_voice
from daemon.voice.world import Timbre
from tests.unit.doubles.making import homes

TESTS = Path(__file__).parent.parent
SPEECH, OTHER = TESTS / "audio" / "lj-page.ogg", TESTS / "audio" / "jfk.flac"
PHOTO = TESTS / "images" / "astronaut.jpg"


@pytest.fixture(autouse=True)
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, weights: Callable[[str], Path]) -> Path:
    for name in ("campplus", "silero-vad", "blazeface", "face-mesh"):
        models = weights(name).parent
    for name, path in homes(tmp_path).items():
        monkeypatch.setenv(name, path)
    monkeypatch.setenv("LC_ALL", "C")
    monkeypatch.chdir(tmp_path)
    config = tmp_path / "settings.toml"
    config.write_text(f'[models]\ndirectory = "{models}"\n')
    return config


def run(config: Path, *words: object) -> int:
    return main(["--config", str(config), "double", *map(str, words)])


def test_a_voice_and_a_face_go_out_and_come_in_again(config: Path, tmp_path: Path) -> None:
    given = ("--voice", SPEECH, "--face", PHOTO, "--consent", "A test.", "--yes")
    assert run(config, "create", "Zzyxa", *given) == 0
    assert find_double("Zzyxa").parts == ("voice", "face")
    pitch = Timbre.load(find_voice("Zzyxa").directory / TIMBRE).pitch
    assert 150 < np.exp(pitch) < 280, "she speaks as high as women do"
    assert run(config, "export", "Zzyxa", "z.double", "--yes") == 0
    assert run(config, "remove", "Zzyxa", "--yes") == 0
    assert not [path for path in tmp_path.rglob("*") if "Zzyxa" in path.name]
    assert run(config, "import", "z.double", "--yes") == 0
    assert Timbre.load(find_voice("Zzyxa").directory / TIMBRE).pitch == pitch
    assert len(Clip(find_face("Zzyxa").clips[0].folder)) == 1


def test_what_cannot_be_a_voice_or_a_face(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    times = np.arange(12 * LISTEN_RATE) / LISTEN_RATE
    tones = np.sin(2 * np.pi * np.outer((220, 277, 330), times)).sum(axis=0)
    chords = tones * (times % 0.5 < 0.4)
    write_sound(tmp_path / "music.wav", Audio((0.1 * chords).astype(np.float32), LISTEN_RATE), "")
    consent = ("--consent", "A test.")
    assert run(config, "create", "Zzyxa", "--voice", "music.wav", *consent, "--yes") == 3
    said = capsys.readouterr().err
    assert "hardly any speech" in said and "too little speech" in said
    both = [read_recording(path, 60).samples for path in (SPEECH, OTHER)]
    write_sound(tmp_path / "two.wav", Audio(np.concatenate(both), LISTEN_RATE), "")
    assert run(config, "create", "Zzyxa", "--voice", "two.wav", *consent) == 2
    assert "another person speaks" in capsys.readouterr().err
    grey = TESTS / "images" / "README.md"
    assert run(config, "create", "Zzyxa", "--face", grey, *consent) == 3
    assert not doubles_folder().exists() or not list(doubles_folder().iterdir())
