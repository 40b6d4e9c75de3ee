import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import numpy as np
import pytest

from daemon.brain.history import History
from daemon.brain.llamacpp import LlamaCpp
from daemon.brain.special_tokens import break_special_tokens
from daemon.errors import SetupError, StageError
from daemon.media import Message
from daemon.processor_load import physical_cores
from daemon.worker import CancelToken
from tests.models.talking import PERSONA, STORY
from tests.waiting import wait_until


def load(
    path: Path,
    context_tokens: int = 2048,
    max_reply_tokens: int = 60,
    adapter: Path | None = None,
) -> LlamaCpp:
    return LlamaCpp(
        path,
        context_tokens=context_tokens,
        max_reply_tokens=max_reply_tokens,
        temperature=0.0,
        top_p=0.9,
        system_prompt=PERSONA,
        adapter=adapter,
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


def test_asked_for_the_end_it_stops_when_told_and_reads_nothing_twice(qwen: LlamaCpp) -> None:
    messages = [Message("system", PERSONA), Message("user", "How many legs does a spider have?")]
    cancelled = CancelToken()
    cancelled.cancel()
    assert qwen.end_probability(messages, cancelled) == 1.0
    qwen.end_probability(messages, CancelToken())
    body = {"prompt": qwen._prompt(messages, ()), "n_predict": 1, "cache_prompt": True}
    read = qwen.server.ask("POST", "/completion", body)["timings"]["prompt_n"]
    assert read <= 8, "the question mark, and what the template puts after it"


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
        (m.role, m.content if m.role == "system" else break_special_tokens(m.content))
        for m in messages
    ]
    body = {"messages": [{"role": role, "content": text} for role, text in told], "max_tokens": 1}
    usage = model.server.ask("POST", "/v1/chat/completions", body)["usage"]
    assert model.count_tokens(messages) == usage["prompt_tokens"]


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
    with socket.create_server(("127.0.0.1", 0)):
        assert len(_reachable() - LISTENING_BEFORE) == 1, "one would be found"
    assert not _reachable() - LISTENING_BEFORE


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


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """A folder whose name leaves room for that of a socket."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def test_it_writes_nothing_and_leaves_signals_alone(smollm_file: Path, short_folder: Path) -> None:
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
        cwd=short_folder,
        env={**os.environ, "TMPDIR": str(short_folder), "PYTHONPATH": str(Path.cwd())},
    )
    assert (ran.stdout, ran.stderr) == ("interrupted\n", "")
    assert not list(short_folder.iterdir())


def test_physical_cores_are_some_of_those_allowed() -> None:
    assert 1 <= physical_cores() <= len(os.sched_getaffinity(0))


def _reachable() -> set[str]:
    """Return our sockets that wait for somebody from the network.

    Those that are connected are of what runs the tests.
    """
    found: set[str] = set()
    for table, waits in (("tcp", "0A"), ("tcp6", "0A"), ("udp", "07"), ("udp6", "07")):
        rows = [row.split() for row in Path(f"/proc/net/{table}").read_text().splitlines()[1:]]
        found |= {f"socket:[{row[9]}]" for row in rows if row[3] == waits}
    fds = [f"/proc/self/fd/{fd}" for fd in os.listdir("/proc/self/fd")]
    return found & {os.readlink(fd) for fd in fds if os.path.islink(fd)}


LISTENING_BEFORE = _reachable()  # what runs tests again listens itself


def _is_working() -> bool:
    before = time.process_time()
    time.sleep(0.2)
    return time.process_time() - before > 0.02


def test_an_adapter_that_fits_another_model_is_refused(
    weights: Callable[[str], Path], tmp_path: Path
) -> None:
    pytest.importorskip("gguf")
    from models.talk import gguf_adapter

    numbers = {"A": np.zeros((4, 32), np.float32), "B": np.zeros((32, 4), np.float32)}
    tensors = {f"layers.0.self_attn.q_proj.lora_{of}": values for of, values in numbers.items()}
    adapter = tmp_path / "adapter.gguf"
    gguf_adapter.write(adapter, tensors, 4.0, "Of another", "0" * 64)
    with pytest.raises(SetupError, match="made for another model") as caught:
        load(weights("smollm2-135m") / "model.gguf", adapter=adapter)
    assert "auto" in caught.value.fix
