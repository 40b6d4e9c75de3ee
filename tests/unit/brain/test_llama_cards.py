"""A card that ended the program is not tried again, until something about it has changed."""

import subprocess
import sys
from pathlib import Path

import pytest
import xllamacpp

from daemon.brain import llama_cards
from daemon.brain.llama_cards import GraphicsAttempt, LlamaCard, on_cards
from daemon.brain.speed import machine_key
from daemon.config import BrainSettings

CARD = "CUDA0: NVIDIA GeForce RTX 3060"


def test_only_an_end_of_the_program_counts_as_failed(tmp_path: Path) -> None:
    attempt = GraphicsAttempt("1.0 CUDA0", tmp_path / "new" / "attempt")
    assert not attempt.failed
    with attempt:
        assert not attempt.failed, "another daemon may be loading just now"
    assert not attempt.path.exists()
    with pytest.raises(RuntimeError), attempt:
        raise RuntimeError
    assert not attempt.path.exists()


def test_an_end_is_remembered_for_this_card_and_engine(tmp_path: Path) -> None:
    path = tmp_path / "attempt"
    code = (
        "import os, pathlib\n"
        "from daemon.brain.llama_cards import GraphicsAttempt\n"
        f"with GraphicsAttempt('1.0 CUDA0', pathlib.Path({str(path)!r})): os._exit(1)"
    )
    subprocess.run([sys.executable, "-c", code], check=False)
    assert GraphicsAttempt("1.0 CUDA0", path).failed
    assert not GraphicsAttempt("1.1 CUDA0", path).failed
    path.write_text("nonsense")
    assert not GraphicsAttempt("1.0 CUDA0", path).failed


class FullMemory:
    """Loads models, as long as none of it is to be on a card."""

    def __init__(self) -> None:
        self.layers: list[int] = []

    def __call__(self, layers: int) -> str:
        self.layers.append(layers)
        if layers:
            raise RuntimeError("failed to load")
        return "server"


@pytest.fixture
def memory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> FullMemory:
    """A card that is there, and whose memory is full."""
    place = "daemon.brain.llama_cards.default_directory"
    monkeypatch.setattr(place, lambda: tmp_path / "models")
    card = LlamaCard(CARD, 10**9, False)
    monkeypatch.setattr(llama_cards, "llamacpp_cards", lambda: [card])
    return FullMemory()


def test_a_model_that_the_card_does_not_take_is_loaded_without(
    memory: FullMemory, tmp_path: Path
) -> None:
    engine = on_cards(memory, -1)
    assert (engine.made, engine.device, memory.layers) == ("server", "processor", [-1, 0])
    assert not (tmp_path / "graphics-attempt").exists()


def test_without_layers_for_it_no_card_is_tried(memory: FullMemory) -> None:
    assert on_cards(memory, 0).device == "processor"
    assert memory.layers == [0]


def test_after_an_end_the_card_is_not_tried_and_the_way_back_is_told(
    memory: FullMemory, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    gone = f"999999999\n{xllamacpp.__version__} {CARD}"
    (tmp_path / "graphics-attempt").write_text(gone)
    assert on_cards(memory, -1).device == "processor"
    assert memory.layers == [0]
    assert f"rm {tmp_path / 'graphics-attempt'}" in caplog.text


def test_a_card_that_works_is_named(memory: FullMemory) -> None:
    assert on_cards(lambda layers: layers, -1).device == CARD


def test_speeds_are_known_by_the_cards_that_may_compute(memory: FullMemory) -> None:
    with_card, without = machine_key(BrainSettings()), machine_key(BrainSettings(gpu_layers=0))
    assert CARD in with_card
    assert CARD not in without
