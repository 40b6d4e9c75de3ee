"""A daemon finds out what computes its brain quicker while nobody talks, and then uses it."""

import asyncio
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from daemon import quicker_engine
from daemon.brain.engine_choice import Engine, EngineChoice
from daemon.brain.local_model import LocalModel
from daemon.bus import Bus
from daemon.config import load, packaged_config
from daemon.dialogue.state import Phase, State
from daemon.errors import SetupError
from daemon.events import StateChanged
from daemon.power import on_battery
from daemon.quicker_engine import IDLE_S, POLL_S, use_quicker_engine
from tests.fakes import FakeChat, FakeRecognizer, VirtualWorker, parts
from tests.virtual_time import run_virtual

TAKES_S = 40.0


class Brain(LocalModel):
    def __init__(self, engine: str) -> None:
        self.engine_name = engine


class House:
    """A daemon that runs on llama.cpp, and what becomes of it."""

    def __init__(self, quicker: Engine = "openvino", loads: bool = True) -> None:
        self.quicker, self.loads = quicker, loads
        self.known, self.room = False, True
        self.notes: list[tuple[float, str]] = []
        old = replace(parts(FakeRecognizer(), FakeChat()), chat_model=Brain("llama.cpp"))
        self.session = SimpleNamespace(state=State(), parts=old, use=self._use)
        components = SimpleNamespace(
            settings=load(packaged_config()).settings,
            worker=lambda _name: VirtualWorker(),
            make=self._make,
            release=self._release,
            brain=None,
        )
        self.running: Any = SimpleNamespace(
            components=components,
            session=self.session,
            bus=Bus(),
            chat=SimpleNamespace(use=lambda model, _worker: self.note(f"chat {model.engine_name}")),
        )

    def note(self, what: str) -> None:
        self.notes.append((round(asyncio.get_running_loop().time()), what))

    @property
    def done(self) -> list[str]:
        return [what for _, what in self.notes]

    def becomes(self, phase: Phase) -> None:
        self.session.state = State(phase)
        self.running.bus.publish(StateChanged(phase.value, 1))

    def _use(self, **new: Any) -> None:
        self.session.parts = replace(self.session.parts, **new)

    async def _make(self, _worker: object, _factory: object) -> Brain:
        if not self.loads:
            raise SetupError("no room")
        return Brain("OpenVINO")

    async def _release(self, _worker: object, part: Brain) -> None:
        self.note(f"closed {part.engine_name}")

    async def decide(self, *_files: object) -> None:
        self.note("begins")
        try:
            await asyncio.sleep(TAKES_S)
        except asyncio.CancelledError:
            self.note("ended")
            raise
        self.known = True
        self.note("known")


@pytest.fixture
def house(monkeypatch: pytest.MonkeyPatch) -> House:
    house = House()
    files = Path("model.gguf"), None
    monkeypatch.setattr(quicker_engine, "undecided", lambda _: None if house.known else files)
    monkeypatch.setattr(quicker_engine, "has_room", lambda _: house.room)
    monkeypatch.setattr(quicker_engine, "choose_engine", lambda *_: EngineChoice(house.quicker))
    return house


def test_what_is_quicker_is_used_once_it_is_known(house: House) -> None:
    run_virtual(use_quicker_engine(house.running, house.decide))
    first = IDLE_S + POLL_S
    assert house.notes == [
        (first, "begins"), (first + TAKES_S, "known"),
        (first + TAKES_S, "chat OpenVINO"), (first + TAKES_S, "closed llama.cpp"),
    ]  # fmt: skip
    assert house.session.parts.chat_model.engine_name == "OpenVINO"


def test_whoever_speaks_ends_it_and_it_is_tried_again(house: House) -> None:
    async def talk() -> None:
        finding = asyncio.ensure_future(use_quicker_engine(house.running, house.decide))
        await asyncio.sleep(IDLE_S - 1)
        house.becomes(Phase.HEARING)
        house.becomes(Phase.LISTENING)
        await asyncio.sleep(IDLE_S + POLL_S + 1)
        assert house.done == ["begins"]
        house.becomes(Phase.HEARING)
        await asyncio.sleep(0.1)
        assert house.done == ["begins", "ended"]
        await asyncio.sleep(10 * IDLE_S)
        assert house.done == ["begins", "ended"], "not in the middle of an answer without end"
        house.becomes(Phase.LISTENING)
        await finding
        assert house.done[2:] == ["begins", "known", "chat OpenVINO", "closed llama.cpp"]

    run_virtual(talk())


def test_it_waits_for_mains_memory_and_other_programs(house: House) -> None:
    async def wait() -> None:
        house.room = False
        finding = asyncio.ensure_future(use_quicker_engine(house.running, house.decide))
        await asyncio.sleep(5 * IDLE_S)
        assert not house.done
        house.room = True
        await finding
        assert "known" in house.done

    run_virtual(wait())


@pytest.mark.parametrize(("quicker", "loads"), [("llama.cpp", True), ("openvino", False)])
def test_the_old_one_stays_where_it_is_quicker_or_the_other_cannot_be_loaded(
    house: House, quicker: Engine, loads: bool
) -> None:
    house.quicker, house.loads = quicker, loads
    run_virtual(use_quicker_engine(house.running, house.decide))
    assert house.done == ["begins", "known"]
    assert house.session.parts.chat_model.engine_name == "llama.cpp"


def test_nothing_is_measured_that_is_known_or_cannot_be(house: House) -> None:
    async def fails(*_files: object) -> None:
        house.note("fails")
        raise OSError("no such program")

    run_virtual(use_quicker_engine(house.running, fails))
    assert house.done == ["fails"], "and it is not tried for ever"
    house.known = True
    run_virtual(use_quicker_engine(house.running, house.decide))
    assert house.done == ["fails"]


def test_a_shutdown_ends_it(house: House) -> None:
    async def stop() -> None:
        finding = asyncio.ensure_future(use_quicker_engine(house.running, house.decide))
        await asyncio.sleep(IDLE_S + POLL_S + 1)
        finding.cancel()
        await asyncio.wait([finding])
        assert finding.cancelled() and house.done == ["begins", "ended"]

    run_virtual(stop())


def test_only_the_computers_own_battery_counts(tmp_path: Path) -> None:
    def supply(name: str, **told: str) -> None:
        (tmp_path / name).mkdir(exist_ok=True)
        for key, value in told.items():
            (tmp_path / name / key).write_text(f"{value}\n")

    assert not on_battery(tmp_path / "none") and not on_battery(tmp_path)
    supply("AC", type="Mains", online="0")
    supply("hidpp_battery_0", type="Battery", scope="Device", status="Discharging")
    assert not on_battery(tmp_path)
    supply("BAT0", type="Battery", status="Discharging")
    assert on_battery(tmp_path)
    supply("BAT0", status="Charging")
    assert not on_battery(tmp_path)


def test_a_model_that_was_removed_just_now_is_no_failure(tmp_path: Path) -> None:
    assert not quicker_engine.has_room(tmp_path / "gone.gguf")
