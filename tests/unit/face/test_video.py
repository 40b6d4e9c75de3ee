import os
import resource
from pathlib import Path

import av
import numpy as np
import pytest

from daemon.errors import StorageError
from daemon.face.video import VideoFile
from daemon.media import Image, Samples

SIZE, FPS, RATE = (160, 96), 25, 48_000


def flash_and_click(path: Path, at_frame: int, frames: int) -> None:
    sound = np.zeros(frames * RATE // FPS, np.float32)
    start = at_frame * RATE // FPS
    sound[start : start + 240] = 0.8 * np.sin(np.arange(240) * 2 * np.pi * 2000 / RATE)
    with VideoFile(path, SIZE, FPS, RATE) as film:
        for piece in np.array_split(sound, 7):
            film.add_sound(piece)
        for i in range(frames):
            film.add_picture(np.full((96, 160, 3), 255 if i == at_frame else 0, np.uint8))


def read(path: Path) -> tuple[list[float], list[Image], Samples, float]:
    with av.open(str(path)) as film:
        times, pictures = [], []
        for picture in film.decode(video=0):
            assert picture.time is not None
            times.append(picture.time)
            pictures.append(np.asarray(picture.to_ndarray(format="rgb24"), np.uint8))
        film.seek(0)
        frames = list(film.decode(audio=0))
        first = frames[0].time
        assert first is not None
        sound = np.concatenate([frame.to_ndarray()[0] for frame in frames])
    return times, pictures, sound.astype(np.float32), first


def test_a_click_and_a_flash_stay_together(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    flash_and_click(path, at_frame=20, frames=50)
    times, pictures, sound, first = read(path)
    flash = times[int(np.argmax([picture.mean() for picture in pictures]))]
    click = first + int(np.argmax(np.abs(sound) > 0.3)) / RATE
    assert flash == pytest.approx(20 / FPS, abs=1e-6)
    assert click == pytest.approx(20 / FPS, abs=0.010)
    assert len(pictures) == 50


def test_streams_say_what_they_are(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    flash_and_click(path, at_frame=1, frames=5)
    with av.open(str(path)) as film:
        video, sound = film.streams.video[0], film.streams.audio[0]
        assert (video.codec_context.name, sound.codec_context.name) == ("h264", "aac")
        assert video.codec_context.pix_fmt == "yuv420p"
        assert (video.codec_context.colorspace, video.codec_context.color_range) == (1, 1)
        assert sound.codec_context.sample_rate == RATE
        assert float(film.duration or 0) / av.time_base == pytest.approx(5 / FPS, abs=0.05)
    data = path.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")  # plays before it is fully loaded


def test_colours_survive(tmp_path: Path) -> None:
    path, colour = tmp_path / "film.mp4", np.array([200, 60, 90])
    with VideoFile(path, SIZE, FPS, RATE) as film:
        for _ in range(3):
            film.add_picture(np.broadcast_to(colour, (96, 160, 3)).astype(np.uint8))
    with av.open(str(path)) as reader:
        frame = next(reader.decode(video=0))
        seen = frame.to_ndarray(format="rgb24").mean(axis=(0, 1))
    assert np.abs(seen - colour).max() < 4


def test_nothing_is_left_after_an_error(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    path.write_bytes(b"the old one")
    with pytest.raises(RuntimeError), VideoFile(path, SIZE, FPS, RATE) as film:
        film.add_picture(np.zeros((96, 160, 3), np.uint8))
        raise RuntimeError
    assert path.read_bytes() == b"the old one"
    assert os.listdir(tmp_path) == ["film.mp4"]


@pytest.mark.parametrize("name", ["missing/film.mp4", ""])
def test_places_that_cannot_be_written(tmp_path: Path, name: str) -> None:
    with pytest.raises(StorageError):
        VideoFile(tmp_path / name, SIZE, FPS, RATE)
    assert os.listdir(tmp_path) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_no_permission(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(StorageError):
            VideoFile(tmp_path / "film.mp4", SIZE, FPS, RATE)
    finally:
        tmp_path.chmod(0o700)


def test_a_full_disk(tmp_path: Path) -> None:
    # A limit on the size of files makes writes fail as a full disk does.
    random = np.random.default_rng(0)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, limits[1]))
    try:
        with pytest.raises(StorageError), VideoFile(tmp_path / "film.mp4", SIZE, FPS, RATE) as film:
            for _ in range(40):
                film.add_picture(random.integers(0, 256, (96, 160, 3), np.uint8))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert os.listdir(tmp_path) == []
