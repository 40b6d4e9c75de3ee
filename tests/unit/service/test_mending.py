"""What ``doctor --fix`` does with what the doctor found."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from daemon.cli import main
from daemon.commands import service
from daemon.config import Settings
from daemon.service import doctor
from daemon.service.finding import Finding, Severity
from daemon.service.steps import RunCommand


def found(monkeypatch: pytest.MonkeyPatch, *steps: RunCommand | None) -> None:
    """Have the doctor find an error for each step."""

    def examine(settings: Settings) -> Iterator[Finding]:
        for number, step in enumerate(steps):
            yield Finding(f"trouble {number}", Severity.ERROR, "is bad", step=step)

    monkeypatch.setattr(doctor, "examine", examine)


def test_what_cannot_be_mended_keeps_nothing_else_from_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    mended = tmp_path / "mended"
    found(
        monkeypatch,
        RunCommand(["rmdir", str(tmp_path / "none")]),
        RunCommand(["touch", str(mended)]),
    )
    assert main(["doctor", "--fix"]) == 1
    assert mended.exists()
    assert "No such file or directory" in capfd.readouterr().err


def test_all_mended_is_success(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found(
        monkeypatch,
        RunCommand(["touch", str(tmp_path / "a")]),
        RunCommand(["touch", str(tmp_path / "b")]),
    )
    assert main(["doctor"]) == 1
    assert not list(tmp_path.iterdir())
    assert main(["doctor", "--fix"]) == 0
    assert {path.name for path in tmp_path.iterdir()} == {"a", "b"}


def test_what_needs_a_decision_or_root_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "may_become_root", lambda: False)
    root = RunCommand(["touch", str(tmp_path / "root")], root=True)
    found(monkeypatch, root, RunCommand(["touch", str(tmp_path / "own")]))
    assert main(["doctor", "--fix"]) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["own"]
    found(monkeypatch, None)
    assert main(["doctor", "--fix"]) == 1
