"""Engines without the libraries that make them."""

import importlib.util
import sys
from pathlib import Path

import pytest

from daemon.errors import SetupError
from daemon.extras import install_command
from daemon.face.engine import OpenVinoNetwork, engine_file


def never(checkpoint: Path, to: Path) -> None:
    raise AssertionError


def test_converting_needs_torch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkpoint = tmp_path / "wav2lip.pth"
    checkpoint.write_bytes(b"weights")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(SetupError, match="needs PyTorch") as caught:
        engine_file(checkpoint, never, tmp_path / "engines")
    assert caught.value.fix == install_command("wav2lip")


def test_running_needs_openvino(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openvino", None)
    with pytest.raises(SetupError, match="needs OpenVINO"):
        OpenVinoNetwork(tmp_path / "model.xml", "f32")


def test_an_engine_is_found_again_by_its_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name)

    def write(checkpoint: Path, to: Path) -> None:
        for name in (to, to.with_suffix(".bin")):
            name.write_bytes(checkpoint.read_bytes())

    one, copy, other = (tmp_path / name for name in ("one.pth", "copy.pth", "other.pth"))
    for path, contents in ((one, b"1"), (copy, b"1"), (other, b"2")):
        path.write_bytes(contents)
    engines = tmp_path / "engines"
    made = engine_file(one, write, engines)
    assert engine_file(copy, never, engines) == made
    assert engine_file(other, write, engines) != made
    made.with_suffix(".bin").unlink()  # a crash
    assert engine_file(one, write, engines) == made
    assert made.with_suffix(".bin").exists()
