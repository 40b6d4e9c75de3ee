"""How loud voices are, and what is kept of it."""

import math
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.filter import Graph

from daemon.audio.files import read_recording
from daemon.media import SPEAK_RATE, Audio
from daemon.voice.bilingual import SPEECH_LUFS, Bilingual
from daemon.voice.loudness import MAX_KNOWN, KnownLevels, fingerprint, loudness
from daemon.worker import CancelToken


class Humming:
    """A voice of one loudness that counts what it was asked to say."""

    def __init__(self, level: float, fingerprint: str) -> None:
        self.fingerprint, self.asked, self._level = fingerprint, 0, level

    def warm_up(self) -> None:
        """Nothing to do."""

    def close(self) -> None:
        """Nothing is held."""

    def synthesize(self, text: str, cancel: CancelToken) -> Iterator[Audio]:
        """Hum for a second."""
        self.asked += 1
        time = np.arange(SPEAK_RATE, dtype=np.float32) / SPEAK_RATE
        sound = self._level * np.sqrt(2) * np.sin(2 * np.pi * 200 * time)
        yield Audio(sound.astype(np.float32), SPEAK_RATE)


def started(voice: Humming, levels: KnownLevels) -> tuple[int, float]:
    """Return how often a start asks it to speak, and how loud it is then."""
    both = Bilingual(voice, None, levels=levels)
    both.warm_up()
    asked = voice.asked
    (spoken,) = both.synthesize("Hello.", CancelToken())
    return asked, loudness(spoken)


def ffmpegs(audio: Audio) -> float:
    """What FFmpeg's meter says."""
    graph = Graph()
    parts = [
        graph.add_abuffer(
            sample_rate=audio.rate, format="flt", layout="mono", time_base=Fraction(1, audio.rate)
        ),
        graph.add("ebur128", "metadata=1"),
        graph.add("abuffersink"),
    ]
    parts[0].link_to(parts[1])
    parts[1].link_to(parts[2])
    graph.configure()
    frame = av.AudioFrame.from_ndarray(audio.samples[np.newaxis], format="flt", layout="mono")
    frame.sample_rate, frame.pts = audio.rate, 0
    graph.push(frame)
    graph.push(None)
    told = -math.inf
    while True:
        try:
            told = float(graph.pull().metadata.get("lavfi.r128.I", told))
        except (EOFError, BlockingIOError):
            return told


AUDIO = Path(__file__).parents[2] / "audio"


@pytest.mark.parametrize("name", ["jfk.flac", "lj-page.ogg", "question-zh.wav", "pause-en.wav"])
@pytest.mark.parametrize("rate", [16_000, 22_050, 24_000, 48_000])
def test_the_meter_agrees_with_ffmpegs(name: str, rate: int) -> None:
    audio = read_recording(AUDIO / name, 60, rate=None).at_rate(rate)
    assert loudness(audio) == pytest.approx(ffmpegs(audio), abs=0.1)


def test_a_sine_at_full_scale_is_3_below_it() -> None:
    time = np.arange(48_000 * 3) / 48_000
    sine = np.sin(2 * np.pi * 997 * time).astype(np.float32)
    assert loudness(Audio(sine, 48_000)) == pytest.approx(-3.01, abs=0.05)


def test_pauses_do_not_make_it_softer() -> None:
    time = np.arange(24_000 * 2) / 24_000
    speech = (0.1 * np.sin(2 * np.pi * 300 * time)).astype(np.float32)
    pause = np.zeros(24_000 * 3, np.float32)
    alone = loudness(Audio(speech, 24_000))
    paused = loudness(Audio(np.concatenate([speech, pause, speech]), 24_000))
    assert paused == pytest.approx(alone, abs=0.5)


@pytest.mark.parametrize("length", [0, 1, 100, 5000])
def test_silence_has_no_loudness(length: int) -> None:
    assert loudness(Audio(np.zeros(length, np.float32), 24_000)) == -math.inf


def test_a_word_shorter_than_a_block_is_measured() -> None:
    time = np.arange(2400) / 24_000
    assert math.isfinite(loudness(Audio(np.sin(1000 * time).astype(np.float32), 24_000)))


def test_a_voice_is_measured_once(tmp_path: Path) -> None:
    levels = KnownLevels(tmp_path / "cache" / "levels.json")
    first = started(Humming(0.05, "joe 1"), levels)
    again = started(Humming(0.05, "joe 1"), levels)
    assert (first[0], again[0]) == (1, 0)
    assert again[1] == pytest.approx(first[1]) == pytest.approx(SPEECH_LUFS, abs=0.1)


def test_other_files_or_another_pace_are_another_voice(tmp_path: Path) -> None:
    levels, file = KnownLevels(tmp_path / "levels.json"), tmp_path / "voice.onnx"
    file.write_bytes(b"one")
    before = fingerprint([file], 1.0)
    started(Humming(0.05, before), levels)
    file.write_bytes(b"other")
    for after in (fingerprint([file], 1.0), before.replace("; 1", "; 1.5")):
        assert started(Humming(0.05, after), levels)[0] == 1


@pytest.mark.parametrize("left", ["", "{", "[]", '{"joe": "loud"}', '{"joe": 0.1}', '{"joe": NaN}'])
def test_a_damaged_file_only_costs_the_time(tmp_path: Path, left: str) -> None:
    path = tmp_path / "levels.json"
    path.write_text(left)
    levels = KnownLevels(path)
    assert levels.get("joe") is None
    levels.put("joe", -30.5)
    assert levels.get("joe") == -30.5


def test_a_folder_that_cannot_be_written_only_costs_the_time(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    levels = KnownLevels(tmp_path / "file" / "levels.json")
    levels.put("joe", -30.5)
    assert levels.get("joe") is None


def test_the_oldest_are_forgotten(tmp_path: Path) -> None:
    levels = KnownLevels(tmp_path / "levels.json")
    for number in range(MAX_KNOWN + 1):
        levels.put(str(number), -30.5)
    assert levels.get("0") is None
    assert levels.get("1") == levels.get(str(MAX_KNOWN)) == -30.5
