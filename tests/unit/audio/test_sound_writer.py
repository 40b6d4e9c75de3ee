from pathlib import Path

import av
import numpy as np
import pytest

from daemon.audio.file_writer import write_sound
from daemon.audio.files import read_recording
from daemon.errors import InputError, StorageError
from daemon.media import Audio

RATE = 24_000
TONE = Audio((0.3 * np.sin(2 * np.pi * 220 * np.arange(RATE) / RATE)).astype(np.float32), RATE)


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.mp3", "a.ogg", "a.opus", "a.M4A"])
def test_sound_and_what_is_said_of_it_come_back(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    write_sound(path, TONE, "made “here”")
    with av.open(str(path)) as file:
        said = file.metadata | file.streams.audio[0].metadata
    assert said["comment"] == "made “here”"
    back = read_recording(path, 10, rate=RATE).samples
    assert abs(len(back) - RATE) < 0.08 * RATE  # codecs round up
    assert np.sqrt(np.mean(back**2)) == pytest.approx(0.3 / np.sqrt(2), rel=0.1)
    assert [found.name for found in tmp_path.iterdir()] == [name]


def test_an_unknown_ending_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"\.wav"):
        write_sound(tmp_path / "a.xyz", TONE)


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(StorageError):
        write_sound(tmp_path / "no" / "a.wav", TONE)
