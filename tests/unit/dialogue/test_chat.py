from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from daemon.brain.here_and_now import time_note
from daemon.config import load, packaged_config
from daemon.dialogue.chat import Chat
from daemon.events import StateChanged
from daemon.media import Message
from daemon.memory.conversation_memory import ConversationMemory
from daemon.worker import CancelToken
from tests.fakes import NOW, FakeChat, FakeReader, FakeRecognizer, VirtualWorker, parts
from tests.virtual_time import run_virtual

SETTINGS = load(packaged_config()).settings


class Broken(FakeReader):
    def read(self, messages: Sequence[Message], cancel: CancelToken) -> None:
        super().read(messages, cancel)
        raise RuntimeError("the brain broke")


async def converse(brain: FakeChat, folder: Path) -> Chat:
    """Begin, and commit a turn of which less was heard than was written."""
    memory = ConversationMemory(VirtualWorker(), folder / "memory.db", SETTINGS.memory)
    chat = Chat(SETTINGS, parts(FakeRecognizer(), brain), memory)
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


def test_the_time_is_read_ahead_in_the_language_that_is_likely(tmp_path: Path) -> None:
    async def chinese() -> list[str]:
        brain = FakeReader()
        chat = await converse(brain, tmp_path)
        chat.history.commit("法国的首都是哪里？", "巴黎。")
        await VirtualWorker(1.0).run(lambda cancel: None)
        await chat.close()
        return [messages[-1].content for messages in brain.read_ahead]

    *_, before, after = run_virtual(chinese())
    assert before == f"{time_note('Hello.', NOW)}\nHello."
    assert after == f"{time_note('你好。', NOW)}\n你好。"


class Branching(FakeReader):
    keeps_branches = True


def test_who_begins_to_speak_has_what_changed_read_in_either_language(tmp_path: Path) -> None:
    async def talk() -> list[list[str]]:
        brain, read = Branching(), list[list[str]]()
        chat = await converse(brain, tmp_path)
        minutes = iter((0, 0, 0, 0, 7, 7))
        chat.history._clock = lambda: NOW + timedelta(minutes=next(minutes))
        for _ in range(3):
            brain.read_ahead.clear()
            chat.follow(StateChanged("hearing", 1))
            await VirtualWorker(1.0).run(lambda cancel: None)
            read.append([messages[-1].content for messages in brain.read_ahead])
        await chat.close()
        return read

    first, again, later = run_virtual(talk())
    assert first == [] == again, "nothing has changed since the answer"
    assert later == [
        f"{time_note(text, NOW + timedelta(minutes=7))}\n{text}" for text in ("你好。", "Hello.")
    ]


def test_a_brain_that_cannot_read_ahead_is_asked_for_nothing(tmp_path: Path) -> None:
    brain = FakeChat()
    run_virtual(converse(brain, tmp_path))
    assert not brain.asked


def test_the_model_is_told_where_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    brain = FakeReader()
    chat = run_virtual(converse(brain, tmp_path))
    persona = SETTINGS.brain.persona
    assert brain.read_ahead[-1][0].content == f"{persona} The time zone is Europe/Berlin."
    chat.move_to("Berlin")
    assert chat.history.system == f"{persona} You are in Berlin, time zone Europe/Berlin."
