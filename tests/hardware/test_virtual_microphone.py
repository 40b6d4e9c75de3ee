"""The microphone that video calls choose, and the ears in the call, on a real sound server."""

import asyncio
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pulsectl import PulseDisconnected

from daemon.audio.files import read_recording
from daemon.audio.pulse import connected
from daemon.audio.virtual_microphone import AudioRouter, Devices, virtual_microphone
from daemon.bench.sound_server import write_wav
from daemon.config import EarsSettings, VoiceSettings, load, packaged_config
from daemon.ears.whisper import Whisper
from daemon.errors import DeviceError, SetupError
from daemon.media import LISTEN_RATE, Audio, Samples
from daemon.worker import CancelToken
from tests.hardware.daemon_process import Daemon
from tests.hardware.pulse import Pulse, loud_blocks, missing_programs
from tests.hearing import names_paris
from tests.virtual_time import run

pytestmark = [
    pytest.mark.skipif(bool(missing_programs()), reason=f"not installed: {missing_programs()}"),
    pytest.mark.timeout(1800),
]
DEFAULTS = load(packaged_config()).settings
CLICKS_S = 0.5  # between two
WEIGHTS = ("whisper-base", "qwen2.5-coder-0.5b", "piper-joe", "silero-vad", "smart-turn")


@pytest.fixture
def pulse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pulse]:
    with Pulse(tmp_path) as server:
        for name in ("PULSE_SERVER", "PULSE_COOKIE", "XDG_RUNTIME_DIR", "ALSA_CONFIG_PATH"):
            monkeypatch.setenv(name, server.env[name])
        server.pactl("load-module", "module-null-sink", "sink_name=call", "rate=48000")
        yield server


def voice(**changes: Any) -> VoiceSettings:
    return DEFAULTS.voice.model_copy(update={"output": "virtual-microphone"} | changes)


def ears(**changes: Any) -> EarsSettings:
    return DEFAULTS.ears.model_copy(update=changes)


class Recorder:
    """Records a source, and knows when each sample came."""

    def __init__(self, pulse: Pulse, source: str) -> None:
        self._pieces: list[tuple[float, Samples]] = []
        self._process = subprocess.Popen(
            ["parec", f"--device={source}", f"--rate={LISTEN_RATE}", "--channels=1",
             "--format=s16le", "--latency-msec=5"],
            env=pulse.env, stdout=subprocess.PIPE,
        )  # fmt: skip
        self._thread = threading.Thread(target=self._record)
        self._thread.start()
        wait_until(lambda: bool(self._pieces), "nothing is recorded")

    def _record(self) -> None:
        assert self._process.stdout is not None
        while data := os.read(self._process.stdout.fileno(), 1 << 16):
            samples = np.frombuffer(data, np.int16).astype(np.float32) / np.float32(32768)
            self._pieces.append((time.monotonic(), samples))

    def audio(self) -> Audio:
        """Return all so far."""
        return Audio(np.concatenate([samples for _, samples in self._pieces]), LISTEN_RATE)

    def loud(self) -> bool:
        return bool(loud_blocks(self.audio()).any())

    def answer(self, timeout_s: float = 3000) -> Audio:
        """Wait until something was heard and 2.5 s of silence followed."""

        def finished() -> bool:
            loud = np.flatnonzero(blocks := loud_blocks(self.audio()))
            return bool(len(loud)) and len(blocks) - int(loud[-1]) > 125

        wait_until(finished, "no complete answer", timeout_s)
        return self.audio()

    def clicks(self) -> list[float]:
        """Return the ``time.monotonic()`` of each click, as if no piece had waited to be read."""
        pieces = self._pieces.copy()
        ends = np.cumsum([len(samples) for _, samples in pieces])
        begins = np.array([at for at, _ in pieces]) - ends / LISTEN_RATE
        sound = np.concatenate([samples for _, samples in pieces])
        found: list[float] = []
        last = -LISTEN_RATE
        for place in np.flatnonzero(np.abs(sound) > 0.1).tolist():
            if place - last > CLICKS_S / 2 * LISTEN_RATE:
                piece = int(np.searchsorted(ends, place, side="right"))
                begin = begins[max(0, piece - 50) : piece + 50].min()
                found.append(float(begin + place / LISTEN_RATE))
            last = place
        return found

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(300)
        self._thread.join(300)
        assert self._process.stdout is not None
        self._process.stdout.close()


@pytest.fixture
def record(pulse: Pulse) -> Iterator[Callable[[str], Recorder]]:
    recorders: list[Recorder] = []

    def start(source: str) -> Recorder:
        recorders.append(Recorder(pulse, source))
        return recorders[-1]

    yield start
    for recorder in recorders:
        recorder.close()


def wait_until(condition: Callable[[], bool], complaint: str, timeout_s: float = 300) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, complaint
        time.sleep(0.05)


async def until(condition: Callable[[], bool], complaint: str) -> None:
    await asyncio.to_thread(wait_until, condition, complaint)


def sources(pulse: Pulse) -> dict[str, str]:
    """Name and description of every source."""
    lines = [line.strip() for line in pulse.pactl("list", "sources").splitlines()]
    names = [line.removeprefix("Name: ") for line in lines if line.startswith("Name: ")]
    texts = [line.removeprefix("Description: ") for line in lines if line.startswith("Descr")]
    return dict(zip(names, texts, strict=True))


def modules(pulse: Pulse) -> list[str]:
    """Return all modules of ours, without their numbers."""
    lines = pulse.pactl("list", "short", "modules").splitlines()
    return [line.split("\t", 1)[1] for line in lines if "digital_life" in line]


def loopbacks(pulse: Pulse) -> list[str]:
    return [module for module in modules(pulse) if module.startswith("module-loopback")]


def click_file(folder: Path, clicks: int) -> Path:
    path = folder / "clicks.wav"
    sound = np.zeros(round((clicks + 1) * CLICKS_S * 48_000), np.float32)
    for number in range(clicks):
        start = round((number + 1) * CLICKS_S * 48_000)
        sound[start : start + 480] = 0.6
    write_wav(path, Audio(sound, 48_000))
    return path


def play(pulse: Pulse, path: Path, *options: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(["paplay", *options, str(path)], env=pulse.env)


def test_it_is_there_with_its_name_and_gone_afterwards(pulse: Pulse) -> None:
    async def main() -> Devices:
        async with virtual_microphone(voice(), ears()) as devices:
            found = await asyncio.to_thread(sources, pulse)
            assert found["digital_life_microphone"] == "Digital Life"
            assert not loopbacks(pulse), "nothing goes to the loudspeaker"
        return devices

    assert run(main()) == Devices("", "default")
    assert not modules(pulse)
    assert "PULSE_PROP" not in os.environ


def test_what_a_crash_left_is_found_and_used(pulse: Pulse) -> None:
    async def main() -> None:
        for _ in range(2):  # the first never takes away what it made
            await AudioRouter(voice(output="both"), ears()).begin()
        first = await asyncio.to_thread(modules, pulse)
        assert len(first) == 3
        async with virtual_microphone(voice(), ears()):
            assert modules(pulse) == first[:2], "and what is not wanted any more goes"

    run(main())
    assert not modules(pulse)


def test_call_and_loudspeaker_hear_the_same_at_the_same_time(
    pulse: Pulse, record: Callable[[str], Recorder]
) -> None:
    async def main() -> list[float]:
        room = record("room.monitor")
        # waits for the moving, so that no click is lost
        player = play(pulse, click_file(pulse.folder, 16), "--device=room")
        router = AudioRouter(voice(output="both"), ears(), player.pid)
        await router.begin()
        keeping = asyncio.create_task(router.keep())
        call = await asyncio.to_thread(record, "digital_life_microphone")
        await asyncio.to_thread(player.wait)
        await asyncio.sleep(1)
        router.stop()
        await keeping
        await router.remove()
        there = call.clicks()
        assert len(there) >= 10, "the call hears what the process plays"
        # each click of the call, and the nearest one of the loudspeaker
        return [min((here - at for here in room.clicks()), key=abs) for at in there]

    offsets = run(main())
    assert abs(float(np.median(offsets))) < 0.02, offsets


def test_only_our_own_sound_goes_to_the_call(
    pulse: Pulse, record: Callable[[str], Recorder], audio_files: Path
) -> None:
    async def main() -> None:
        async with virtual_microphone(voice(output="both"), ears()):
            call = await asyncio.to_thread(record, "digital_life_microphone")
            other = play(pulse, audio_files / "question-en.wav")
            await asyncio.to_thread(other.wait)
            await asyncio.sleep(0.5)
            assert not call.loud()

    run(main())


def test_it_is_made_again_after_the_server_was_killed(pulse: Pulse) -> None:
    async def main() -> None:
        async with virtual_microphone(voice(output="both"), ears()):
            for _ in range(2):
                before = modules(pulse)
                await asyncio.to_thread(pulse.stop, kill=True)
                await asyncio.sleep(1)
                await asyncio.to_thread(pulse.start)
                await until(lambda: modules(pulse) == before, "it is not made again")  # noqa: B023
            assert sources(pulse)["digital_life_microphone"] == "Digital Life"

    run(main())
    assert not modules(pulse)


def test_it_stays_when_the_loudspeaker_goes_and_follows_the_default(pulse: Pulse) -> None:
    def follows(sink: str) -> Callable[[], bool]:
        return lambda: any(f" sink={sink} " in loop for loop in loopbacks(pulse))

    def microphone() -> list[str]:
        lines = pulse.pactl("list", "short", "sources").splitlines()
        return [line.split("\t")[0] for line in lines if "digital_life_microphone" in line]

    async def main() -> None:
        async with virtual_microphone(voice(output="both"), ears()):
            assert follows("room")()
            before = microphone()
            number = pulse.pactl("load-module", "module-null-sink", "sink_name=headset").strip()
            pulse.pactl("set-default-sink", "headset")
            await until(follows("headset"), "the loudspeaker is not the default")
            pulse.pactl("unload-module", number)
            await until(lambda: not follows("headset")(), "it holds on to what has gone")
            await until(lambda: bool(loopbacks(pulse)), "there is another loudspeaker")
            assert microphone() == before, "all the while the call had the same microphone"

    run(main())


def test_without_a_server_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULSE_SERVER", f"unix:{tmp_path}/nobody")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))

    async def main(voice_settings: VoiceSettings, ears_settings: EarsSettings) -> Devices:
        async with virtual_microphone(voice_settings, ears_settings) as devices:
            return devices

    with pytest.raises(DeviceError, match="no sound server") as error:
        run(main(voice(), ears()))
    assert "PipeWire" in error.value.fix
    with pytest.raises(DeviceError, match="no sound server"):
        run(main(voice(output="both"), ears(listen_to="call")))
    plain = run(main(voice(output="both", loudspeaker="Built-in"), ears(microphone="Webcam")))
    assert plain == Devices("Webcam", ""), "then the machine's own loudspeaker alone"


def test_an_answer_that_comes_as_the_server_goes_is_not_given_twice(pulse: Pulse) -> None:
    complaints: list[dict[str, Any]] = []

    async def ask() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, complaint: complaints.append(complaint))
        async with connected() as server:
            answered, unanswered = (asyncio.create_task(server.server_info()) for _ in range(2))
            await asyncio.sleep(0)  # both have asked
            first, _ = server.waiting_futures
            loop.call_soon(first.set_result, None)
            server.disconnect()
            await asyncio.wait([answered, unanswered], timeout=5)
            errors = [task.exception() for task in (answered, unanswered)]
            assert sum(isinstance(error, PulseDisconnected) for error in errors) == 1

    asyncio.run(ask())
    assert not complaints


def test_a_call_on_the_voices_own_loudspeaker_is_refused(pulse: Pulse) -> None:
    async def main() -> None:
        async with virtual_microphone(voice(output="both"), ears(listen_to="call")):
            pass

    with pytest.raises(SetupError, match="hear itself"):
        run(main())
    assert not modules(pulse)


@pytest.fixture
def whisper(weights: Callable[[str], Path]) -> Iterator[Callable[[Audio], str]]:
    for name in WEIGHTS:
        weights(name)
    recogniser = Whisper(weights("whisper-base"), ("en", "zh"), 2)
    yield lambda audio: recogniser.transcribe(audio, CancelToken()).text.lower()
    recogniser.close()


@pytest.fixture
def start(pulse: Pulse) -> Iterator[Callable[..., Daemon]]:
    daemons: list[Daemon] = []

    def begin(*settings: str) -> Daemon:
        # the same answer each time
        daemons.append(Daemon(pulse, "[brain]", "temperature = 0.0", *settings))
        daemons[-1].wait_until_listening()
        return daemons[-1]

    yield begin
    for daemon in daemons:
        daemon.kill()


def answer(daemon: Daemon, ask: Callable[[], object]) -> None:
    """Ask, and wait until it has answered."""
    before = len(daemon.phases())
    ask()
    daemon.wait_until_said(before)


def switch_microphone(daemon: Daemon, wanted: str) -> None:
    """Switch it off, or on again, and wait until that is done."""
    daemon.process.send_signal(signal.SIGUSR1)
    daemon.wait_for(lambda: any(f"microphone {wanted}" in line for line in daemon.lines), 300)


def test_a_call_hears_the_answer(
    pulse: Pulse,
    record: Callable[[str], Recorder],
    whisper: Callable[[Audio], str],
    start: Callable[..., Daemon],
    audio_files: Path,
) -> None:
    daemon = start("[voice]", 'output = "both"')
    assert sources(pulse)["digital_life_microphone"] == "Digital Life"
    call, mark = record("digital_life_microphone"), pulse.mark()
    answer(daemon, lambda: pulse.say(audio_files / "question-en.wav"))
    assert names_paris(whisper(call.answer()))
    assert names_paris(whisper(pulse.answer(mark))), "and so does the room"
    daemon.stop()
    assert not modules(pulse), "nothing is left"


def test_a_call_hears_it_again_after_the_server_was_killed(
    pulse: Pulse,
    record: Callable[[str], Recorder],
    whisper: Callable[[Audio], str],
    start: Callable[..., Daemon],
    audio_files: Path,
) -> None:
    daemon = start("[voice]", 'output = "both"')
    made = modules(pulse)
    pulse.stop(kill=True)
    time.sleep(1)
    pulse.start()
    wait_until(lambda: modules(pulse) == made, "it is not made again")
    mark = 'application.id = "digital-life both microphone"'
    wait_until(lambda: mark in pulse.pactl("list", "source-outputs"), "it does not listen again")
    time.sleep(1)
    call = record("digital_life_microphone")
    answer(daemon, lambda: pulse.say(audio_files / "question-en.wav"))
    assert names_paris(whisper(call.answer()))
    daemon.stop()


def test_it_talks_with_the_people_in_the_call(
    pulse: Pulse,
    record: Callable[[str], Recorder],
    whisper: Callable[[Audio], str],
    start: Callable[..., Daemon],
    audio_files: Path,
) -> None:
    daemon = start(
        *("[voice]", 'output = "both"', "[ears]", 'listen_to = "call"', 'call_sink = "call"')
    )
    to_call, from_call = record("digital_life_microphone"), record("call.monitor")
    room = pulse.mark()
    pulse.say(audio_files / "question-zh.wav")  # to the microphone, which nobody asked
    time.sleep(3)
    assert not to_call.loud()
    question = audio_files / "question-en.wav"
    answer(daemon, lambda: play(pulse, question, "--device=call").wait())
    assert names_paris(whisper(to_call.answer()))
    assert names_paris(whisper(pulse.answer(room))), "the loudspeaker in the room has it too"
    heard = np.flatnonzero(loud_blocks(from_call.audio())) / 50  # seconds
    own = heard[-1] - heard[0]
    whole = read_recording(question, 60).seconds  # with silence before and after the words
    assert 1 < own < whole, "but the call's own has the question only, so it never hears itself"
    daemon.stop()
    assert not modules(pulse)


def test_it_answers_only_its_name_and_nothing_while_muted(
    pulse: Pulse,
    record: Callable[[str], Recorder],
    whisper: Callable[[Audio], str],
    start: Callable[..., Daemon],
    audio_files: Path,
) -> None:
    daemon = start(
        *("[voice]", 'output = "virtual-microphone"', "[dialogue]", 'answer_when = "addressed"'),
        'wake_phrases = ["capital"]',
    )
    call = record("digital_life_microphone")
    pulse.say(audio_files / "pause-en.wav")
    time.sleep(8)
    assert not call.loud(), "it was not addressed"
    switch_microphone(daemon, "off")
    pulse.say(audio_files / "question-en.wav")
    time.sleep(8)
    assert not call.loud(), "its microphone is off"
    switch_microphone(daemon, "on")
    answer(daemon, lambda: pulse.say(audio_files / "question-en.wav"))
    assert names_paris(whisper(call.answer()))
    daemon.stop()
