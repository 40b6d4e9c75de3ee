"""Whole conversations in which everything has a word that must be found in no log."""

import io
import logging
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from daemon.config import MemorySettings, load, packaged_config
from daemon.dialogue.chat import Chat
from daemon.errors import StageError
from daemon.journal import JournalFormatter
from daemon.media import Audio, Message, Mouth, Tool, ToolCall
from daemon.memory.archive import Archive
from daemon.memory.conversation_memory import ConversationMemory
from daemon.tools.toolbox import Toolbox
from daemon.worker import CancelToken
from tests.fakes import (
    FakeChat,
    FakeConverter,
    FakeFace,
    FakeRecognizer,
    FakeTools,
    FakeToolUser,
    FakeVoice,
    VirtualWorker,
    parts,
)
from tests.scenario.test_session import Stage, says
from tests.virtual_time import run_virtual

CANARY = "xylophone"
SETTINGS = load(packaged_config()).settings


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """Everything at info and above, as the service logs it."""
    stream, root = io.StringIO(), logging.getLogger()
    handler, level = logging.StreamHandler(stream), root.level
    handler.setFormatter(JournalFormatter("%(name)s: %(message)s"))
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    yield stream
    root.removeHandler(handler)
    root.setLevel(level)


class WordyRecognizer(FakeRecognizer):
    def transcribe(self, audio: Audio, cancel: CancelToken) -> Any:
        if self.texts[0] == "!":
            self.texts.pop(0)
            raise ValueError(f"cannot read {CANARY}")
        return super().transcribe(audio, cancel)


class WordyChat(FakeToolUser):
    keeps_branches = False

    def reply_or_call(self, messages: Sequence[Message], cancel: CancelToken) -> Iterator[Any]:
        for piece in super().reply_or_call(messages, cancel):
            if piece == "!":
                raise StageError("brain", "it failed:", said=f"your prompt was {CANARY}")
            if piece == "!!":
                raise KeyError(CANARY)
            yield piece

    def read(self, messages: Sequence[Message], cancel: CancelToken) -> None:
        raise ValueError(CANARY)

    def end_probability(self, messages: Sequence[Message], cancel: CancelToken) -> float:
        raise ValueError(CANARY)


class WordyVoice(FakeVoice):
    def synthesize(self, text: str, cancel: CancelToken) -> Iterator[Audio]:
        if "kaboom" in text:
            raise RuntimeError(text)
        return super().synthesize(text, cancel)


class WordyFace(FakeFace):
    def render(self, audio: Audio, cancel: CancelToken) -> Iterator[Mouth]:
        raise RuntimeError(CANARY)


class WordyConverter(FakeConverter):
    def convert(self, audio: Audio, cancel: CancelToken) -> Audio:
        raise RuntimeError(CANARY)


def test_a_whole_conversation_leaves_no_word_in_the_log(logged: io.StringIO) -> None:
    said = f"tell me of the {CANARY}"
    chat = WordyChat(
        [f"The {CANARY} is an instrument."],
        [ToolCall("1", f"{CANARY}_tool", f'{{"what": "{CANARY}"}}')],
        [f"It is {CANARY}."],
        [ToolCall("2", "clock", f'{{"zone": "{CANARY}"}}')],
        [f"It is {CANARY} o'clock."],
        ["!"],
        ["!!"],
        [f"kaboom {CANARY}."],
    )
    made = parts(WordyRecognizer("!", *[said] * 8), chat, WordyFace(), WordyConverter())
    tools = FakeTools("!no", f"!{CANARY}")
    stage = Stage(replace(made, tools=tools, synthesizer=WordyVoice()))
    script = [event for turn in range(9) for event in says(turn + 1, 20.0 * turn, 20.0 * turn + 1)]
    stage.play(script, until=200)
    text = logged.getvalue()
    assert CANARY not in text
    assert text.count("failed: ") >= 4 and "StageError" not in text
    assert "brain: KeyError" in text and "voice: RuntimeError" in text and "it failed:" in text
    assert any(CANARY in content for _, content in stage.remembered())


class BrokenFile(Archive):
    def open(self, settings: MemorySettings) -> Any:
        raise ValueError(CANARY)


async def _keep(folder: Path) -> None:
    settings = SETTINGS.memory.model_copy(update={"keep": True})
    path = folder / "memory.db"
    memory = ConversationMemory(VirtualWorker(), path, settings)
    memory._archive = BrokenFile(path)
    chat = Chat(SETTINGS, parts(FakeRecognizer(), FakeChat()), memory)
    await chat.begin("")
    chat.history.commit(CANARY, CANARY)
    await VirtualWorker(1.0).run(lambda cancel: None)
    assert memory.failed


def test_a_memory_that_fails_tells_no_words(tmp_path: Path, logged: io.StringIO) -> None:
    run_virtual(_keep(tmp_path))
    assert CANARY not in logged.getvalue() and "ValueError" in logged.getvalue()


class Boastful:
    """A server whose tools have words for names."""

    def __init__(self, *names: str) -> None:
        self.tools = {name: Tool(name, CANARY, {}) for name in names}
        self.settings = type("Allowed", (), {"allow": ("clock",)})
        self.name, self.ready, self.problem = "house", True, ""


def test_names_that_are_none_are_not_logged(logged: io.StringIO) -> None:
    async def offer(tools: tuple[Tool, ...]) -> None: ...

    box = Toolbox({}, offer)
    box._servers = {"house": Boastful(f"they said {CANARY}", "lamp", f"x\n<0>{CANARY}")}  # type: ignore[dict-item]
    assert box._allowed() == {}
    assert "it has: lamp\n" in logged.getvalue() and CANARY not in logged.getvalue()
