"""``digital-life chat``: lines in, answers out."""

import io
import subprocess
import sys
from collections.abc import Iterator, Sequence

import pytest

from daemon.cli import main
from daemon.errors import StageError
from daemon.media import Message
from daemon.worker import CancelToken
from tests.fakes import FakeChat


class BreakingOff(FakeChat):
    """Its answers that end in "!" fail there."""

    def reply(self, messages: Sequence[Message], cancel: CancelToken) -> Iterator[str]:
        for piece in super().reply(messages, cancel):
            yield piece.rstrip("!")
            if piece.endswith("!"):
                raise StageError("brain", "it broke off:", "start it again", "out of memory")


def test_an_answer_that_breaks_off_does_not_end_the_conversation(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    brain = BreakingOff(["Par", "is!"], ["Four", "."])
    monkeypatch.setattr("daemon.commands.live.Components.brain", lambda self: brain)
    monkeypatch.setattr("sys.stdin", io.StringIO("Capital of France?\n\nTwo and two?\n"))
    assert main(["chat"]) == 1
    told = capsys.readouterr()
    assert told.out == "Paris\nFour.\n"
    assert "it broke off: out of memory" in told.err and "start it again" in told.err
    said = [(message.role, message.content.split("\n")[-1]) for message in brain.asked[1][1:]]
    assert said == [
        ("user", "Capital of France?"),
        ("assistant", "Paris"),
        ("user", "Two and two?"),
    ]


# In a process of its own: what libraries of other tests made of Ctrl+C would end all tests.
LOADING = """
import os, signal, sys, threading
from daemon.cli import main
from daemon.commands import live

def load(components):
    assert threading.current_thread() is not threading.main_thread()
    os.kill(os.getpid(), signal.SIGINT)
    threading.Event().wait()  # as a library that loads for long

live.Components.brain = load
sys.argv = ["digital-life", "chat"]
raise SystemExit(main())
"""


def test_ctrl_c_while_the_brain_loads_ends_it() -> None:
    command = [sys.executable, "-c", LOADING]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, input="")
    assert done.returncode == 130, done.stderr
    assert "Interrupted." in done.stderr and "Traceback" not in done.stderr
