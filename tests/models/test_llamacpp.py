import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest

from daemon.bench.speech import PAUSED, QUESTIONS
from daemon.brain.ending import UNFINISHED
from daemon.brain.history import History
from daemon.brain.llama_server import physical_cores
from daemon.brain.llamacpp import LlamaCpp
from daemon.brain.marks import broken_marks
from daemon.errors import SetupError, StageError
from daemon.media import Message
from daemon.worker import CancelToken
from tests.waiting import wait_until

PERSONA = (
    "You are Digital Life, a warm and lively companion talking aloud with a person. "
    "Answer in the language of the last question, in one to three short spoken sentences."
)
STORY = "Tell me a very long story about a dragon, at least five hundred words."


def load(path: Path, context_tokens: int = 2048, max_reply_tokens: int = 60) -> LlamaCpp:
    return LlamaCpp(
        path,
        context_tokens=context_tokens,
        max_reply_tokens=max_reply_tokens,
        temperature=0.0,
        top_p=0.9,
        system_prompt=PERSONA,
    )


@pytest.fixture(scope="module")
def qwen(weights: Callable[[str], Path]) -> Iterator[LlamaCpp]:
    model = load(weights("qwen2.5-coder-0.5b") / "model.gguf")
    model.warm_up()
    yield model
    model.close()


@pytest.fixture(scope="module")
def smollm_file(weights: Callable[[str], Path]) -> Path:
    return weights("smollm2-135m") / "model.gguf"


@pytest.fixture(scope="module")
def smollm(smollm_file: Path) -> Iterator[LlamaCpp]:
    model = load(smollm_file)
    yield model
    model.close()


def ask(model: LlamaCpp, *questions: str) -> str:
    """Ask one after another in one conversation; return the last answer."""
    history = History(PERSONA, model, 60)
    answer = ""
    for question in questions:
        answer = "".join(model.reply(history.messages(question), CancelToken()))
        history.commit(question, answer)
    return answer


def test_english_is_answered_and_followed_up(qwen: LlamaCpp) -> None:
    assert "Paris" in ask(qwen, "What is the capital of France?")
    follow_up = ask(
        qwen, "What is the capital of France?", "And what language do they speak there?"
    )
    assert "French" in follow_up


def test_chinese_is_answered_in_chinese(qwen: LlamaCpp) -> None:
    assert "北京" in ask(qwen, "中国的首都是哪里？")


def test_half_a_sentence_is_told_from_a_whole_one(qwen: LlamaCpp) -> None:
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


def test_asked_for_the_end_it_stops_when_told_and_reads_nothing_twice(qwen: LlamaCpp) -> None:
    messages = [Message("system", PERSONA), Message("user", "How many legs does a spider have?")]
    cancelled = CancelToken()
    cancelled.cancel()
    assert qwen.end_probability(messages, cancelled) == 1.0
    qwen.end_probability(messages, CancelToken())
    body = {"prompt": qwen._prompt(messages, ()), "n_predict": 1, "cache_prompt": True}
    read = qwen.server.ask("POST", "/completion", body)["timings"]["prompt_n"]
    assert read <= 8, "the question mark, and what the template puts after it"


def test_pieces_hold_whole_characters(qwen: LlamaCpp) -> None:
    request = "Repeat exactly, nothing else: 龘𠀋😊👨‍👩‍👧🇨🇳"
    pieces = list(qwen.reply([Message("user", request)], CancelToken()))
    assert "�" not in "".join(pieces)
    assert all(ord(char) < 0xD800 or ord(char) > 0xDFFF for piece in pieces for char in piece)
    assert "😊" in "".join(pieces)


@pytest.mark.parametrize(
    "messages",
    [
        [Message("user", "Hello")],
        [Message("system", PERSONA), Message("user", "中国的首都是哪里？")],
        [
            Message("system", "简短回答。"),
            Message("user", "1 + 1 = ? 😊"),
            Message("assistant", "2."),
            Message("user", "And then, <|im_end|> what?"),
        ],
    ],
)
@pytest.mark.parametrize("name", ["qwen", "smollm"])
def test_tokens_are_counted_as_the_model_counts_them(
    name: str, messages: list[Message], request: pytest.FixtureRequest
) -> None:
    model: LlamaCpp = request.getfixturevalue(name)
    told = [
        (m.role, m.content if m.role == "system" else broken_marks(m.content)) for m in messages
    ]
    body = {"messages": [{"role": role, "content": text} for role, text in told], "max_tokens": 1}
    usage = model.server.ask("POST", "/v1/chat/completions", body)["usage"]
    assert model.count_tokens(messages) == usage["prompt_tokens"]


def test_the_answer_ends_at_its_limit(smollm: LlamaCpp) -> None:
    pieces = list(smollm.reply([Message("user", STORY)], CancelToken()))
    assert 1 < len(pieces) <= 60


def test_a_cancelled_reply_ends_with_the_token(smollm: LlamaCpp) -> None:
    cancel = CancelToken()
    reply = smollm.reply([Message("user", STORY)], cancel)
    assert next(reply)
    cancel.cancel()
    assert list(reply) == []


def test_a_token_set_before_the_start_gives_nothing(smollm: LlamaCpp) -> None:
    cancel = CancelToken()
    cancel.cancel()
    assert list(smollm.reply([Message("user", "Hello")], cancel)) == []


def test_cancelling_ends_the_reading_of_a_long_prompt(smollm: LlamaCpp) -> None:
    cancel = CancelToken()
    timer = threading.Timer(0.05, cancel.cancel)
    timer.start()
    assert list(smollm.reply([Message("user", "one two " * 900)], cancel)) == []
    timer.join()


def test_a_prompt_read_ahead_is_answered_the_same(smollm: LlamaCpp) -> None:
    question = "What is the capital of France?"
    before = ask(smollm, question)
    smollm.read([Message("system", PERSONA), Message("user", "")], CancelToken())
    assert ask(smollm, question) == before


def test_reading_ahead_gives_way(smollm: LlamaCpp) -> None:
    cancel = CancelToken()
    cancel.cancel()
    smollm.read([Message("user", "one two " * 900)], cancel)
    assert ask(smollm, "What is the capital of France?")


@pytest.mark.parametrize("how", ["close", "cancel"])
def test_the_work_stops_when_a_reply_is_left(smollm_file: Path, how: str) -> None:
    model = load(smollm_file, context_tokens=8192, max_reply_tokens=7000)
    model._sampling["ignore_eos"] = True  # the whole answer takes a minute at the very least
    cancel = CancelToken()
    reply = model.reply([Message("user", STORY)], cancel)
    assert next(reply)
    if how == "close":
        assert isinstance(reply, Generator)
        reply.close()
    else:
        cancel.cancel()
        assert list(reply) == []
    wait_until(lambda: not _is_working(), patience_s=50)  # the answer takes longer everywhere
    model.close()


def test_a_prompt_too_long_is_a_stage_error(smollm: LlamaCpp) -> None:
    with pytest.raises(StageError, match="context") as caught:
        list(smollm.reply([Message("user", "word " * 5000)], CancelToken()))
    assert caught.value.stage == "brain"
    assert ask(smollm, "What is the capital of France?"), "it works on after an error"


def test_history_keeps_within_the_real_context(smollm_file: Path) -> None:
    model = load(smollm_file, context_tokens=512, max_reply_tokens=30)
    history = History(PERSONA, model, 30)
    for number in range(12):
        question = f"What is {number} plus {number}? Think of " + "apples and pears " * 10
        answer = "".join(model.reply(history.messages(question), CancelToken()))
        history.commit(question, answer)
    assert len(history.messages("And?")) < 2 * 12
    model.close()


def test_the_context_is_no_larger_than_the_model_was_made_for(smollm_file: Path) -> None:
    model = load(smollm_file, context_tokens=16_384)
    assert model.context_tokens == 8192
    model.close()


def test_it_listens_on_a_private_socket_only(smollm: LlamaCpp) -> None:
    directory = Path(smollm.server.socket).parent
    assert directory.stat().st_mode & 0o777 == 0o700
    inodes = {os.readlink(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd") if _open(fd)}
    for table in ("tcp", "tcp6", "udp", "udp6"):
        rows = Path(f"/proc/net/{table}").read_text().splitlines()[1:]
        assert not inodes & {f"socket:[{row.split()[9]}]" for row in rows}


@pytest.mark.parametrize("route", ["/props", "/slots", "/v1/models", "/tokenize"])
def test_who_does_not_know_the_key_is_refused(smollm: LlamaCpp, route: str) -> None:
    key, smollm.server.key = smollm.server.key, "guess"
    try:
        with pytest.raises(StageError, match="API Key"):
            smollm.server.ask("GET", route, None)
    finally:
        smollm.server.key = key


def test_closing_removes_the_socket(smollm_file: Path) -> None:
    for _ in range(5):  # llama.cpp, told to end before its loop had begun, sometimes never did
        model = load(smollm_file)
        directory = Path(model.server.socket).parent
        model.close()
        assert not directory.exists()


@pytest.mark.parametrize(
    "content", [b"", b"GGUF", os.urandom(1000), None], ids=["empty", "head", "noise", "truncated"]
)
def test_a_damaged_file_is_a_setup_error(
    tmp_path: Path, smollm_file: Path, content: bytes | None
) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(smollm_file.read_bytes()[:20_000_000] if content is None else content)
    with pytest.raises(SetupError, match="damaged") as caught:
        load(path)
    assert "verify" in caught.value.fix


def test_a_missing_file_is_a_setup_error(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="missing"):
        load(tmp_path / "none.gguf")
    with pytest.raises(SetupError, match="missing"):
        load(tmp_path)


def test_a_temporary_directory_too_deep_for_a_socket(
    smollm_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = tmp_path / ("x" * 100)
    deep.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(deep))
    with pytest.raises(SetupError, match="too long a name"):
        load(smollm_file)
    assert not list(deep.iterdir())


def test_it_writes_nothing_and_leaves_signals_alone(smollm_file: Path, tmp_path: Path) -> None:
    script = f"""
import signal, sys
from pathlib import Path
from daemon.brain.llamacpp import LlamaCpp
from daemon.media import Message
from daemon.worker import CancelToken
model = LlamaCpp(Path({str(smollm_file)!r}), context_tokens=512, max_reply_tokens=5,
                 temperature=0.0, top_p=0.9)
list(model.reply([Message("user", "a secret")], CancelToken()))
try:
    signal.raise_signal(signal.SIGINT)
except KeyboardInterrupt:
    print("interrupted")
model.close()
"""
    ran = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "TMPDIR": str(tmp_path), "PYTHONPATH": str(Path.cwd())},
    )
    assert (ran.stdout, ran.stderr) == ("interrupted\n", "")
    assert not list(tmp_path.iterdir())


def test_physical_cores_are_some_of_those_allowed() -> None:
    assert 1 <= physical_cores() <= len(os.sched_getaffinity(0))


def _open(fd: str) -> bool:
    return os.path.islink(f"/proc/self/fd/{fd}")


def _is_working() -> bool:
    before = time.process_time()
    time.sleep(0.2)
    return time.process_time() - before > 0.02
