"""The default brain calls the tool of a real server, and says what it was told."""

import asyncio
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from daemon.brain.adapter import find_adapter
from daemon.brain.history import History
from daemon.brain.llamacpp import LlamaCpp
from daemon.config import ToolServer, load, packaged_config
from daemon.dialogue.thinking import Thinking
from daemon.dialogue.turn import Turn
from daemon.media import Tool
from daemon.store.model_store import open_store
from daemon.tools.toolbox import Toolbox
from daemon.worker import Worker
from tests.fakes import FakeChat, FakeRecognizer, parts

pytest.importorskip("mcp")

PERSONA = load(packaged_config()).settings.brain.persona
HOUSE = ToolServer(command=sys.executable, args=("-m", "tests.tool_server"), allow=("temperature",))


@pytest.fixture(scope="module")
def brain(weights: Callable[[str], Path]) -> Iterator[LlamaCpp]:
    model = LlamaCpp(
        weights("qwen2.5-coder-0.5b") / "model.gguf",
        context_tokens=4096,
        max_reply_tokens=120,
        temperature=0.0,
        top_p=0.9,
        system_prompt=PERSONA,
        adapter=find_adapter("auto", "qwen2.5-coder-0.5b", open_store("")),
    )
    yield model
    model.close()


def answer(
    brain: LlamaCpp, question: str, *before: tuple[str, str]
) -> tuple[str, list[tuple[str, str]]]:
    """Return the words, and what was called with what outcome."""

    async def main() -> tuple[str, list[tuple[str, str]]]:
        thinking = Worker("brain")
        there = asyncio.Event()

        async def offer(tools: tuple[Tool, ...]) -> None:
            brain.tools = tools
            there.set()

        box = Toolbox({"house": HOUSE}, offer)
        keeping = asyncio.create_task(box.run())
        await asyncio.wait_for(there.wait(), 300)
        history = History(PERSONA, brain, 120)
        for asked, heard in before:
            history.commit(asked, heard)
        made = Thinking(
            Turn(1, question),
            replace(
                parts(FakeRecognizer(), FakeChat()),
                chat_model=brain,
                thinking=thinking,
                history=history,
                tools=box,
            ),
        )
        words = " ".join([sentence.text async for sentence in made.sentences(question)])
        keeping.cancel()
        await asyncio.wait([keeping])
        await thinking.close()
        return words, [(called.tool, called.outcome) for called in made.called]

    return asyncio.run(main())


@pytest.mark.parametrize(
    ("question", "says"),
    [("What is the temperature in the kitchen?", "21"), ("卧室的温度是多少？", "17")],
)
def test_it_looks_up_what_it_cannot_know(brain: LlamaCpp, question: str, says: str) -> None:
    for before in (
        (),
        (("How high is Everest?", "It is 8,849 metres high."),),
        (("What is the temperature in the hall?", "The temperature in the hall is 19 degrees."),),
    ):
        words, called = answer(brain, question, *before)
        assert called == [("temperature", "done")]
        assert says in words
        assert "{" not in words


def test_it_calls_nothing_where_nothing_is_to_be_looked_up(brain: LlamaCpp) -> None:
    earlier = ("What is the temperature in the hall?", "It is 19 degrees.")
    for before in ((), (earlier,)):
        words, called = answer(brain, "What is the capital of France?", *before)
        assert called == []
        assert "Paris" in words


def test_what_it_may_call_counts_as_part_of_the_prompt(brain: LlamaCpp) -> None:
    messages = History(PERSONA, brain, 120).messages("Hello?")
    brain.tools = ()
    without = brain.count_tokens(messages)
    brain.tools = (Tool("clock", "Tell the time.", {"type": "object", "properties": {}}),)
    assert brain.count_tokens(messages) > without + 30
