"""A Whisper that a hub of our own lists: pulled, verified, and heard with."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from daemon.audio.files import read_recording
from daemon.cli import main
from daemon.config import EarsSettings
from daemon.ears.choice import model_folder
from daemon.ears.whisper import Whisper
from daemon.store.model_store import WeightState, open_store
from daemon.worker import CancelToken
from tests.unit.store.hub_server import ask_instead, running
from tests.unit.store.repository_server import RepositoryServer

pytest.importorskip("openvino")  # which starts a thread of its own when it is imported

REFERENCE = "hub:Systran/faster-whisper-tiny.en@v1"
NAME = "Systran--faster-whisper-tiny.en---v1"


@pytest.fixture
def server(
    weights: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[RepositoryServer]:
    folder = weights("whisper-tiny-en")
    for name in ("CONFIG_HOME", "CACHE_HOME", "RUNTIME_DIR"):
        (tmp_path / name).mkdir(mode=0o700)
        monkeypatch.setenv(f"XDG_{name}", str(tmp_path / name))
    files = {path.name: path.read_bytes() for path in folder.glob("[!.]*")}
    with running(RepositoryServer(files)) as made:
        ask_instead(monkeypatch, made)
        yield made


def test_a_repository_is_pulled_verified_and_heard_with(
    server: RepositoryServer, audio_files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server.cut = len(server.files["model.bin"]) // 3
    assert main(["models", "pull", REFERENCE]) == 0
    assert [part for name, part in server.fetched if name == "model.bin"][1:3] == [
        None,
        f"bytes={server.cut}-",
    ]
    assert main(["models", "verify", REFERENCE]) == 0
    assert f"{NAME} is in order." in capsys.readouterr().err
    assert main(["models", "list", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)["models"]
    [ours] = [model for model in listed if model["name"] == NAME]
    assert ours["state"] == WeightState.READY

    ears = EarsSettings(model=REFERENCE, languages=("en",))
    whisper = Whisper(model_folder(ears, open_store()), ears.languages)
    recording = read_recording(audio_files / "question-en.wav", 60)
    try:
        said = whisper.transcribe(recording, CancelToken()).text
    finally:
        whisper.close()
    assert said == "What is the capital of France?"
    assert main(["models", "remove", REFERENCE]) == 0
    assert not (open_store().directory / NAME).exists()
