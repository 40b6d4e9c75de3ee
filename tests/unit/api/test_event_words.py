"""What is told of people's words to who follows the events: nothing, unless they ask for it."""

import asyncio
import json
from typing import Any

from daemon.api.events import follow
from daemon.api.page_events import HeardSoFar
from daemon.bus import Bus
from daemon.dialogue.transcript import UtteranceHeard
from daemon.events import SleepChanged, Stopping
from tests.virtual_time import run_virtual


def told(words: bool) -> list[dict[str, Any]]:
    async def listen() -> list[dict[str, Any]]:
        bus = Bus()

        async def read() -> list[str]:
            stream: Any = follow(bus, words).body_iterator
            return [part.decode() async for part in stream]

        reading = asyncio.create_task(read())
        await asyncio.sleep(0)
        bus.publish(HeardSoFar("how are"))
        bus.publish(UtteranceHeard(1, "Anna", "how are you", "en", 2.0, 3.0))
        bus.publish(SleepChanged(True))
        bus.publish(Stopping())
        lines = [part.partition("data: ")[2] for part in await reading]
        return [json.loads(line) for line in lines if line]

    return run_virtual(listen())


def test_words_are_told_only_to_who_asks_for_them() -> None:
    assert [event["event"] for event in told(words=False)] == ["sleep"]
    heard, sleep = told(words=True)
    assert sleep["event"] == "sleep"
    assert (heard["event"], heard["speaker"], heard["text"]) == ("heard", "Anna", "how are you")
    assert (heard["begin"], heard["end"], heard["turn"]) == (2.0, 3.0, 1)
