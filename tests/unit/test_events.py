import asyncio
import threading
from dataclasses import dataclass

import pytest

from daemon.bus import MAX_WAITING, Bus
from daemon.events import Event, Loading, PrivateEvent, Ready


@dataclass(frozen=True, slots=True)
class Words(PrivateEvent):
    text: str


def test_a_subscriber_sees_its_kind_and_no_other() -> None:
    bus, seen = Bus(), list[Event]()
    bus.subscribe(Loading, seen.append)
    bus.publish(Ready())
    bus.publish(Loading("whisper", live=False))
    assert seen == [Loading("whisper", live=False)]
    assert seen[0].as_fields() == {"what": "whisper", "live": False}


def test_who_has_unsubscribed_sees_nothing() -> None:
    bus, seen = Bus(), list[Event]()
    unsubscribe = bus.subscribe(Event, seen.append)
    unsubscribe()
    unsubscribe()
    bus.publish(Ready())
    assert not seen


def test_a_failing_subscriber_reaches_neither_publisher_nor_others(
    caplog: pytest.LogCaptureFixture,
) -> None:
    bus, seen = Bus(), list[Event]()

    def fail(event: Words) -> None:
        raise ValueError(event.text)

    bus.subscribe(Words, fail)
    bus.subscribe(Words, seen.append)
    bus.publish(Words("secret"))
    assert seen == [Words("secret")]
    assert "ValueError" in caplog.text and "secret" not in caplog.messages[0]


def test_words_reach_only_who_asks_for_them() -> None:
    async def scene() -> None:
        bus = Bus()
        with bus.followed() as public, bus.followed(private=True) as private:
            bus.publish(Words("secret"))
            bus.publish(Ready())
            assert await anext(public) == Ready()
            assert await anext(private) == Words("secret")

    asyncio.run(scene())


def test_a_follower_too_far_behind_is_dropped_and_the_publisher_never_waits() -> None:
    async def scene() -> None:
        bus = Bus()
        with bus.followed() as slow:
            for _ in range(MAX_WAITING + 5):
                bus.publish(Ready())
            got = [event async for event in slow]
        assert len(got) == MAX_WAITING

    asyncio.run(scene())


def test_following_ends_with_its_block() -> None:
    async def scene() -> None:
        bus = Bus()
        with bus.followed() as follower:
            pass
        bus.publish(Ready())
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0):
                await anext(follower)

    asyncio.run(scene())


def test_other_threads_publish_in_the_loops() -> None:
    async def scene() -> None:
        bus, seen = Bus(), list[str]()
        bus.subscribe(Ready, lambda event: seen.append(threading.current_thread().name))
        with bus.followed() as follower:
            publish = bus.for_threads()
            await asyncio.to_thread(publish, Ready())
            assert await anext(follower) == Ready()
        assert seen == [threading.current_thread().name]

    asyncio.run(scene())


def test_an_event_keeps_the_moment_at_which_it_happened() -> None:
    earlier = Ready()
    assert earlier.at <= Ready().at
    assert "at" not in earlier.as_fields()
    assert Ready(at=1.0) == Ready(at=2.0)
