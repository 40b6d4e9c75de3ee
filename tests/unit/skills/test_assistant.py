"""Orders to the assistant itself: how far they go, and what is said of it."""

import asyncio

import pytest

from daemon.media import Transcript
from daemon.skills.assistant import obey
from daemon.skills.intents import (
    Names,
    SetPace,
    SetVolume,
    SwitchFace,
    SwitchPersona,
    SwitchVoice,
)
from daemon.skills.outcomes import PaceIs, VolumeIs


class Adjustable:
    """An assistant of which only volume and pace can be set."""

    last_heard = ""

    def __init__(self, volume: float, pace: float) -> None:
        self.volume, self.pace = volume, pace

    def names(self) -> Names:
        return Names()

    def persona(self, language: str) -> str:
        return ""

    def double_of(self, language: str) -> str:
        return ""

    async def set_volume(self, level: float) -> None:
        self.volume = level

    async def set_pace(self, pace: float) -> None:
        self.pace = pace

    def switch(self, to: SwitchPersona | SwitchVoice | SwitchFace, said: Transcript) -> None:
        raise AssertionError

    def sleep(self) -> str:
        raise AssertionError

    def wake(self) -> None:
        raise AssertionError


@pytest.mark.parametrize(
    ("before", "wanted", "told"),
    [
        (0.9, SetVolume(delta=0.2), VolumeIs(1.0)),
        (1.0, SetVolume(delta=0.2), VolumeIs(1.0, at_limit=True)),
        (1.0, SetVolume(level=1.0), VolumeIs(1.0)),
        (0.2, SetVolume(delta=-0.2), VolumeIs(0.1)),
        (0.1, SetVolume(delta=-0.2), VolumeIs(0.0)),
        (0.0, SetVolume(delta=-0.2), VolumeIs(0.0, at_limit=True)),
        (1.9, SetPace(delta=0.2), PaceIs(2.0)),
        (2.0, SetPace(delta=0.2), PaceIs(2.0, at_limit=True)),
        (0.5, SetPace(delta=-0.2), PaceIs(0.5, at_limit=True)),
    ],
)
def test_what_goes_no_further_is_told(
    before: float, wanted: SetVolume | SetPace, told: VolumeIs | PaceIs
) -> None:
    assistant = Adjustable(volume=before, pace=before)
    assert asyncio.run(obey(assistant, wanted, Transcript("so", "en"))).outcome == told
