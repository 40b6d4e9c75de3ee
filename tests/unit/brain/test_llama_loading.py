"""How llama.cpp is told to load a model."""

from pathlib import Path

import pytest
import xllamacpp

from daemon.brain import llama_loading, llama_server
from daemon.brain.llama_server import LlamaServer
from daemon.errors import SetupError


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, bool]]:
    """Layers on cards, and whether it is to look for what fits there, at each attempt."""
    attempts: list[tuple[int, bool]] = []

    def server(params: xllamacpp.CommonParams) -> None:
        attempts.append((params.n_gpu_layers, params.fit_params))
        raise RuntimeError

    monkeypatch.setattr(xllamacpp, "Server", server)
    monkeypatch.setattr(llama_server, "check_file", lambda _: None)
    return attempts


def test_on_the_processor_nobody_looks_what_fits_on_cards(asked: list[tuple[int, bool]]) -> None:
    with pytest.raises(SetupError):
        LlamaServer(Path("model.gguf"), 512, 0, 1)
    assert asked == [(0, False)]


def test_on_cards_it_looks_and_without_them_not(
    asked: list[tuple[int, bool]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def on_cards(load: object, layers: int) -> None:
        assert callable(load)
        for attempt in (layers, 0):
            with pytest.raises(RuntimeError):
                load(attempt)
        raise RuntimeError

    monkeypatch.setattr(llama_loading, "on_cards", on_cards)
    with pytest.raises(SetupError):
        LlamaServer(Path("model.gguf"), 512, -1, 1)
    assert asked == [(-1, True), (0, False)]
