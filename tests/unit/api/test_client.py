"""What a command says when no daemon answers."""

from pathlib import Path

import pytest

from daemon.api.client import NotRunning, start_command


def test_the_advice_starts_what_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    if not Path("/etc/systemd/system/digital-life.service").exists():
        assert start_command() == NotRunning().fix == "digital-life run"
    unit = tmp_path / ".config/systemd/user/digital-life.service"
    unit.parent.mkdir(parents=True)
    unit.touch()
    assert start_command() == NotRunning().fix == "systemctl --user start digital-life"
