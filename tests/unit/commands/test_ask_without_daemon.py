"""What needs no model is answered without a daemon, and it is said what that means."""

from pathlib import Path

import pytest

from daemon.cli import main
from daemon.skills.store import SkillStore, skills_path


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("XDG_DATA_HOME", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    tmp_path.chmod(0o700)


def ask(question: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    code = main(["ask", question])
    told = capsys.readouterr()
    return code, " ".join((told.out + told.err).split())


def test_a_timer_is_kept_and_it_is_said_when_it_rings(capsys: pytest.CaptureFixture[str]) -> None:
    code, told = ask("Set a pasta timer for five minutes.", capsys)
    assert code == 0 and told.endswith("It only rings while Digital Life is running.")
    store = SkillStore(skills_path())
    [entry] = store.timers.entries()
    store.close()
    assert (entry.kind, entry.text, entry.seconds) == ("timer", "pasta", 300)
    code, told = ask("还剩多久？", capsys)
    assert code == 0 and "pasta" in told and "还剩" in told


def test_the_time_makes_no_file(capsys: pytest.CaptureFixture[str]) -> None:
    code, told = ask("What time is it?", capsys)
    assert code == 0 and told
    assert not skills_path().exists()


@pytest.mark.parametrize("question", ["Why is the sky blue?", "Louder!"])
def test_the_rest_needs_the_daemon(question: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, told = ask(question, capsys)
    assert code != 0 and "not running" in told
