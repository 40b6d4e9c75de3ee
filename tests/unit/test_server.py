"""Loading everything anew in the same process."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from daemon.config import Settings, load, packaged_config
from daemon.errors import DigitalLifeError, SetupError
from daemon.server import Daemon

Live = Callable[[Settings], Coroutine[None, None, None]]


def with_speed(speed: float) -> Settings:
    settings = load(packaged_config()).settings
    return settings.model_copy(update={"voice": settings.voice.model_copy(update={"speed": speed})})


class Rehearsed(Daemon):
    """Runs ``live`` in the place of everything."""

    live: Live

    async def serve(self, settings: Settings) -> None:
        await self.live(settings)


def lives(make: Callable[[Daemon, list[float]], Live], ends: type[Exception]) -> list[float]:
    """Run until ``ends``; return the speeds that were lived with."""
    seen: list[float] = []

    async def main() -> None:
        daemon = Rehearsed(with_speed(1.0))
        daemon.live = make(daemon, seen)
        await asyncio.wait_for(daemon.run_with_restarts(), 300)

    with pytest.raises(ends):
        asyncio.run(main())
    return seen


class Over(Exception):
    """Ends a test."""


def test_it_begins_anew_with_what_is_wanted() -> None:
    def make(daemon: Daemon, seen: list[float]) -> Live:
        async def live(settings: Settings) -> None:
            seen.append(settings.voice.speed)
            if len(seen) == 3:
                raise Over
            daemon.settings.wanted = with_speed(settings.voice.speed + 0.25)
            daemon._restart.set()
            await asyncio.Event().wait()

        return live

    assert lives(make, Over) == [1.0, 1.25, 1.5]


def test_settings_that_cannot_be_loaded_leave_those_before() -> None:
    def make(daemon: Daemon, seen: list[float]) -> Live:
        async def live(settings: Settings) -> None:
            seen.append(settings.voice.speed)
            if settings.voice.speed == 2.0:
                raise SetupError("no such brain")
            if len(seen) == 3:
                assert daemon.settings.wanted.voice.speed == 1.0
                raise Over
            daemon.settings.wanted = with_speed(2.0)
            daemon._restart.set()
            await asyncio.Event().wait()

        return live

    assert lives(make, Over) == [1.0, 2.0, 1.0]


def test_a_failure_of_the_first_life_is_the_daemons() -> None:
    def make(daemon: Daemon, seen: list[float]) -> Live:
        async def live(settings: Settings) -> None:
            raise SetupError("nothing is there")

        return live

    lives(make, SetupError)


def test_cancelling_ends_the_life() -> None:
    ended: list[Any] = []

    async def live(settings: Settings) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(settings)

    async def main() -> None:
        daemon = Rehearsed(with_speed(1.0))
        daemon.live = live
        task = asyncio.create_task(daemon.run_with_restarts())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert ended


def test_while_a_life_ends_who_asks_is_told_to_wait() -> None:
    told: list[str] = []

    def make(daemon: Daemon, seen: list[float]) -> Live:
        async def live(settings: Settings) -> None:
            if told:
                raise Over
            daemon.running = object()  # type: ignore[assignment]
            daemon._restart.set()
            try:
                await asyncio.Event().wait()
            finally:
                with pytest.raises(DigitalLifeError) as refused:
                    daemon.require_running()
                told.append(str(refused.value))

        return live

    lives(make, Over)
    assert "still loading" in told[0]
