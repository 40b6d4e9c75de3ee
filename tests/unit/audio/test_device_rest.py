"""The loudspeaker's device is shut while there is nothing to hear; PortAudio is a stand-in."""

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from daemon.audio import device_rest
from daemon.audio import loudspeaker as module
from daemon.audio.device_monitor import REST_S, AudioDevices
from daemon.audio.loudspeaker import Loudspeaker
from daemon.audio.microphone import Microphone
from daemon.processor_load import PROCESSORS
from tests.fakes import VirtualWorker
from tests.unit.audio.test_loudspeaker import FakePortAudio
from tests.virtual_time import run_virtual


class Setup:
    """Both devices, on the event loop's clock."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sd = FakePortAudio()
        clock = SimpleNamespace(monotonic=lambda: asyncio.get_running_loop().time())
        monkeypatch.setattr(module, "sounddevice", lambda: self.sd)
        monkeypatch.setattr(module, "find_output", lambda name: 0)
        monkeypatch.setattr(module, "time", clock)
        monkeypatch.setattr(device_rest, "time", clock)

    async def begin(self) -> None:
        self.loudspeaker = Loudspeaker("")
        self.loudspeaker.open()
        microphone = cast(Microphone, SimpleNamespace(called=1e9))
        self.devices = AudioDevices(microphone, self.loudspeaker, VirtualWorker())
        self.task = asyncio.create_task(self.devices.rest_while_unused())

    async def end(self) -> None:
        self.task.cancel()
        await asyncio.wait([self.task])

    def open(self) -> bool:
        return self.sd.streams[-1].running

    def take(self) -> None:
        """Let PortAudio take all that waits."""
        for _ in range(100):
            out, times = (
                np.zeros((480, 1), np.float32),
                SimpleNamespace(currentTime=0.0, outputBufferDacTime=0.0),
            )
            cast(Any, self.sd.streams[-1]).callback(out, 480, times, None)


@pytest.fixture
def setup(monkeypatch: pytest.MonkeyPatch) -> Setup:
    return Setup(monkeypatch)


def test_it_is_shut_after_a_silence_and_open_again_when_somebody_begins_to_speak(
    setup: Setup,
) -> None:
    async def main() -> None:
        await setup.begin()
        await asyncio.sleep(REST_S - 1)
        assert setup.open()
        await asyncio.sleep(2)
        assert not setup.open() and setup.loudspeaker.called == asyncio.get_running_loop().time()
        setup.loudspeaker.rest.wake()
        await asyncio.sleep(0.01)
        assert setup.open()
        await setup.end()

    run_virtual(main())


def test_it_stays_open_while_something_waits_to_be_heard(setup: Setup) -> None:
    async def main() -> None:
        await setup.begin()
        await setup.loudspeaker.begin()
        await setup.loudspeaker.play(np.ones(4800, np.float32))
        await asyncio.sleep(3 * REST_S)
        assert setup.open(), "a reply that is held may wait for long"
        setup.take()
        await asyncio.sleep(REST_S + 1)
        assert not setup.open()
        await setup.end()

    run_virtual(main())


@pytest.mark.parametrize("what", ["reply", "chime"])
def test_a_reply_and_a_chime_open_it(setup: Setup, what: str) -> None:
    async def main() -> None:
        await setup.begin()
        await asyncio.sleep(REST_S + 1)
        assert not setup.open()
        if what == "reply":
            await setup.loudspeaker.begin()
        else:
            setup.loudspeaker.overlay.ring("timer", 1.0)
        await asyncio.sleep(0.01)
        assert setup.open()
        await setup.end()

    run_virtual(main())


def test_while_it_rests_nothing_is_wrong_with_it_and_one_that_does_not_open_is_lost(
    setup: Setup,
) -> None:
    async def main() -> None:
        await setup.begin()
        await asyncio.sleep(10 * REST_S)
        now = asyncio.get_running_loop().time()
        assert setup.loudspeaker.called == now
        setup.sd.broken = True
        setup.loudspeaker.rest.wake()
        await asyncio.sleep(3)
        assert setup.loudspeaker.called < now + 1, "so it counts as one that has fallen silent"
        await setup.end()

    run_virtual(main())


def test_a_stream_that_leads_into_a_call_does_not_end(setup: Setup) -> None:
    async def main() -> None:
        await setup.begin()
        setup.devices.may_rest = False
        await asyncio.sleep(3 * REST_S)
        assert setup.open()
        await setup.end()

    run_virtual(main())


def test_when_a_program_begins_to_compute_the_next_silence_brings_more_latency(
    setup: Setup, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main() -> None:
        taken = 0.0
        monkeypatch.setattr(PROCESSORS, "others", lambda: taken)
        await setup.begin()
        await setup.loudspeaker.begin()
        await setup.loudspeaker.play(np.ones(4800, np.float32))
        taken = 1.0
        await asyncio.sleep(3)
        assert setup.sd.latencies == [module.LATENCY_S], "a reply is not broken for that"
        setup.take()
        await asyncio.sleep(0.5)
        assert setup.sd.latencies == [module.LATENCY_S], "the next clause may come at once"
        await asyncio.sleep(2)
        assert setup.sd.latencies == [module.LATENCY_S, module.BUSY_LATENCY_S] and setup.open()
        taken = 0.0
        await asyncio.sleep(REST_S + 1)
        setup.loudspeaker.rest.wake()
        await asyncio.sleep(0.01)
        assert setup.sd.latencies[2:] == [module.LATENCY_S], "and no sooner: load comes and goes"
        await setup.end()

    run_virtual(main())
