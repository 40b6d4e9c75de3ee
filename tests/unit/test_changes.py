"""Choices that come while another is being brought into force, and what becomes of them."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from daemon import changes
from daemon import server as server_module
from daemon.config import Settings, load, packaged_config
from daemon.config.state import SettingsState, with_values
from daemon.errors import DigitalLifeError
from daemon.server import Daemon


def packaged() -> Settings:
    return load(packaged_config()).settings


class Slow:
    """Brings settings into force when it is let."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.let = asyncio.Event()
        self.begun: list[Settings] = []
        self.ended: list[Settings] = []
        monkeypatch.setattr(changes, "apply", self)
        monkeypatch.setattr(server_module, "require_weights", lambda settings, store: None)

    async def __call__(self, running: object, wanted: Settings) -> dict[str, Any]:
        self.begun.append(wanted)
        await self.let.wait()
        self.ended.append(wanted)
        return {"changed": [], "needs_restart": []}


class Live:
    """As much of a daemon that listens as is looked at."""

    class components:
        store = None
        settings = packaged()

    session = listen_gate = None


class Rehearsed(Daemon):
    """Runs ``live`` in the place of everything."""

    live: Callable[[Settings], Awaitable[None]]

    async def serve(self, settings: Settings) -> None:
        await self.live(settings)


def listening(daemon: Daemon) -> None:
    daemon.running = Live()  # type: ignore[assignment]


async def until(true: Any) -> None:
    async with asyncio.timeout(120):
        while not true():  # noqa: ASYNC110 (what is waited for sets no event)
            await asyncio.sleep(0)


def test_a_choice_made_while_another_is_under_way_is_not_lost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def main() -> None:
        slow, daemon = Slow(monkeypatch), Rehearsed(packaged())
        listening(daemon)
        choices = [
            asyncio.ensure_future(daemon.changes.choose({name: value}))
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
        wanted = daemon.settings.wanted
        assert (wanted.voice.speed, wanted.voice.volume) == (1.5, 0.5)
        assert (wanted.brain.model, wanted.ears.languages) == ("another", ("en",))
        assert daemon.settings.waiting == ["brain.model"]
        assert len(daemon.settings.unkept) == 4

    asyncio.run(main())


def test_a_choice_is_made_though_its_page_was_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        slow, daemon = Slow(monkeypatch), Rehearsed(packaged())
        listening(daemon)
        asking = asyncio.ensure_future(daemon.changes.choose({"voice.speed": 1.5}))
        await until(lambda: slow.begun)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        slow.let.set()
        await until(lambda: daemon.settings.wanted.voice.speed == 1.5)

    asyncio.run(main())


def test_a_restart_waits_for_a_slow_switch(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> list[float]:
        slow, daemon = Slow(monkeypatch), Rehearsed(packaged())
        lived: list[float] = []

        async def live(settings: Settings) -> None:
            lived.append(settings.voice.speed)
            listening(daemon)
            await asyncio.Event().wait()

        daemon.live = live
        living = asyncio.ensure_future(daemon.run_with_restarts())
        await until(lambda: lived)
        choice = asyncio.ensure_future(daemon.changes.choose({"voice.speed": 1.5}))
        await until(lambda: slow.begun)
        restart = asyncio.ensure_future(daemon.restart())
        late = asyncio.ensure_future(daemon.changes.choose({"voice.speed": 0.5}))
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
        slow, daemon = Slow(monkeypatch), Rehearsed(packaged())

        async def live(settings: Settings) -> None:
            listening(daemon)
            await asyncio.Event().wait()

        daemon.live = live
        living = asyncio.ensure_future(daemon.run_with_restarts())
        await until(lambda: daemon.running is not None)
        choice = asyncio.ensure_future(daemon.changes.choose({"voice.speed": 1.5}))
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
        slow, daemon = Slow(monkeypatch), Rehearsed(packaged())
        listening(daemon)
        slow.let.set()
        await daemon.changes.choose({"persona.name": "oliver"})
        assert daemon.settings.waiting == []
        await daemon.changes.choose({"camera.device": "/dev/video7"})
        assert daemon.settings.waiting == ["camera.device"]
        daemon.settings.begin(daemon.settings.wanted)
        assert daemon.settings.waiting == []

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
