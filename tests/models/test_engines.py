"""A brain in this process talks, stops and gives way, whichever engine computes it."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from daemon.bench.speech import PAUSED, QUESTIONS
from daemon.brain.end_of_utterance import UNFINISHED
from daemon.brain.llamacpp import LlamaCpp
from daemon.brain.local_model import LocalModel
from daemon.errors import StageError
from daemon.media import Message
from daemon.worker import CancelToken
from tests.models.talking import PERSONA, STORY, ask

ENGINES = ("llama.cpp", "openvino")


def load(engine: str, path: Path, directory: Path) -> LocalModel:
    """Load a model; what OpenVINO makes of it is written into ``directory``."""
    if engine == "llama.cpp":
        return LlamaCpp(
            path,
            context_tokens=2048,
            max_reply_tokens=60,
            temperature=0.0,
            top_p=0.9,
            system_prompt=PERSONA,
        )
    pytest.importorskip("openvino")
    pytest.importorskip("llguidance")
    from daemon.brain.openvino.brain import OpenVinoModel

    return OpenVinoModel(
        path,
        context_tokens=2048,
        max_reply_tokens=60,
        temperature=0.0,
        top_p=0.9,
        system_prompt=PERSONA,
        directory=directory,
    )


@pytest.fixture(scope="module", params=ENGINES)
def qwen(
    request: pytest.FixtureRequest,
    weights: Callable[[str], Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[LocalModel]:
    path = weights("qwen2.5-coder-0.5b") / "model.gguf"
    model = load(request.param, path, tmp_path_factory.mktemp("qwen"))
    model.warm_up()
    yield model
    model.close()


@pytest.fixture(scope="module", params=ENGINES)
def smollm(
    request: pytest.FixtureRequest,
    weights: Callable[[str], Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[LocalModel]:
    path = weights("smollm2-135m") / "model.gguf"
    model = load(request.param, path, tmp_path_factory.mktemp("smollm"))
    yield model
    model.close()


def test_english_is_answered_and_followed_up(qwen: LocalModel) -> None:
    assert "Paris" in ask(qwen, "What is the capital of France?")
    follow_up = ask(
        qwen, "What is the capital of France?", "And what language do they speak there?"
    )
    assert "French" in follow_up


def test_chinese_is_answered_in_chinese(qwen: LocalModel) -> None:
    assert "北京" in ask(qwen, "中国的首都是哪里？")


def test_half_a_sentence_is_told_from_a_whole_one(qwen: LocalModel) -> None:
    def whole(said: str) -> bool:
        messages = [Message("system", PERSONA), Message("user", said)]
        return qwen.end_probability(messages, CancelToken()) >= UNFINISHED

    questions = [
        (f"{first[:-1]}.", f"{first} {second}")  # as a recogniser hears the half
        for halves in PAUSED.values()
        for first, second in halves
    ]
    halves = [half for half, _ in questions if whole(half)]
    assert len(halves) <= 4, halves
    assert all(whole(question) for _, question in questions)
    assert all(whole(question) for texts in QUESTIONS.values() for question in texts)


def test_pieces_hold_whole_characters(qwen: LocalModel) -> None:
    request = "Repeat exactly, nothing else: 龘𠀋😊👨‍👩‍👧🇨🇳"
    pieces = list(qwen.reply([Message("user", request)], CancelToken()))
    assert "�" not in "".join(pieces)
    assert all(ord(char) < 0xD800 or ord(char) > 0xDFFF for piece in pieces for char in piece)
    assert "😊" in "".join(pieces)


def test_the_answer_ends_at_its_limit(smollm: LocalModel) -> None:
    pieces = list(smollm.reply([Message("user", STORY)], CancelToken()))
    assert 1 < len(pieces) <= 60


def test_a_cancelled_reply_ends_with_the_token(smollm: LocalModel) -> None:
    cancel = CancelToken()
    reply = smollm.reply([Message("user", STORY)], cancel)
    assert next(reply)
    cancel.cancel()
    assert list(reply) == []


def test_a_token_set_before_the_start_gives_nothing(smollm: LocalModel) -> None:
    cancel = CancelToken()
    cancel.cancel()
    assert list(smollm.reply([Message("user", "Hello")], cancel)) == []


def test_cancelling_ends_the_reading_of_a_long_prompt(smollm: LocalModel) -> None:
    cancel = CancelToken()
    timer = threading.Timer(0.05, cancel.cancel)
    timer.start()
    assert list(smollm.reply([Message("user", "one two " * 900)], cancel)) == []
    timer.join()


def test_a_prompt_read_ahead_is_answered_the_same(qwen: LocalModel) -> None:
    question = "What is the capital of France?"
    asked = [Message("user", question)]
    assert "Paris" in ask(qwen, question)
    before = qwen.end_probability(asked, CancelToken())
    qwen.read([Message("system", PERSONA), Message("user", "")], CancelToken())
    # Read in other pieces, sums are rounded otherwise; that is all that may differ.
    assert qwen.end_probability(asked, CancelToken()) == pytest.approx(before, abs=0.05)
    assert "Paris" in ask(qwen, question)


def test_reading_ahead_gives_way(smollm: LocalModel) -> None:
    cancel = CancelToken()
    cancel.cancel()
    smollm.read([Message("user", "one two " * 900)], cancel)
    assert ask(smollm, "What is the capital of France?")


def test_a_prompt_too_long_is_a_stage_error(smollm: LocalModel) -> None:
    with pytest.raises(StageError, match="context") as caught:
        list(smollm.reply([Message("user", "word " * 5000)], CancelToken()))
    assert caught.value.stage == "brain"
    assert ask(smollm, "What is the capital of France?"), "it works on after an error"
