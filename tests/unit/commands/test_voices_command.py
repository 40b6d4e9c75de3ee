"""``digital-life voices list``, ``use`` and ``--voice``, as a person or a program meets them."""

import argparse
import json
import tomllib
from pathlib import Path

import pytest

from daemon.api import client
from daemon.commands import voices
from daemon.commands.voice_option import with_voice
from daemon.config import Settings
from daemon.errors import SetupError
from daemon.store import model_store
from daemon.store.model_store import ModelStore
from tests.unit.voice.test_plain_voices import lay_out, small


@pytest.fixture(autouse=True)
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModelStore:
    made = ModelStore(tmp_path / "models", small())
    monkeypatch.setattr(model_store, "open_store", lambda directory="": made)
    for name in ("DATA", "CACHE", "CONFIG", "RUNTIME"):
        variable = f"XDG_{name}_DIR" if name == "RUNTIME" else f"XDG_{name}_HOME"
        monkeypatch.setenv(variable, str(tmp_path / name.lower()))
    monkeypatch.setenv("COLUMNS", "160")

    def nobody(*_: object) -> None:
        raise client.NotRunning

    monkeypatch.setattr(client, "Client", nobody)
    return made


def run(*words: str, config: Path | None = None) -> int:
    parser = argparse.ArgumentParser(prog="digital-life")
    voices.register(parser.add_subparsers())
    arguments = parser.parse_args(["voices", *words])
    arguments.config = config
    code = arguments.run(arguments, Settings())
    assert isinstance(code, int)
    return code


def test_each_voice_has_its_own_name(store: ModelStore, capsys: pytest.CaptureFixture[str]) -> None:
    lay_out(store, "kokoro", "piper-joe")
    assert run("list") == 0
    lines = capsys.readouterr().out.splitlines()
    assert any("piper-joe *" in line and "CC0-1.0" in line for line in lines)
    assert any("zf_xiaoni" in line and "Kokoro" in line and "ready" in line for line in lines)
    assert any("mandarin-baker" in line and "missing" in line for line in lines)
    assert any("models pull mandarin-baker --accept-license" in line for line in lines)


def test_a_terminal_of_80_columns_shows_every_voice_whole(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert run("list") == 0
    printed = capsys.readouterr().out
    assert "…" not in printed
    assert any(line.split()[-1:] == ["state"] for line in printed.splitlines())


def test_programs_are_told_the_same(store: ModelStore, capsys: pytest.CaptureFixture[str]) -> None:
    lay_out(store, "kokoro", "piper-joe")
    assert run("list", "--json", "--language", "fr") == 0
    (siwis,) = json.loads(capsys.readouterr().out)
    assert siwis == {
        "name": "ff_siwis",
        "kind": "plain",
        "engine": "kokoro",
        "language": "fr",
        "sex": "female",
        "licence": "Apache-2.0",
        "restriction": "",
        "weight": "kokoro",
        "there": True,
        "in_use": True,
        "real_time_factor": None,
    }


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("bf_emma", {"english": "bf_emma", "name": ""}),
        ("zm_yunxi", {"mandarin": "zm_yunxi", "name": ""}),
        ("em_alex", {"others": ["em_alex"], "name": ""}),
    ],
)
def test_a_voice_is_kept_for_its_language(
    store: ModelStore, tmp_path: Path, name: str, kept: dict[str, object]
) -> None:
    lay_out(store, "kokoro", "piper-joe")
    config = tmp_path / "mine.toml"
    assert run("use", name, config=config) == 0
    assert tomllib.loads(config.read_text())["voice"] == kept


def test_a_voice_of_a_language_that_is_not_heard_says_so(
    store: ModelStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lay_out(store, "kokoro", "piper-joe")
    run("use", "em_alex", config=tmp_path / "mine.toml")
    assert 'languages = ["en", "zh", "es"]' in capsys.readouterr().out
    run("use", "bf_emma", config=tmp_path / "mine.toml")
    assert "languages" not in capsys.readouterr().out


def test_a_voice_that_is_not_there_is_not_kept(store: ModelStore, tmp_path: Path) -> None:
    config = tmp_path / "mine.toml"
    with pytest.raises(SetupError) as caught:
        run("use", "af_bella", config=config)
    assert caught.value.fix == "digital-life models pull kokoro"
    with pytest.raises(SetupError) as caught:
        run("use", "af_belle", config=config)
    assert "af_bella" in caught.value.fix
    assert not config.exists()


def test_a_name_for_once_is_plain_or_converted(store: ModelStore) -> None:
    def chosen(name: str | None) -> tuple[str, str]:
        voice = with_voice(argparse.Namespace(voice=name), Settings()).voice
        return voice.english, voice.name

    assert chosen(None) == ("auto", "")
    assert chosen("af_bella") == ("af_bella", "")
    assert chosen("") == ("auto", "")
    with pytest.raises(SetupError, match="mother"):
        chosen("mother")
