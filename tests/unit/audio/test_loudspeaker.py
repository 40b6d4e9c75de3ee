"""The loudspeaker's callback, called as PortAudio does, with a clock of our own."""

import asyncio
from collections.abc import Callable, Coroutine
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from daemon.audio import loudspeaker as module
from daemon.audio.chime import make_chime
from daemon.audio.loudspeaker import BLOCK, BUFFER_S, FADE, REWIND, Loudspeaker
from daemon.audio.player import MemoryPlayer, wait_until_heard
from daemon.errors import DeviceError
from daemon.media import SPEAK_RATE, Samples
from daemon.processor_load import PROCESSORS
from tests.virtual_time import run, run_virtual

DELAY_S = 0.1  # from the callback to the loudspeaker
DELAY = round(DELAY_S * SPEAK_RATE)
BLOCK_S = BLOCK / SPEAK_RATE


class FakeError(Exception):
    pass


class FakeStream:
    latency = 0.25

    def __init__(self, sd: "FakePortAudio", callback: Any) -> None:
        self._sd = sd
        self.callback = callback
        self.running = False

    def start(self) -> None:
        if self._sd.broken:
            raise FakeError("no such device")
        self.running = True

    def abort(self, ignore_errors: bool = True) -> None:
        self.running = False

    close = abort


class FakePortAudio:
    PortAudioError = FakeError

    def __init__(self) -> None:
        self.broken = False
        self.latencies: list[float] = []  # that were asked for
        self.streams: list[FakeStream] = []

    def query_devices(self, index: int) -> dict[str, str]:
        return {"name": "fake"}

    def OutputStream(self, **options: Any) -> FakeStream:
        self.latencies.append(options["latency"])
        self.streams.append(FakeStream(self, options["callback"]))
        return self.streams[-1]


class Setup:
    """An open loudspeaker, and what has left it by the time ``now``."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 100.0
        self.sd = FakePortAudio()
        monkeypatch.setattr(module, "sounddevice", lambda: self.sd)
        monkeypatch.setattr(module, "find_output", lambda name: 0)
        monkeypatch.setattr("daemon.audio.loudspeaker.time.monotonic", lambda: self.now)
        self.loudspeaker = Loudspeaker("")
        self.loudspeaker.open()
        self.left: list[Samples] = []

    def block(self, ahead_s: float = DELAY_S) -> Samples:
        """Let PortAudio take one block now."""
        assert self.sd.streams[-1].running
        out = np.full((BLOCK, 1), np.nan, np.float32)
        current = self.now + 7  # PortAudio has a clock of its own
        times = SimpleNamespace(currentTime=current, outputBufferDacTime=current + ahead_s)
        self.sd.streams[-1].callback(out, BLOCK, times, None)
        self.left.append(out[:, 0])
        return out[:, 0]

    def blocks(self, number: int) -> Samples:
        """Let it take one every 10 ms."""
        pieces = [np.zeros(0, np.float32)]
        for _ in range(number):
            pieces.append(self.block())
            self.now += BLOCK_S
        return np.concatenate(pieces)

    def drain(self) -> None:
        """Let it take all that waits."""
        self.blocks(int(BUFFER_S / BLOCK_S) + 50)


@pytest.fixture
def setup(monkeypatch: pytest.MonkeyPatch) -> Setup:
    return Setup(monkeypatch)


def ramp(length: int, start: int = 1) -> Samples:
    return np.arange(start, start + length, dtype=np.float32) / np.float32(SPEAK_RATE * 10)


def go(*steps: Coroutine[None, None, Any]) -> None:
    async def main() -> None:
        for one in steps:
            await one

    run_virtual(main())


def test_what_is_played_comes_out_once_and_then_silence(setup: Setup) -> None:
    go(setup.loudspeaker.begin(), setup.loudspeaker.play(ramp(1000)))
    out = setup.blocks(4)
    assert np.array_equal(out[:1000], ramp(1000))
    assert not out[1000:].any()


def test_a_long_reply_waits_for_room_and_comes_out_whole(setup: Setup) -> None:
    async def main() -> None:
        loudspeaker = setup.loudspeaker
        await loudspeaker.begin()
        playing = asyncio.create_task(loudspeaker.play(ramp(5 * SPEAK_RATE)))
        await asyncio.sleep(10)
        assert not playing.done(), "no more than the buffer waits"
        for _ in range(600):
            setup.blocks(1)
            await asyncio.sleep(BLOCK_S)
        await playing

    run_virtual(main())
    assert np.array_equal(np.concatenate(setup.left)[: 5 * SPEAK_RATE], ramp(5 * SPEAK_RATE))


def test_audible_is_what_leaves_the_loudspeaker_now(setup: Setup) -> None:
    go(setup.loudspeaker.begin(), setup.loudspeaker.play(ramp(SPEAK_RATE)))
    positions = []
    for tick in range(80):
        setup.block()
        for _ in range(4):
            positions.append(setup.loudspeaker.audible())
            setup.now += BLOCK_S / 4
        at = setup.now - BLOCK_S / 4 - 100.0  # of the newest position, since the first block
        assert positions[-1] == pytest.approx(max(0.0, (at - DELAY_S) * SPEAK_RATE), abs=2), tick
    assert positions == sorted(positions)
    assert positions[0] == 0


def test_audible_stops_at_the_end_and_at_the_end_only(setup: Setup) -> None:
    go(setup.loudspeaker.begin(), setup.loudspeaker.play(ramp(1000)))
    setup.drain()
    assert setup.loudspeaker.audible() == 1000


def test_the_silence_of_an_underrun_does_not_count(setup: Setup) -> None:
    go(setup.loudspeaker.begin(), setup.loudspeaker.play(ramp(1000)))
    setup.blocks(50)
    assert setup.loudspeaker.audible() == 1000
    go(setup.loudspeaker.play(ramp(1000)))
    assert setup.loudspeaker.audible() == 1000
    setup.blocks(10)
    assert setup.loudspeaker.audible() == 1000, "the second half is on its way to the device"
    setup.blocks(2)
    assert 1000 < setup.loudspeaker.audible() < 2000
    setup.drain()
    assert setup.loudspeaker.audible() == 2000


def test_moments_that_are_early_and_late_do_not_take_the_clock_back(setup: Setup) -> None:
    go(setup.loudspeaker.begin(), setup.loudspeaker.play(ramp(SPEAK_RATE)))
    before = 0
    for jitter in np.random.default_rng(1).normal(0, 0.004, 90):
        setup.block(DELAY_S + jitter)
        setup.now += BLOCK_S
        after = setup.loudspeaker.audible()
        assert after >= before
        before = after
    assert before == pytest.approx(0.8 * SPEAK_RATE, abs=0.02 * SPEAK_RATE)


def test_a_host_without_times_is_taken_at_its_latency(setup: Setup) -> None:
    go(setup.loudspeaker.begin(), setup.loudspeaker.play(ramp(SPEAK_RATE)))
    for _ in range(40):
        setup.block(ahead_s=-7.0)
        setup.now += BLOCK_S
    assert setup.loudspeaker.audible() == pytest.approx((0.4 - 0.25) * SPEAK_RATE, abs=2)


@pytest.mark.parametrize(
    ("taken", "latency_s"), [(0.1, module.LATENCY_S), (1.0, module.BUSY_LATENCY_S)]
)
def test_beside_a_busy_program_more_sound_waits_in_the_device(
    taken: float, latency_s: float, setup: Setup, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PROCESSORS, "others", lambda: taken)
    setup.loudspeaker.stop_device()
    setup.loudspeaker.open()
    assert setup.sd.latencies[-1] == latency_s


def test_a_new_reply_begins_at_zero(setup: Setup) -> None:
    for _ in range(3):
        go(setup.loudspeaker.begin(), setup.loudspeaker.play(ramp(5000)))
        assert setup.loudspeaker.audible() == 0
        setup.drain()
        assert setup.loudspeaker.audible() == 5000


def test_a_flush_fades_and_drops_within_one_block(setup: Setup) -> None:
    go(setup.loudspeaker.begin(), setup.loudspeaker.play(np.ones(SPEAK_RATE, np.float32)))
    setup.blocks(30)
    last = setup.loudspeaker.flush()
    out = setup.blocks(20)
    assert last == 30 * BLOCK + len(FADE), "what the device has got will be heard"
    assert np.array_equal(out[: len(FADE)], FADE)
    assert not out[len(FADE) :].any()
    assert setup.loudspeaker.audible() == last, "what was dropped was not heard"


def test_after_a_flush_the_next_reply_is_whole(setup: Setup) -> None:
    async def main() -> None:
        loudspeaker = setup.loudspeaker
        await loudspeaker.begin()
        await loudspeaker.play(np.ones(SPEAK_RATE, np.float32))
        setup.blocks(3)
        loudspeaker.flush()
        beginning = asyncio.create_task(loudspeaker.begin())
        await asyncio.sleep(0.05)
        assert not beginning.done(), "the flush is waited for"
        setup.blocks(1)
        await beginning
        await loudspeaker.play(ramp(1000))

    run_virtual(main())
    assert np.array_equal(setup.blocks(3)[:1000], ramp(1000))
    setup.drain()
    assert setup.loudspeaker.audible() == 1000


def test_a_pause_keeps_the_rest_and_a_resume_repeats_a_little(setup: Setup) -> None:
    sound = ramp(2 * SPEAK_RATE)
    go(setup.loudspeaker.begin(), setup.loudspeaker.play(sound))
    setup.blocks(50)
    setup.loudspeaker.pause()
    out = setup.blocks(100)
    cut = 50 * BLOCK + len(FADE)
    assert np.array_equal(out[: len(FADE)], sound[50 * BLOCK : cut] * FADE)
    assert not out[len(FADE) :].any()
    assert setup.loudspeaker.audible() == cut
    setup.loudspeaker.resume()
    out = setup.blocks(60)
    again = sound[cut - REWIND :]
    assert np.array_equal(out[: len(FADE)], again[: len(FADE)] * FADE[::-1])
    assert np.array_equal(out[len(FADE) :], again[len(FADE) : len(out)])
    assert setup.loudspeaker.audible() == cut - REWIND + 60 * BLOCK - DELAY
    setup.drain()
    assert setup.loudspeaker.audible() == 2 * SPEAK_RATE


def test_a_resume_right_after_the_beginning_goes_back_no_further(setup: Setup) -> None:
    go(setup.loudspeaker.begin(), setup.loudspeaker.play(np.ones(5000, np.float32)))
    setup.drain()
    go(setup.loudspeaker.begin(), setup.loudspeaker.play(ramp(SPEAK_RATE)))
    setup.blocks(3)
    setup.loudspeaker.pause()
    setup.blocks(3)
    setup.loudspeaker.resume()
    out = setup.blocks(10)
    assert np.array_equal(out[len(FADE) :], ramp(SPEAK_RATE)[len(FADE) : len(out)])


def test_what_is_repeated_is_still_there_when_the_buffer_is_full(setup: Setup) -> None:
    sound = ramp(6 * SPEAK_RATE)

    async def main() -> None:
        loudspeaker = setup.loudspeaker
        await loudspeaker.begin()
        playing = asyncio.create_task(loudspeaker.play(sound))
        for _ in range(100):
            await asyncio.sleep(BLOCK_S)
            setup.blocks(1)
        loudspeaker.pause()
        for _ in range(100):
            await asyncio.sleep(BLOCK_S)
            setup.blocks(1)
        loudspeaker.resume()
        setup.left.clear()
        for _ in range(600):
            await asyncio.sleep(BLOCK_S)
            setup.blocks(1)
        await playing

    run_virtual(main())
    cut = 100 * BLOCK + len(FADE)
    out = np.concatenate(setup.left)[len(FADE) :]
    expected = sound[cut - REWIND + len(FADE) :]
    assert np.array_equal(out[: len(expected)], expected)


@pytest.mark.parametrize("held_blocks", [0, 1, 5])
def test_a_flush_ends_a_pause_without_a_sound(setup: Setup, held_blocks: int) -> None:
    loudspeaker = setup.loudspeaker
    go(loudspeaker.begin(), loudspeaker.play(np.ones(SPEAK_RATE, np.float32)))
    setup.blocks(50)
    loudspeaker.pause()
    setup.blocks(held_blocks)
    assert loudspeaker.flush() == 50 * BLOCK + len(FADE)
    out = setup.blocks(20)
    assert not out[len(FADE) if held_blocks == 0 else 0 :].any()
    go(loudspeaker.begin(), loudspeaker.play(ramp(1000)))
    assert np.array_equal(setup.blocks(3)[:1000], ramp(1000))


def test_everything_that_leaves_is_known_with_its_moment(setup: Setup) -> None:
    setup.blocks(3)
    go(setup.loudspeaker.begin(), setup.loudspeaker.play(ramp(1000)))
    setup.blocks(10)
    played = setup.loudspeaker.played
    assert np.array_equal(played.excerpt(3 * BLOCK, 1000), ramp(1000))
    assert played.begin(0) == pytest.approx(100.0 + DELAY_S)


def test_a_reply_waits_while_the_device_is_gone_and_is_heard_when_it_is_back(setup: Setup) -> None:
    loudspeaker = setup.loudspeaker

    async def main() -> None:
        loudspeaker.stop_device()
        loudspeaker.flush()
        await loudspeaker.begin()
        playing = asyncio.create_task(loudspeaker.play(ramp(3 * SPEAK_RATE)))
        await asyncio.sleep(20)
        assert not playing.done()
        assert loudspeaker.audible() == 0
        loudspeaker.open()
        for _ in range(400):
            setup.blocks(1)
            await asyncio.sleep(BLOCK_S)
        await playing
        await wait_until_heard(loudspeaker, 3 * SPEAK_RATE)

    run_virtual(main())
    out = np.trim_zeros(np.concatenate(setup.left))
    assert np.array_equal(out, ramp(3 * SPEAK_RATE))


@pytest.mark.parametrize("stop", [Loudspeaker.flush, Loudspeaker.pause])
def test_what_was_dropped_stays_dropped_when_the_device_is_back(
    setup: Setup, stop: Callable[[Loudspeaker], object]
) -> None:
    loudspeaker = setup.loudspeaker
    go(loudspeaker.begin(), loudspeaker.play(np.ones(SPEAK_RATE, np.float32)))
    setup.blocks(50)
    stop(loudspeaker)
    setup.blocks(1)
    loudspeaker.stop_device()
    loudspeaker.flush()
    loudspeaker.open()
    assert not setup.blocks(50).any()


def test_a_loudspeaker_that_cannot_be_opened(setup: Setup) -> None:
    setup.loudspeaker.stop_device()
    setup.sd.broken = True
    with pytest.raises(DeviceError, match="no such device") as caught:
        setup.loudspeaker.open()
    assert caught.value.fix == "digital-life devices"
    setup.sd.broken = False
    setup.loudspeaker.open()
    setup.blocks(1)
    run(setup.loudspeaker.close())
    assert not any(stream.running for stream in setup.sd.streams)


def test_a_recorder_has_heard_what_it_got() -> None:
    recorder = MemoryPlayer()
    go(recorder.begin(), recorder.play(ramp(100)), recorder.play(ramp(50)))
    assert recorder.audible() == recorder.flush() == 150
    assert np.array_equal(np.concatenate(recorder.pieces), [*ramp(100), *ramp(50)])
    go(recorder.begin(), recorder.close())
    assert recorder.audible() == 0


def test_a_chime_over_silence_moves_no_clock_and_is_what_the_echo_canceller_gets(
    setup: Setup,
) -> None:
    go(setup.loudspeaker.begin())
    setup.loudspeaker.overlay.ring("timer", 1.0)
    out = setup.blocks(30)
    assert np.array_equal(out, make_chime("timer")[: len(out)])
    assert setup.loudspeaker.audible() == 0
    assert np.array_equal(setup.loudspeaker.played.excerpt(0, len(out)), out)


def test_a_chime_over_speech_leaves_the_speech_and_its_clock_as_they_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    heard: list[Samples] = []
    positions: list[list[int]] = []
    for ringing in (False, True):
        setup = Setup(monkeypatch)
        go(setup.loudspeaker.begin(), setup.loudspeaker.play(ramp(SPEAK_RATE)))
        setup.blocks(5)
        if ringing:
            setup.loudspeaker.overlay.ring("reminder", 1.0)
        told = []
        for _ in range(80):
            setup.blocks(1)
            told.append(setup.loudspeaker.audible())
        heard.append(np.concatenate(setup.left))
        positions.append(told)
    assert positions[0] == positions[1]
    chime = make_chime("reminder")[: 80 * BLOCK]
    assert np.allclose((heard[1] - heard[0])[5 * BLOCK :], chime, atol=1e-6)


def test_a_chime_sounds_while_a_reply_is_held_and_after_one_was_cut(setup: Setup) -> None:
    go(setup.loudspeaker.begin(), setup.loudspeaker.play(ramp(SPEAK_RATE)))
    setup.blocks(5)
    setup.loudspeaker.pause()
    setup.blocks(2)
    setup.loudspeaker.overlay.ring("timer", 1.0)
    assert np.array_equal(setup.blocks(10), make_chime("timer")[: 10 * BLOCK])
    setup.loudspeaker.flush()
    assert np.array_equal(setup.blocks(10), make_chime("timer")[10 * BLOCK : 20 * BLOCK])


@pytest.mark.parametrize("ahead_s", [0.0, 0.03, 0.09, 0.15])
def test_what_will_be_heard_is_known_before(ahead_s: float, setup: Setup) -> None:
    """From before the first sample is heard; also a little beyond what the device has got."""
    go(setup.loudspeaker.begin(), setup.loudspeaker.play(ramp(SPEAK_RATE)))
    for tick in range(80):
        setup.block()
        at = setup.now - 100.0 - DELAY_S + ahead_s
        foretold = setup.loudspeaker.audible_in(ahead_s)
        assert foretold == pytest.approx(max(0.0, at * SPEAK_RATE), abs=2), tick
        setup.now += BLOCK_S


def test_no_sound_is_foretold_where_a_reply_ends_or_is_held(setup: Setup) -> None:
    go(setup.loudspeaker.begin(), setup.loudspeaker.play(ramp(5000)))
    setup.blocks(12)
    setup.loudspeaker.pause()
    held = setup.loudspeaker.audible_in(1.0)
    setup.blocks(1)
    assert setup.loudspeaker.audible_in(1.0) == setup.loudspeaker.audible_in(2.0) <= held
    setup.loudspeaker.resume()
    setup.drain()
    assert setup.loudspeaker.audible_in(1.0) == 5000
