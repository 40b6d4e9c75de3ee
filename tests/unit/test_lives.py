"""Loading everything anew in the same process."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from daemon.config import Settings, load, packaged_config
from daemon.dialogue.mute import Mute
from daemon.errors import SetupError
from daemon.service.desk import Desk
from daemon.service.lives import again_and_again

Live = Callable[[Settings], Coroutine[None, None, None]]


def with_speed(speed: float) -> Settings:
    settings = load(packaged_config()).settings
    return settings.model_copy(update={"voice": settings.voice.model_copy(update={"speed": speed})})


def lives(make: Callable[[Desk, list[float]], Live], ends: type[Exception]) -> list[float]:
    """Run until ``ends``; return the speeds that were lived with."""
    seen: list[float] = []

    async def main() -> None:
        desk = Desk(with_speed(1.0), None, Mute())
        await asyncio.wait_for(again_and_again(desk, make(desk, seen)), 300)

    with pytest.raises(ends):
        asyncio.run(main())
    return seen


class Over(Exception):
    """Ends a test."""


def test_it_begins_anew_with_what_is_wanted() -> None:
    def make(desk: Desk, seen: list[float]) -> Live:
        async def live(settings: Settings) -> None:
            seen.append(settings.voice.speed)
            if len(seen) == 3:
                raise Over
            desk.settings.wanted = with_speed(settings.voice.speed + 0.25)
            desk.restarting.set()
            await asyncio.Event().wait()

        return live

    assert lives(make, Over) == [1.0, 1.25, 1.5]


def test_settings_that_cannot_be_loaded_leave_those_before() -> None:
    def make(desk: Desk, seen: list[float]) -> Live:
        async def live(settings: Settings) -> None:
            seen.append(settings.voice.speed)
            if settings.voice.speed == 2.0:
                raise SetupError("no such brain")
            if len(seen) == 3:
                assert desk.settings.wanted.voice.speed == 1.0
                raise Over
            desk.settings.wanted = with_speed(2.0)
            desk.restarting.set()
            await asyncio.Event().wait()

        return live

    assert lives(make, Over) == [1.0, 2.0, 1.0]


def test_a_failure_of_the_first_life_is_the_daemons() -> None:
    def make(desk: Desk, seen: list[float]) -> Live:
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
        task = asyncio.create_task(again_and_again(Desk(with_speed(1.0), None, Mute()), live))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert ended
