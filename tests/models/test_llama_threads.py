"""llama.cpp's threads are changed while its model stays loaded."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from daemon.brain.llama_server import LlamaServer
from daemon.brain.llama_threads import LlamaThreads
from daemon.processor_load import LoadSample, ProcessorLoad

CORES = 3  # threads can be more than this machine has processors


class OthersTake(ProcessorLoad):
    """Others who have taken so many processors all the time."""

    taken = 0.0

    def __init__(self) -> None:
        super().__init__(lambda: LoadSample(0, 0, 0))

    def others(self) -> float:
        return self.taken


@pytest.fixture
def others() -> OthersTake:
    return OthersTake()


@pytest.fixture
def server(
    weights: Callable[[str], Path], others: OthersTake, monkeypatch: pytest.MonkeyPatch
) -> Iterator[LlamaServer]:
    monkeypatch.setattr("daemon.brain.llama_server.physical_cores", lambda: CORES)
    monkeypatch.setattr("daemon.processor_load.processor_quota", lambda: float("inf"))
    server = LlamaServer(weights("smollm2-135m") / "model.gguf", 256, 0, 0, load=others)
    yield server
    server.close()


def write(server: LlamaServer) -> str:
    body: dict[str, object] = {"prompt": "Once upon a time", "n_predict": 8, "temperature": 0.0}
    return str(server.ask("POST", "/completion", body)["content"])


def test_each_answer_takes_what_others_leave(server: LlamaServer, others: OthersTake) -> None:
    words = write(server)
    assert server.threads == CORES
    others.taken = 1.0
    assert write(server) == words
    assert server.threads == CORES - 1
    others.taken = 7.0
    assert write(server) == words
    assert server.threads == 1
    others.taken = 0.0
    assert write(server) == words
    assert server.threads == CORES


def test_threads_that_are_set_stay(weights: Callable[[str], Path], others: OthersTake) -> None:
    server = LlamaServer(weights("smollm2-135m") / "model.gguf", 256, 0, 2, load=others)
    try:
        others.taken = 7.0
        write(server)
        assert server.threads == 2
    finally:
        server.close()


def test_a_library_of_another_layout_keeps_one_core_free(
    weights: Callable[[str], Path], others: OthersTake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("daemon.brain.llama_server.physical_cores", lambda: CORES)
    monkeypatch.setattr(LlamaThreads, "_context_of", lambda *_: None)
    server = LlamaServer(weights("smollm2-135m") / "model.gguf", 256, 0, 0, load=others)
    try:
        assert write(server)
        assert server.threads == CORES - 1
    finally:
        server.close()
