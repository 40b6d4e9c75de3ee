"""Engines measured in a process of their own, with a tiny model: what is left, and how it ends."""

import asyncio
import os
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("openvino")

from daemon.audio.player import MemoryPlayer
from daemon.brain import decide_engine
from daemon.brain.decide_engine import decide, decide_apart
from daemon.brain.engine_choice import KnownEngines, choose_engine, is_undecided
from daemon.brain.history import History
from daemon.brain.in_process import make_in_process
from daemon.brain.openvino.conversion import is_converted
from daemon.components import Components
from daemon.config import load, packaged_config
from daemon.dialogue.chat import Chat
from daemon.dialogue.session import Session
from daemon.memory.conversation_memory import ConversationMemory
from daemon.quicker_engine import _use
from daemon.worker import CancelToken, WorkerClosed
from tests.fakes import FakeChat, FakeRecognizer, VirtualWorker, parts
from tests.tiny_gguf import tiny_model

BRAIN = load(packaged_config()).settings.brain


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tiny_model(tmp_path / "tiny.gguf")


def test_what_is_quicker_is_known_and_converted(model: Path) -> None:
    assert is_undecided(BRAIN, model, None)
    asyncio.run(decide_apart(BRAIN, model, None))
    assert KnownEngines(BRAIN).get(model, None).keys() == {"openvino", "llama.cpp"}
    assert is_converted(model, None)
    assert not is_undecided(BRAIN, model, None)


def test_what_is_not_converted_is_not_waited_for(model: Path) -> None:
    KnownEngines(BRAIN).keep(model, None, {"openvino": 0.1, "llama.cpp": 0.2})
    assert choose_engine(BRAIN, model, None).engine == "openvino"
    assert is_undecided(BRAIN, model, None)
    brain = make_in_process(BRAIN, model, None)
    try:
        assert getattr(brain, "engine_name", "") == "llama.cpp"
    finally:
        brain.close()


def test_cancelled_it_ends_with_what_it_has_started(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    groups: list[int] = []

    async def start_and_cancel() -> None:
        end = decide_engine._end

        async def noted(process: asyncio.subprocess.Process) -> None:
            groups.append(process.pid)
            await end(process)

        monkeypatch.setattr(decide_engine, "_end", noted)
        deciding = asyncio.ensure_future(decide_apart(BRAIN, model, None))
        await asyncio.sleep(0.2)
        deciding.cancel()
        await asyncio.wait([deciding])
        assert deciding.cancelled()

    asyncio.run(start_and_cancel())
    (group,) = groups
    with pytest.raises(ProcessLookupError):
        os.killpg(group, 0)
    assert is_undecided(BRAIN, model, None)


def test_the_quicker_one_goes_on_with_the_conversation(model: Path, tmp_path: Path) -> None:
    settings = load(packaged_config()).settings
    brain = settings.brain.model_copy(
        update={"model": str(model), "context_tokens": 200, "max_reply_tokens": 5, "persona": "Be."}
    )
    settings = settings.model_copy(update={"brain": brain})

    async def talk() -> None:
        async with Components(settings) as components:
            thinking = components.worker("brain")
            old = await components.make(thinking, components.brain)
            assert getattr(old, "engine_name", "") == "llama.cpp"
            made = replace(parts(FakeRecognizer(), FakeChat()), chat_model=old, thinking=thinking)
            made = replace(made, history=History(brain.persona, old, brain.max_reply_tokens))
            memory = ConversationMemory(VirtualWorker(), tmp_path / "memory.db", settings.memory)
            chat = Chat(settings, made, memory)
            session = Session(made, MemoryPlayer(), None, {}, 0.2)
            running: Any = SimpleNamespace(components=components, session=session, chat=chat)
            chat.history.commit("one", "two")
            KnownEngines(brain).keep(model, None, {"openvino": 0.1, "llama.cpp": 0.2})
            decide(brain, model, None)
            await _use(running, (model, None))
            used = session.parts
            assert getattr(used.chat_model, "engine_name", "") == "OpenVINO"
            assert chat.history.turns == (("one", "two"),) and used.history.model is used.chat_model

            def answer(cancel: CancelToken) -> list[str]:
                return list(used.chat_model.reply(used.history.messages("three"), cancel))

            assert "".join(await used.thinking.run(answer))
            with pytest.raises(WorkerClosed):
                await thinking.run(answer)
            await chat.close()

    asyncio.run(talk())
