"""PortAudio is played by a stand-in; the real one is in tests/hardware."""

import importlib.abc
import sys
import threading
import time
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from daemon.audio import devices, microphone
from daemon.audio.devices import find_input, find_output, list_devices, rescan, sounddevice
from daemon.audio.echo_cancellation import EchoCanceller
from daemon.audio.microphone import Microphone
from daemon.audio.ring_buffer import HostClock, RingBuffer
from daemon.errors import DeviceError
from daemon.media import LISTEN_RATE, Samples
from daemon.system_packages import PORTAUDIO, install_line
from daemon.worker import CancelToken


class FakeError(Exception):
    pass


class FakeStream:
    def __init__(self, **options: Any) -> None:
        self.samplerate = float(options["samplerate"])
        self.channels = options["channels"]
        self.callback = options["callback"]
        self.starts = 0
        self.closed = False

    @property
    def active(self) -> bool:
        return self.starts > 0

    def start(self) -> None:
        self.starts += 1

    def close(self, ignore_errors: bool = True) -> None:
        self.closed = True

    def deliver(self, samples: Samples, overflow: bool = False, age: float | None = 0.03) -> None:
        """Call back as PortAudio does, with the samples on the first channel, ``age`` s late."""
        sound = np.zeros((len(samples), self.channels), np.float32)
        sound[:, 0] = samples
        current = time.monotonic() + 1000  # PortAudio has a clock of its own
        begin = 0.0 if age is None else current - age
        times = SimpleNamespace(currentTime=current, inputBufferAdcTime=begin)
        self.callback(sound, len(sound), times, SimpleNamespace(input_overflow=overflow))


class FakePortAudio:
    PortAudioError = FakeError

    def __init__(self) -> None:
        self.default = SimpleNamespace(device={"input": 1, "output": 3})
        self.accepts = {(LISTEN_RATE, 1)}  # (rate, channels)
        self.streams: list[FakeStream] = []
        self.names = [
            ("HDA Intel: Speaker", 0, 2, 0),
            ("Webcam: USB Audio", 2, 0, 0),
            ("Headset: USB Audio", 1, 2, 0),
            ("default", 32, 32, 0),
            ("Headset: USB Audio", 1, 2, 1),
        ]

    def query_hostapis(self) -> Sequence[dict[str, Any]]:
        return ({"name": "ALSA"}, {"name": "JACK"})

    def query_devices(self, index: int | None = None) -> Any:
        every = [
            {
                "name": name,
                "hostapi": host,
                "max_input_channels": inputs,
                "max_output_channels": outputs,
                "default_samplerate": 44_100.0,
            }
            for name, inputs, outputs, host in self.names
        ]
        return every if index is None else every[index]

    _initialized = 1

    def _terminate(self) -> None:
        assert all(stream.closed for stream in self.streams)
        self._initialized -= 1

    def _initialize(self) -> None:
        self._initialized += 1

    def InputStream(self, **options: Any) -> FakeStream:
        if (options["samplerate"], options["channels"]) not in self.accepts:
            raise FakeError("Invalid sample rate")
        self.streams.append(FakeStream(**options))
        return self.streams[-1]


@pytest.fixture
def portaudio(monkeypatch: pytest.MonkeyPatch) -> FakePortAudio:
    fake = FakePortAudio()
    for module in (devices, microphone):
        monkeypatch.setattr(module, "sounddevice", lambda: fake)
    monkeypatch.setattr(microphone, "POLL_INTERVAL_S", 0.0)
    return fake


def ramp(start: int, length: int) -> Samples:
    return np.arange(start, start + length, dtype=np.float32)


def opened(device: str = "", echo: EchoCanceller | None = None) -> Microphone:
    microphone = Microphone(device, echo)
    microphone.open()
    return microphone


def test_a_ring_gives_back_what_was_written() -> None:
    ring = RingBuffer(100, capacity=100, guard=20)
    assert len(ring.read(0)) == 0
    for start in range(0, 1000, 20):
        ring.write(ramp(start, 20), 0)
        assert np.array_equal(ring.read(0), ramp(start, 20))
    assert ring.lost == 0


def test_a_ring_drops_the_oldest_and_counts_it() -> None:
    ring = RingBuffer(100, capacity=100, guard=20)
    for start in range(0, 1000, 10):
        ring.write(ramp(start, 10), 0)
    assert np.array_equal(ring.read(0), ramp(920, 80))
    assert ring.lost == 920
    assert len(ring.read(0)) == 0


def test_what_was_read_may_be_kept() -> None:
    ring = RingBuffer(100, capacity=100, guard=20)
    ring.write(ramp(0, 20), 0)
    kept = ring.read(0)
    for _ in range(10):
        ring.write(ramp(500, 20), 0)
    assert np.array_equal(kept, ramp(0, 20))


def test_a_ring_wakes_its_reader() -> None:
    ring = RingBuffer(100, capacity=100, guard=20)
    heard: list[Samples] = []
    reader = threading.Thread(target=lambda: heard.append(ring.read(30)))
    reader.start()
    ring.write(ramp(0, 5), 0)
    reader.join()
    assert np.array_equal(heard[0], ramp(0, 5))


def test_a_ring_between_two_threads_keeps_order() -> None:
    ring = RingBuffer(100, capacity=2000, guard=500)
    total = 200_000

    def write() -> None:
        for start in range(0, total, 100):
            ring.write(ramp(start, 100), 0)

    writer = threading.Thread(target=write)
    writer.start()
    heard: list[Samples] = []
    while writer.is_alive() or not heard or heard[-1][-1] < total - 1:
        if len(samples := ring.read(0.01)):
            heard.append(samples)
    writer.join()
    everything = np.concatenate(heard)
    assert (np.diff(everything) > 0).all()
    assert len(everything) + ring.lost == total


def test_an_excerpt_is_silence_where_nothing_is() -> None:
    ring = RingBuffer(100, capacity=100, guard=20)
    for start in range(0, 240, 20):
        ring.write(ramp(start, 20), 0)
    ring.read(0)
    assert np.array_equal(ring.excerpt(170, 30), ramp(170, 30))
    assert np.array_equal(ring.excerpt(150, 20), [*[0] * 10, *range(160, 170)]), "overwritten"
    assert np.array_equal(ring.excerpt(230, 20), [*range(230, 240), *[0] * 10]), "not there yet"
    assert not ring.excerpt(-30, 20).any()


def test_a_ring_knows_when_it_began_though_blocks_are_early_and_late() -> None:
    ring = RingBuffer(100, capacity=1000, guard=20)
    assert ring.begin(0) is None
    jitter = np.random.default_rng(1).normal(0, 0.001, 200)
    for number, error in enumerate(jitter):
        ring.write(ramp(0, 2), 50 + number * 0.02 + (1.0 if number % 9 == 0 else error))
        assert ring.begin(2 * number) == pytest.approx(50, abs=0.002 if number > 4 else 1)
    ring.forget_moments()
    assert ring.begin(400) is None


def test_a_ring_knows_where_a_device_left_a_gap() -> None:
    ring = RingBuffer(100, capacity=1000, guard=20)
    for number in range(200):
        ring.write(ramp(0, 2), 50 + number * 0.02 + (0.3 if number >= 100 else 0))
    for number in range(200):
        wanted = 50 + (0.3 if number >= 100 else 0)
        assert ring.begin(2 * number) == pytest.approx(wanted), number


def test_a_late_look_at_the_clock_does_not_count() -> None:
    clock = HostClock()
    late = np.random.default_rng(1).exponential(0.01, 500)
    late[0] = 0
    for number, by in enumerate(late):
        current = 7000 + number * 0.01
        told = clock.moment(current + 0.1, current, 100 + number * 0.01 + by)
        assert told == pytest.approx(100 + number * 0.01 + 0.1, abs=0.003)


def test_a_clock_that_is_set_is_followed() -> None:
    clock = HostClock()
    clock.moment(7000.0, 7000.0, 100.0)
    assert clock.moment(7005.01, 7005.01, 100.01) == pytest.approx(100.01), "forward: at once"
    for number in range(2, 1000):
        now = 100 + number * 0.01
        told = clock.moment(now + 6900, now + 6900, now)
    assert told == pytest.approx(now - 5 + 0.1, abs=0.01), "back: slowly"


def test_the_default_microphone_at_16_khz(portaudio: FakePortAudio) -> None:
    ears = opened()
    (stream,) = portaudio.streams
    assert stream.starts == 1
    for _ in range(200):  # while the models load: more than the ring holds
        stream.deliver(ramp(0, 320))
    chunks = ears.chunks(CancelToken())
    heard: list[Samples] = []
    reader = threading.Thread(target=lambda: heard.append(next(chunks)))
    reader.start()
    while not heard:
        time.sleep(0.01)
        stream.deliver(ramp(320, 320))
    reader.join()
    assert heard[0][0] == 320, "what came before anybody listened is not heard"
    assert ears.overflows == 0
    ears.close()
    assert stream.closed


def test_while_nobody_is_in_a_hurry_sound_gathers(
    portaudio: FakePortAudio, monkeypatch: pytest.MonkeyPatch
) -> None:
    ears, unhurried = opened(), True
    (stream,) = portaudio.streams

    def sleep(seconds: float) -> None:
        for _ in range(round(seconds / microphone.BLOCK_S)):
            stream.deliver(ramp(0, 320))

    monkeypatch.setattr("daemon.audio.microphone.time.sleep", sleep)
    chunks = ears.chunks(CancelToken(), lambda: unhurried)
    assert len(next(chunks)) == microphone.GATHER_S * LISTEN_RATE
    unhurried = False
    stream.deliver(ramp(0, 320))
    assert len(next(chunks)) == 320
    ears.close()


@pytest.mark.parametrize("channels", [1, 2])
def test_a_device_with_its_own_rate_is_resampled(portaudio: FakePortAudio, channels: int) -> None:
    portaudio.accepts = {(44_100, channels)}
    ears = opened("webcam")
    tone = np.sin(2 * np.pi * 440 * np.arange(44_100) / 44_100).astype(np.float32)
    heard = []
    for start in range(0, 44_100, 882):
        portaudio.streams[0].deliver(tone[start : start + 882])
        heard.append(ears.read(0))
    samples = np.concatenate(heard)
    assert samples.dtype == np.float32
    assert len(samples) == pytest.approx(LISTEN_RATE, rel=0.05)
    middle = samples[4000:12000]
    assert np.sqrt(np.mean(middle**2)) == pytest.approx(1 / np.sqrt(2), rel=0.01)
    assert np.argmax(np.abs(np.fft.rfft(middle))) * 2 == pytest.approx(440, abs=4)


def test_lost_sound_is_counted(portaudio: FakePortAudio) -> None:
    ears = opened()
    portaudio.streams[0].deliver(ramp(0, 320), overflow=True)
    assert ears.overflows == 1
    for _ in range(200):
        portaudio.streams[0].deliver(ramp(0, 320))
    ears.read(0)
    lost = ears.overflows
    assert lost > 30_000
    ears.close()
    assert ears.overflows == lost


class FakeEcho(EchoCanceller):
    """Notes the moments it is told."""

    def __init__(self) -> None:
        self.moments: list[float] = []

    def clean(self, samples: Samples, moment: float) -> Samples:
        self.moments.append(moment)
        return samples / np.float32(2)


@pytest.mark.parametrize("age", [0.03, None])
def test_the_echo_canceller_is_told_when_sound_was_at_the_device(
    portaudio: FakePortAudio, monkeypatch: pytest.MonkeyPatch, age: float | None
) -> None:
    now = 500.0
    monkeypatch.setattr("daemon.audio.microphone.time.monotonic", lambda: now)
    echo = FakeEcho()
    ears = opened("", echo)
    for number in range(20):
        now = 500 + number * 0.02
        portaudio.streams[0].deliver(ramp(0, 320), age=age)
        assert np.array_equal(ears.read(0), ramp(0, 320) / 2)
    late = 0.03 if age else 0.02  # a host that tells nothing has heard the block just now
    assert echo.moments == pytest.approx([500 + n * 0.02 - late for n in range(20)])


def test_the_moments_are_right_after_sound_was_lost(
    portaudio: FakePortAudio, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 500.0
    monkeypatch.setattr("daemon.audio.microphone.time.monotonic", lambda: now)
    echo = FakeEcho()
    ears = opened("", echo)
    heard = 0
    for number in range(200):
        now = 500 + number * 0.02
        portaudio.streams[0].deliver(ramp(0, 320))
        if number in (0, 199):
            heard = len(ears.read(0))
    assert heard < 2 * LISTEN_RATE
    assert echo.moments[1] == pytest.approx(now + 0.02 - 0.03 - heard / LISTEN_RATE)


def test_a_cancelled_microphone_stops(portaudio: FakePortAudio) -> None:
    cancel = CancelToken()
    chunks = opened().chunks(cancel)
    cancel.cancel()
    assert list(chunks) == []


def test_a_microphone_that_is_gone_hears_silence_and_then_goes_on(
    portaudio: FakePortAudio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(microphone, "POLL_INTERVAL_S", 0.01)
    ears = opened()
    ears.close()
    chunks = ears.chunks(CancelToken())
    assert [len(next(chunks)) for _ in range(3)] == [160] * 3
    assert not next(chunks).any()
    ears.open()
    portaudio.streams[1].deliver(ramp(1, 320))
    assert np.array_equal(next(chunks), ramp(1, 320))


def test_a_device_that_calls_is_known_to_live(
    portaudio: FakePortAudio, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 100.0
    monkeypatch.setattr("daemon.audio.microphone.time.monotonic", lambda: now)
    ears = opened()
    assert ears.called == 100
    now = 103.0
    portaudio.streams[0].deliver(ramp(0, 320))
    assert ears.called == 103


def test_a_microphone_that_cannot_be_opened(portaudio: FakePortAudio) -> None:
    portaudio.accepts = set()
    with pytest.raises(DeviceError, match="Invalid sample rate") as caught:
        opened()
    assert caught.value.fix == "digital-life devices"


def test_a_device_plugged_in_later_is_found_by_its_name(portaudio: FakePortAudio) -> None:
    with pytest.raises(DeviceError, match="no microphone"):
        opened("studio")
    portaudio.names.insert(0, ("Studio: USB Audio", 1, 0, 0))
    rescan()
    assert find_input("studio") == 0
    assert portaudio._initialized == 1


def test_devices_are_listed_with_the_defaults(portaudio: FakePortAudio) -> None:
    every = list_devices()
    assert [device.index for device in every] == [0, 1, 2, 3, 4]
    assert [device.host for device in every] == ["ALSA"] * 4 + ["JACK"]
    assert [d.name for d in every if d.default_input] == ["Webcam: USB Audio"]
    assert [d.name for d in every if d.default_output] == ["default"]


def test_a_device_is_found_by_a_part_of_its_name(portaudio: FakePortAudio) -> None:
    assert find_input("") == 1
    assert find_output("") == 3
    assert find_input("webcam") == 1
    assert find_input("headset") == 2  # the same device once more under JACK is no second one
    assert find_output("speak") == 0


def test_a_whole_name_goes_before_a_part(portaudio: FakePortAudio) -> None:
    portaudio.names += [("default Mono", 1, 1, 0)]
    assert find_input("default") == 3


def test_a_name_that_fits_two(portaudio: FakePortAudio) -> None:
    with pytest.raises(DeviceError, match=r"more than one.*Webcam.*Headset") as caught:
        find_input("usb")
    assert caught.value.fix == "digital-life devices"


def test_a_name_that_fits_none(portaudio: FakePortAudio) -> None:
    with pytest.raises(DeviceError, match=r'no microphone "speaker".*Webcam.*default'):
        find_input("speaker")
    with pytest.raises(DeviceError, match='no loudspeaker "webcam"'):
        find_output("webcam")


def test_a_machine_without_sound(portaudio: FakePortAudio) -> None:
    portaudio.names = []
    with pytest.raises(DeviceError, match="No microphone was found") as caught:
        find_input("")
    assert "sound server" in caught.value.fix


def test_without_portaudio(monkeypatch: pytest.MonkeyPatch) -> None:
    class Missing(importlib.abc.MetaPathFinder):
        def find_spec(self, name: str, *_: object) -> None:
            if name == "sounddevice":
                raise OSError("PortAudio library not found")

    monkeypatch.delitem(sys.modules, "sounddevice", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Missing(), *sys.meta_path])
    sounddevice.cache_clear()
    with pytest.raises(DeviceError) as caught:
        sounddevice()
    assert caught.value.fix == install_line(PORTAUDIO)
