"""A real llama.cpp server as the brain: answers, a wrong key, dying in mid-answer, coming back."""

import http.client
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from daemon.brain.fallback import FallbackModel
from daemon.brain.llamacpp import LlamaCpp
from daemon.brain.openai import OpenAIServer
from daemon.errors import StageError
from daemon.media import Message
from daemon.worker import CancelToken
from tests.waiting import wait_until

KEY = "a-key-for-tests"
PERSONA = "You are a friend. Answer in one sentence."
STORY = "Tell me a very long story about a dragon, at least five hundred words."
SERVE = """
import sys, xllamacpp
params = xllamacpp.CommonParams()
params.model.path, params.port = sys.argv[1], int(sys.argv[2])
params.hostnames = ["127.0.0.1"]
params.n_ctx, params.n_parallel, params.n_gpu_layers, params.verbosity = 2048, 1, 0, -1
params.api_keys = [sys.argv[3]]
server = xllamacpp.Server(params)
print("ready", flush=True)
sys.stdin.read()
"""


class Process:
    """A server in a process of its own, on a port of its own, that can be killed."""

    def __init__(self, model: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            self.port = taken.getsockname()[1]
        self._model = model
        self._process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def start(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", SERVE, str(self._model), str(self.port), KEY],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "ready\n"

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None


@pytest.fixture(scope="module")
def model_file(weights: Callable[[str], Path]) -> Path:
    return weights("smollm2-135m") / "model.gguf"


@pytest.fixture
def server(model_file: Path) -> Iterator[Process]:
    process = Process(model_file)
    try:
        process.start()
        yield process
    finally:
        process.kill()


def client(server: Process, key: str = KEY, max_reply_tokens: int = 40) -> OpenAIServer:
    return OpenAIServer(
        server.url,
        key=key,
        context_tokens=2048,
        max_reply_tokens=max_reply_tokens,
        temperature=0.0,
        top_p=0.9,
        connect_s=2.0,
        silence_s=60.0,
    )


def local(model_file: Path) -> LlamaCpp:
    return LlamaCpp(
        model_file, context_tokens=2048, max_reply_tokens=40, temperature=0.0, top_p=0.9
    )


def is_idle(server: Process) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    connection.request("GET", "/slots", headers={"Authorization": f"Bearer {KEY}"})
    slots = connection.getresponse().read()
    connection.close()
    return b'"is_processing":true' not in slots


def test_a_conversation(server: Process) -> None:
    model = client(server)
    model.warm_up()
    said = [Message("system", PERSONA)]  # without the time, which is too much for so small a model
    for question, expected in (("What is the capital of France?", "Paris"), ("And of Italy?", "")):
        said.append(Message("user", question))
        pieces = list(model.reply(said, CancelToken()))
        assert len(pieces) > 3, "it streams"
        assert expected in "".join(pieces)
        said.append(Message("assistant", "".join(pieces)))


def test_its_estimate_of_tokens_is_on_the_safe_side(server: Process, model_file: Path) -> None:
    exact = local(model_file)
    for text in ("Hello!", STORY, STORY * 20):
        messages = [Message("system", "You are a friend."), Message("user", text)]
        assert client(server).count_tokens(messages) >= exact.count_tokens(messages)
    exact.close()


def test_a_wrong_key(server: Process) -> None:
    with pytest.raises(StageError, match="key"):
        list(client(server, "guess").reply([Message("user", "Hello")], CancelToken()))


def test_a_prompt_too_long_for_the_server(server: Process) -> None:
    with pytest.raises(StageError, match="context"):
        list(client(server).reply([Message("user", "word " * 3000)], CancelToken()))


def test_cancelling_stops_the_servers_work(server: Process) -> None:
    cancel = CancelToken()
    reply = client(server, max_reply_tokens=1500).reply([Message("user", STORY)], cancel)
    assert next(reply)
    cancel.cancel()
    assert list(reply) == []
    wait_until(lambda: is_idle(server), patience_s=10)  # the answer takes longer everywhere


def test_dying_in_mid_answer_then_standing_in_then_coming_back(
    server: Process, model_file: Path
) -> None:
    now = [0.0]
    model = FallbackModel(client(server), lambda: local(model_file), lambda: now[0])
    reply = model.reply([Message("user", STORY)], CancelToken())
    assert next(reply)
    server.kill()
    with pytest.raises(StageError, match=r"broke off|does not answer"):
        list(reply)
    question = [Message("system", PERSONA), Message("user", "What is the capital of France?")]
    assert "Paris" in "".join(model.reply(question, CancelToken())), "the local model answers"
    server.start()
    now[0] = 60.0
    model._make_local = pytest.fail
    assert model._local is not None
    model._local.close()
    model._local = None
    assert "Paris" in "".join(model.reply(question, CancelToken())), "the server answers again"
    model.close()
