"""What the doctor says of graphics cards."""

import pytest

from daemon.config import Settings, load, packaged_config
from daemon.graphics import PROCESSOR, GraphicsCard
from daemon.service import check_graphics
from daemon.service.finding import Finding, Severity

RTX = GraphicsCard("nvidia", "NVIDIA GeForce RTX 3060", "nvidia")
BARE = GraphicsCard("amd", "AMD 1002:73bf", "")
NOWHERE = dict.fromkeys(("ears", "brain", "voice", "voice.name", "face"), PROCESSOR)


@pytest.fixture(scope="module")
def settings() -> Settings:
    return load(packaged_config()).settings


def findings(
    monkeypatch: pytest.MonkeyPatch,
    settings: Settings,
    cards: list[GraphicsCard],
    **places: str,
) -> list[Finding]:
    monkeypatch.setattr(check_graphics, "graphics_cards", lambda: cards)
    monkeypatch.setattr(check_graphics, "devices", lambda: NOWHERE | places)
    return list(check_graphics.graphics(settings))


def test_none_is_needed(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    (finding,) = findings(monkeypatch, settings, [])
    assert (finding.level, finding.text) == (Severity.OK, "none, and none is needed")


def test_a_card_that_the_brain_uses_is_well(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    (finding,) = findings(monkeypatch, settings, [RTX], brain="CUDA0: RTX", ears="CUDA")
    assert finding.level is Severity.OK
    assert finding.text.startswith("NVIDIA GeForce RTX 3060; ears: CUDA, brain: CUDA0: RTX, voice:")


def test_a_card_that_the_brain_could_use_is_told(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    (finding,) = findings(monkeypatch, settings, [RTX], ears="CUDA")
    assert finding.level is Severity.NOTE
    assert "built for this card" in finding.why
    assert finding.fix == "docs/gpu.md"
    brain = settings.brain.model_copy(update={"gpu_layers": 0})
    wanted = settings.model_copy(update={"brain": brain})
    (finding,) = findings(monkeypatch, wanted, [RTX], ears="CUDA")
    assert finding.level is Severity.OK


def test_a_card_without_a_driver_is_told(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    (finding,) = findings(monkeypatch, settings, [BARE])
    assert (finding.level, finding.text) == (Severity.NOTE, "AMD 1002:73bf has no driver.")


def test_where_each_part_computes_on_this_machine() -> None:
    assert check_graphics.devices().keys() == NOWHERE.keys()
