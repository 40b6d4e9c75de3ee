from collections.abc import Sequence
from pathlib import Path

import pytest

from daemon.config import load, packaged_config
from daemon.dialogue.chat import Chat
from daemon.media import Message
from daemon.memory.keeper import Keeper
from daemon.worker import CancelToken
from tests.fakes import FakeChat, FakeReader, FakeRecognizer, VirtualWorker, parts
from tests.virtual_time import run_virtual

SETTINGS = load(packaged_config()).settings


class Broken(FakeReader):
    def read(self, messages: Sequence[Message], cancel: CancelToken) -> None:
        super().read(messages, cancel)
        raise RuntimeError("the brain broke")


async def converse(brain: FakeChat, folder: Path) -> Chat:
    """Begin, and commit a turn of which less was heard than was written."""
    keeper = Keeper(VirtualWorker(), folder / "memory.db", SETTINGS.memory)
    chat = Chat(SETTINGS, parts(FakeRecognizer(), brain), keeper)
    await chat.begin("")
    chat.history.commit("What is the capital of France?", "Paris it")
    for _ in range(5):
        await VirtualWorker(0.1).run(lambda cancel: None)
    await chat.close()
    return chat


@pytest.mark.parametrize("kind", [FakeReader, Broken])
def test_what_was_heard_is_read_before_the_next_question(
    kind: type[FakeReader], tmp_path: Path
) -> None:
    brain = kind()
    chat = run_virtual(converse(brain, tmp_path))
    told = [message.content for message in brain.read_ahead[-1]]
    assert told[1:3] == ["What is the capital of France?", "Paris it"]
    assert told[0] == chat.history.system


def test_a_brain_that_cannot_read_ahead_is_asked_for_nothing(tmp_path: Path) -> None:
    brain = FakeChat()
    run_virtual(converse(brain, tmp_path))
    assert not brain.asked
