"""``digital-life chat``: lines in, answers out."""

import io
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
                raise StageError("brain", "it broke off", "start it again")


def test_an_answer_that_breaks_off_does_not_end_the_conversation(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    brain = BreakingOff(["Par", "is!"], ["Four", "."])
    monkeypatch.setattr("daemon.commands.live.Loader.brain", lambda self: brain)
    monkeypatch.setattr("sys.stdin", io.StringIO("Capital of France?\n\nTwo and two?\n"))
    assert main(["chat"]) == 1
    told = capsys.readouterr()
    assert told.out == "Paris\nFour.\n"
    assert "it broke off" in told.err and "start it again" in told.err
    said = [(message.role, message.content) for message in brain.asked[1][1:]]
    assert said == [
        ("user", "Capital of France?"),
        ("assistant", "Paris"),
        ("user", "Two and two?"),
    ]
