"""Which brains ``bench talk`` asks, and how."""

import argparse
from pathlib import Path

import pytest

from daemon.commands.bench_talk import _brains
from daemon.config import Settings
from daemon.errors import SetupError


def asked(folder: Path, *, brain: str = "", every: bool = False) -> list[tuple[str, str, float]]:
    settings = Settings.model_validate(
        {"models": {"directory": str(folder)}, "brain": {"kind": "chatglm", "model": "~/glm/6b"}}
    )
    found = _brains(argparse.Namespace(brain=brain, all=every), settings)
    return [(name, told.brain.kind, told.brain.temperature) for name, told in found]


def test_the_one_in_the_settings_is_asked_unless_another_is_named(tmp_path: Path) -> None:
    file = tmp_path / "own.gguf"
    file.touch()
    assert asked(tmp_path) == [("6b", "chatglm", 0.0)]
    assert asked(tmp_path, brain=str(file)) == [("own.gguf", "llamacpp", 0.0)]


def test_all_are_those_that_are_there(tmp_path: Path) -> None:
    assert asked(tmp_path, every=True) == []


def test_one_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="nobody") as raised:
        asked(tmp_path, brain="nobody")
    assert raised.value.fix == "digital-life brain"
