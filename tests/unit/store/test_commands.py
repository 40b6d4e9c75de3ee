"""``digital-life models`` as a person or a program meets it."""

import argparse
import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from daemon.errors import SetupError
from daemon.store import commands
from daemon.store.model_store import ModelStore
from tests.unit.store.store_helpers import FIRST, SECOND, lay_out_talk, lay_out_wheels, make_store


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModelStore:
    store = make_store(tmp_path)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setattr(commands, "open_store", lambda directory: store)
    return store


def run(*words: str) -> int:
    parser = argparse.ArgumentParser(prog="digital-life")
    commands.register(parser.add_subparsers())
    args = parser.parse_args(["models", *words])
    result = args.run(args, SimpleNamespace(models=SimpleNamespace(directory="")))
    assert isinstance(result, int)
    return result


def test_list_says_the_state_of_each(
    store: ModelStore, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    lay_out_talk(store)
    assert run("list") == 0
    lines = capsys.readouterr().out.splitlines()
    assert any("talk" in line and "ready" in line for line in lines)
    assert any("listen" in line and "missing" in line for line in lines)
    assert any("closed" in line and "research only*" in line for line in lines)


def test_list_for_programs(store: ModelStore, capsys: pytest.CaptureFixture[str]) -> None:
    (lay_out_talk(store) / "voice.bin").write_bytes(b"damaged")
    assert run("list", "--json") == 0
    listed = json.loads(capsys.readouterr().out)
    assert listed["directory"] == str(store.directory)
    talk = listed["models"][0]
    assert (talk["name"], talk["state"], talk["damaged"]) == ("talk", "damaged", ["voice.bin"])


def test_verify_finds_damage(store: ModelStore, capsys: pytest.CaptureFixture[str]) -> None:
    place = lay_out_talk(store)
    assert run("verify") == 0
    assert "talk is in order." in capsys.readouterr().err
    (place / "voice.bin").write_bytes(SECOND + FIRST)
    assert run("verify") == 2
    assert "digital-life models pull talk" in capsys.readouterr().err


def test_verify_finds_what_is_incomplete(
    store: ModelStore, capsys: pytest.CaptureFixture[str]
) -> None:
    (lay_out_talk(store) / "labels.json").unlink()
    assert run("verify") == 2
    assert "incomplete: labels.json missing" in capsys.readouterr().err


def test_verify_of_a_missing_one_by_name(
    store: ModelStore, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("verify", "talk") == 2
    assert "has not been downloaded" in capsys.readouterr().err


def test_pull_of_a_profile_names_what_it_left_out(
    store: ModelStore, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lay_out_wheels(store)
    monkeypatch.setitem(store.manifest.profiles, "default", ("talk", "closed"))
    assert run("pull") == 0
    said = capsys.readouterr().err
    assert "Not downloaded: closed. For research only." in said
    assert "digital-life models pull closed --accept-license" in said
    assert (store.path("talk") / "voice.bin").read_bytes() == FIRST + SECOND


def test_pull_from_a_file(store: ModelStore, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.write_bytes(b"face")
    assert run("pull", "closed", "--from", str(mine), "--accept-license") == 0
    assert store.path("closed")


@pytest.mark.parametrize(
    "words",
    [
        ("pull", "--from", "x"),
        ("pull", "talk", "listen", "--from", "x"),
        ("pull", "talk", "--profile", "default"),
        ("pull", "tlk"),
        ("pull", "--profile", "defalt"),
        ("verify", "tlk"),
        ("remove", "talk", "tlk"),
    ],
)
def test_wrong_words_are_refused(store: ModelStore, words: tuple[str, ...]) -> None:
    lay_out_talk(store)
    with pytest.raises(SetupError):
        run(*words)
    assert store.path("talk")


def test_remove(store: ModelStore, capsys: pytest.CaptureFixture[str]) -> None:
    place = lay_out_talk(store)
    assert run("remove", "talk", "listen") == 0
    said = capsys.readouterr().err
    assert "talk removed" in said
    assert "listen is not there." in said
    assert not place.exists()


@pytest.mark.parametrize("command", ["list", "pull", "verify", "remove"])
def test_help_teaches_by_example(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        run(command, "--help")
    assert f"digital-life models {command}" in capsys.readouterr().out.split("example", 1)[1]
