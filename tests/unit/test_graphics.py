"""What is on a graphics card goes on without it, and says so once."""

import logging
import sys
from types import SimpleNamespace

import pytest

from daemon.errors import SetupError
from daemon.graphics import PROCESSOR, GraphicsCard, OnCard, Vendor, device_of, torch_device
from daemon.worker import Cancelled


class FullCard:
    """Works ``runs`` times, then its card's memory is full."""

    def __init__(self, place: str, runs: int) -> None:
        self.place, self.runs = place, runs

    def run(self) -> str:
        if self.runs == 0:
            raise RuntimeError("CUDA out of memory.\nTried to allocate 20 MiB")
        self.runs -= 1
        return self.place


def test_what_works_stays_on_the_card(caplog: pytest.LogCaptureFixture) -> None:
    engine = OnCard("net", lambda: FullCard("card", 9), lambda: FullCard("cpu", 9), "CUDA")
    assert engine.run(FullCard.run) == "card"
    assert (engine.device, device_of(engine), device_of(object())) == ("CUDA", "CUDA", PROCESSOR)
    assert not caplog.records


def test_a_broken_driver_leaves_the_processor(caplog: pytest.LogCaptureFixture) -> None:
    def broken() -> FullCard:
        raise AssertionError("not compiled with CUDA")

    engine = OnCard("net", broken, lambda: FullCard("cpu", 9), "CUDA")
    assert (engine.run(FullCard.run), engine.device) == ("cpu", PROCESSOR)
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert "(net), the processor takes over: not compiled with CUDA" in caplog.text


def test_full_memory_in_the_middle_costs_no_answer_and_is_told_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    engine = OnCard("net", lambda: FullCard("card", 1), lambda: FullCard("cpu", 9), "CUDA")
    assert [engine.run(FullCard.run) for _ in range(3)] == ["card", "cpu", "cpu"]
    assert engine.device == PROCESSOR
    assert len(caplog.records) == 1
    assert caplog.records[0].getMessage().endswith("CUDA out of memory.")


def test_what_is_not_the_cards_fault_is_raised() -> None:
    def missing() -> FullCard:
        raise SetupError("no such file")

    with pytest.raises(SetupError):
        OnCard("net", missing, lambda: FullCard("cpu", 9), "CUDA")
    engine = OnCard("net", lambda: FullCard("card", 9), lambda: FullCard("cpu", 0), "CUDA")
    for error in (Cancelled(), SetupError("bad text")):

        def use(_network: FullCard, error: Exception = error) -> None:
            raise error

        with pytest.raises(type(error)):
            engine.run(use)
    assert engine.device == "CUDA"


def test_an_error_of_the_processor_is_raised() -> None:
    engine = OnCard("net", None, lambda: FullCard("cpu", 0), "CUDA")
    with pytest.raises(RuntimeError, match="memory"):
        engine.run(FullCard.run)


@pytest.mark.parametrize(
    ("version", "vendor", "driver", "imported"),
    [
        ("2.13.0", "nvidia", "nvidia", True),
        ("2.13.0", "nvidia", "", False),
        ("2.13.0+cpu", "nvidia", "nvidia", False),
        ("2.13.0", "amd", "amdgpu", False),
        ("2.13.0+rocm7.1", "amd", "amdgpu", True),
        ("2.13.0", "intel", "i915", False),
    ],
)
def test_pytorch_is_imported_only_for_a_card_that_it_is_built_for(
    monkeypatch: pytest.MonkeyPatch, version: str, vendor: Vendor, driver: str, imported: bool
) -> None:
    class Cuda:
        @staticmethod
        def is_available() -> bool:
            return True

    monkeypatch.setattr("importlib.metadata.version", lambda _name: version)
    card = GraphicsCard(vendor, "a card", driver)
    monkeypatch.setattr("daemon.graphics.graphics_cards", lambda: [card])
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(cuda=Cuda))
    assert torch_device() == ("cuda" if imported else "cpu")
