"""What is kept of how loud voices are."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from daemon.media import SPEAK_RATE, Audio
from daemon.voice.bilingual import Bilingual
from daemon.voice.loudness import MAX_KNOWN, KnownLevels, fingerprint
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


def loudness(voice: Humming, levels: KnownLevels) -> tuple[int, float]:
    """Return how often a start asks it to speak, and how loud it is then."""
    both = Bilingual(voice, None, levels=levels)
    both.warm_up()
    asked = voice.asked
    (spoken,) = both.synthesize("Hello.", CancelToken())
    return asked, float(np.sqrt(np.mean(spoken.samples**2)))


def test_a_voice_is_measured_once(tmp_path: Path) -> None:
    levels = KnownLevels(tmp_path / "cache" / "levels.json")
    first = loudness(Humming(0.05, "joe 1"), levels)
    again = loudness(Humming(0.05, "joe 1"), levels)
    assert (first[0], again[0]) == (1, 0)
    assert again[1] == pytest.approx(first[1]) == pytest.approx(0.1, rel=0.05)


def test_other_files_or_another_pace_are_another_voice(tmp_path: Path) -> None:
    levels, file = KnownLevels(tmp_path / "levels.json"), tmp_path / "voice.onnx"
    file.write_bytes(b"one")
    before = fingerprint([file], 1.0)
    loudness(Humming(0.05, before), levels)
    file.write_bytes(b"other")
    for after in (fingerprint([file], 1.0), before.replace("; 1", "; 1.5")):
        assert loudness(Humming(0.05, after), levels)[0] == 1


@pytest.mark.parametrize("left", ["", "{", "[]", '{"joe": "loud"}', '{"joe": 0.0}', '{"joe": NaN}'])
def test_a_damaged_file_only_costs_the_time(tmp_path: Path, left: str) -> None:
    path = tmp_path / "levels.json"
    path.write_text(left)
    levels = KnownLevels(path)
    assert levels.get("joe") is None
    levels.put("joe", 0.1)
    assert levels.get("joe") == 0.1


def test_a_folder_that_cannot_be_written_only_costs_the_time(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    levels = KnownLevels(tmp_path / "file" / "levels.json")
    levels.put("joe", 0.1)
    assert levels.get("joe") is None


def test_the_oldest_are_forgotten(tmp_path: Path) -> None:
    levels = KnownLevels(tmp_path / "levels.json")
    for number in range(MAX_KNOWN + 1):
        levels.put(str(number), 0.1)
    assert levels.get("0") is None
    assert levels.get("1") == levels.get(str(MAX_KNOWN)) == 0.1
