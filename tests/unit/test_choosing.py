"""Choices that come while another is being brought into force, and what becomes of them."""

import asyncio
import logging
from typing import Any

import pytest

from daemon.config import Settings, load, packaged_config
from daemon.dialogue.mute import Mute
from daemon.errors import DigitalLifeError
from daemon.service import choosing
from daemon.service import desk as desk_module
from daemon.service.desk import Desk
from daemon.service.lives import again_and_again
from daemon.service.protocol import Order
from daemon.service.settings_state import SettingsState, with_values


def packaged() -> Settings:
    return load(packaged_config()).settings


class Slow:
    """Brings settings into force when it is let."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.let = asyncio.Event()
        self.begun: list[Settings] = []
        self.ended: list[Settings] = []
        monkeypatch.setattr(choosing, "apply", self)
        monkeypatch.setattr(desk_module, "require_weights", lambda settings, store: None)

    async def __call__(self, running: object, wanted: Settings) -> dict[str, Any]:
        self.begun.append(wanted)
        await self.let.wait()
        self.ended.append(wanted)
        return {"changed": [], "needs_restart": []}


class Live:
    """As much of a daemon that listens as is looked at."""

    class loader:
        store = None
        settings = packaged()

    session = doorway = None


def listening(desk: Desk) -> None:
    desk._running = Live()  # type: ignore[assignment]


async def until(true: Any) -> None:
    async with asyncio.timeout(120):
        while not true():  # noqa: ASYNC110 (what is waited for sets no event)
            await asyncio.sleep(0)


def test_a_choice_made_while_another_is_under_way_is_not_lost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def main() -> None:
        slow, desk = Slow(monkeypatch), Desk(packaged(), None, Mute())
        listening(desk)
        choices = [
            asyncio.ensure_future(desk.choose({name: value}))
            for name, value in (
                ("voice.speed", 1.5),
                ("voice.volume", 0.5),
                ("brain.model", "another"),
                ("ears.languages", ["en"]),
            )
        ]
        await until(lambda: slow.begun)
        slow.let.set()
        await asyncio.gather(*choices)
        wanted = desk.settings.wanted
        assert (wanted.voice.speed, wanted.voice.volume) == (1.5, 0.5)
        assert (wanted.brain.model, wanted.ears.languages) == ("another", ("en",))
        assert desk.settings.waiting == ["brain.model"]
        assert len(desk.settings.unkept) == 4

    asyncio.run(main())


def test_a_choice_is_made_though_its_page_was_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        slow, desk = Slow(monkeypatch), Desk(packaged(), None, Mute())
        listening(desk)
        asking = asyncio.ensure_future(desk.choose({"voice.speed": 1.5}))
        await until(lambda: slow.begun)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        slow.let.set()
        await until(lambda: desk.settings.wanted.voice.speed == 1.5)

    asyncio.run(main())


def test_a_restart_waits_for_a_slow_switch(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> list[float]:
        slow, desk = Slow(monkeypatch), Desk(packaged(), None, Mute())
        lived: list[float] = []

        async def live(settings: Settings) -> None:
            lived.append(settings.voice.speed)
            listening(desk)
            await asyncio.Event().wait()

        living = asyncio.ensure_future(again_and_again(desk, live))
        await until(lambda: lived)
        choice = asyncio.ensure_future(desk.choose({"voice.speed": 1.5}))
        await until(lambda: slow.begun)
        restart = asyncio.ensure_future(desk.answer(Order(v=1, do="restart")))
        late = asyncio.ensure_future(desk.choose({"voice.speed": 0.5}))
        for _ in range(20):
            await asyncio.sleep(0)
        assert not restart.done() and len(lived) == 1
        slow.let.set()
        await choice
        await restart
        await until(lambda: len(lived) == 2)
        await asyncio.wait((late,))
        living.cancel()
        await asyncio.wait((living,))
        assert isinstance(late.exception() or late.result(), DigitalLifeError | dict)
        return lived

    with caplog.at_level(logging.WARNING):
        assert asyncio.run(main()) in ([1.0, 1.5], [1.0, 0.5])
    assert not caplog.records


def test_the_end_of_the_daemon_ends_a_slow_switch(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        slow, desk = Slow(monkeypatch), Desk(packaged(), None, Mute())

        async def live(settings: Settings) -> None:
            listening(desk)
            await asyncio.Event().wait()

        living = asyncio.ensure_future(again_and_again(desk, live))
        await until(lambda: desk.running is not None)
        choice = asyncio.ensure_future(desk.choose({"voice.speed": 1.5}))
        await until(lambda: slow.begun)
        living.cancel()
        await asyncio.wait((living,))
        with pytest.raises(DigitalLifeError, match="loaded anew"):
            await choice
        assert not slow.ended

    asyncio.run(main())
    assert not caplog.records


def test_a_persona_leaves_nothing_that_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        slow, desk = Slow(monkeypatch), Desk(packaged(), None, Mute())
        listening(desk)
        slow.let.set()
        await desk.choose({"persona.name": "oliver"})
        assert desk.settings.waiting == []
        await desk.choose({"camera.device": "/dev/video7"})
        assert desk.settings.waiting == ["camera.device"]
        desk.begin(desk.settings.wanted)
        assert desk.settings.waiting == []

    asyncio.run(main())


def test_what_changes_at_once_survives_a_restart_that_fails() -> None:
    state = SettingsState(packaged())
    state.take(with_values(state.wanted, {"voice.speed": 1.5}), ["voice.speed"])
    state.take(with_values(state.wanted, {"brain.model": "broken"}), ["brain.model"])
    state.begin(state.in_force)
    assert state.wanted.voice.speed == 1.5
    assert state.waiting == []
    assert state.unkept == ["voice.speed"]


def test_a_choice_taken_back_is_none() -> None:
    state = SettingsState(packaged())
    for speed in (1.5, 1.0):
        state.take(with_values(state.wanted, {"voice.speed": speed}), ["voice.speed"])
    assert state.unkept == []
