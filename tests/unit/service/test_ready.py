"""Waiting for a service, with a stand-in for systemctl that tells one state after the other."""

import os
from pathlib import Path

import pytest

from daemon.errors import DigitalLifeError
from daemon.service import ready
from daemon.service.ready import AwaitReady

STEP = AwaitReady("digital-life.service", ("--user",))


@pytest.fixture
def states(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder whose files 1, 2, … are told in turn, and the last again and again."""
    program = tmp_path / "systemctl"
    program.write_text(
        f"#!/bin/sh\nread n <{tmp_path}/n; n=$((n+1)); [ -e {tmp_path}/$n ] || n=$((n-1))\n"
        f"echo $n >{tmp_path}/n; cat {tmp_path}/$n\n"
    )
    program.chmod(0o755)
    (tmp_path / "n").write_text("0\n")
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setattr(ready, "POLL_INTERVAL_S", 0.0)
    return tmp_path


def tell(states: Path, *texts: str) -> None:
    for number, text in enumerate(texts, 1):
        (states / str(number)).write_text(text.replace(" ", "\n") + "\n")


def test_it_waits_shows_and_returns(states: Path) -> None:
    tell(
        states,
        "ActiveState=active Job=17",  # the one before, which is about to be restarted
        "ActiveState=activating StatusText=starting Job=17",
        "ActiveState=activating StatusText=loading:whisper Job=17",
        "ActiveState=activating StatusText=loading:whisper Job=17",
        "ActiveState=active StatusText=listening Job=0",
    )
    shown: list[str] = []
    STEP.wait(shown.append)
    assert shown == ["starting", "loading:whisper"]


@pytest.mark.parametrize(
    "state",
    [
        "ActiveState=failed SubState=failed StatusText=no-microphone",
        "ActiveState=activating SubState=auto-restart StatusText=no-microphone",
    ],
)
def test_a_failure_is_told_with_its_reason(states: Path, state: str) -> None:
    tell(states, "ActiveState=activating Job=17", state)
    with pytest.raises(DigitalLifeError, match="no-microphone"):
        STEP.wait(lambda text: None)


def test_one_that_stands_still_is_given_up_and_one_that_works_is_not(
    states: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell(states, f"ActiveState=activating StatusText=loading MainPID={os.getpid()} Job=17")
    monkeypatch.setattr(ready, "STILL_S", 0.0)
    monkeypatch.setattr(ready, "WORKED", 10**9)
    with pytest.raises(DigitalLifeError, match="no progress"):
        STEP.wait(lambda text: None)
    monkeypatch.setattr(ready, "WORKED", 0)
    (states / "n").write_text("0\n")
    tell(
        states,
        *["ActiveState=activating StatusText=loading MainPID=1 Job=1"] * 5,
        "ActiveState=active",
    )
    STEP.wait(lambda text: None)
