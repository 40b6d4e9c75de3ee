"""A film that can be played wherever it ends, in time, and without anything kept of it."""

import io

import av
import numpy as np
import pytest

from daemon.face.live_film import LiveFilm, whole_length
from daemon.media import SPEAK_RATE, Image, Samples

SIZE = 160, 96
BLACK, WHITE = (np.full((96, 160, 3), shade, np.uint8) for shade in (0, 255))
LATE_S = 1.5  # sound comes later than pictures


def click(samples: int, at: int) -> Samples:
    sound = np.zeros(samples, np.float32)
    sound[at : at + 240] = 0.8 * np.sin(np.arange(240) * 2 * np.pi * 2000 / SPEAK_RATE)
    return sound


def made(seconds: int, flash_s: float, fps: int = 25) -> tuple[list[bytes], bytes]:
    """Return what came of a film while it was made, and its end."""
    film, pieces = LiveFilm(SIZE, fps, "made by a test"), []
    sound = click(seconds * SPEAK_RATE, round(flash_s * SPEAK_RATE))
    taken = 0
    for number in range(seconds * fps):
        at_s = number / fps
        film.add_picture(WHITE if abs(at_s - flash_s) < 1e-6 else BLACK, at_s)
        until = max(0, round((at_s - LATE_S) * SPEAK_RATE))
        film.add_sound(sound[taken:until])
        taken = max(taken, until)
        pieces.append(film.written())
    film.add_sound(sound[taken:])
    return [piece for piece in pieces if piece], film.close()


def read(data: bytes) -> tuple[list[float], list[float], Samples]:
    """Return times and brightness of the pictures, and the sound."""
    with av.open(io.BytesIO(data), "r") as film:
        shown = list(film.decode(video=0))
        bright = [float(picture.to_ndarray(format="gray").mean()) for picture in shown]
        film.seek(0)
        heard = list(film.decode(audio=0))
        assert heard[0].time == 0
        sound = np.concatenate([frame.to_ndarray()[0] for frame in heard])
    return [picture.time or 0.0 for picture in shown], bright, np.asarray(sound, np.float32)


def test_a_click_and_a_flash_stay_together() -> None:
    pieces, last = made(8, flash_s=6.0)
    times, bright, sound = read(b"".join(pieces) + last)
    assert times[int(np.argmax(bright))] == pytest.approx(6.0, abs=0.001)
    assert int(np.argmax(np.abs(sound) > 0.3)) / SPEAK_RATE == pytest.approx(6.0, abs=0.005)


def test_it_can_be_played_after_each_piece() -> None:
    pieces, _ = made(8, flash_s=2.0)
    assert len(pieces) > 4
    lengths = []
    for number in range(1, len(pieces) + 1):
        _, bright, sound = read(b"".join(pieces[:number]))
        lengths.append(len(bright))
        assert sound.any() or number < 3
    assert lengths == sorted(lengths)
    assert lengths[-1] > 100


def test_a_fragment_that_was_broken_off_is_found() -> None:
    pieces, _ = made(6, flash_s=2.0)
    whole = b"".join(pieces[:-1])
    for more in (0, 5, 200, len(pieces[-1]) - 1):
        assert whole_length(io.BytesIO(whole + pieces[-1][:more])) == len(whole)
    assert whole_length(io.BytesIO(whole + pieces[-1])) == len(whole) + len(pieces[-1])
    assert whole_length(io.BytesIO(b"")) == 0
    assert whole_length(io.BytesIO(bytes(100))) == 0


def test_pictures_may_be_rare_and_none_goes_back() -> None:
    film = LiveFilm(SIZE, 25)
    given: list[tuple[Image, float]] = [
        (BLACK, 0.03), (WHITE, 1.0), (BLACK, 0.9), (BLACK, 1.0), (BLACK, 4.2),
    ]  # fmt: skip
    for picture, at_s in given:
        film.add_picture(picture, at_s)
    film.add_sound(np.zeros(5 * SPEAK_RATE, np.float32))
    assert film.seconds == 5.0
    times, bright, sound = read(film.close())
    assert times == pytest.approx([0.0, 1.0, 4.2], abs=0.001)
    assert [round(light / 255) for light in bright] == [0, 1, 0]
    assert len(sound) / SPEAK_RATE == pytest.approx(5.0, abs=0.03)


@pytest.mark.parametrize("pictures", [0, 1])
def test_a_film_that_ends_at_once_can_be_played(pictures: int) -> None:
    film = LiveFilm(SIZE, 25)
    for _ in range(pictures):
        film.add_picture(WHITE, 0.0)
    data = film.close()
    for kind, least in (("video", pictures), ("audio", 1)):
        with av.open(io.BytesIO(data), "r") as opened:
            assert len(list(opened.decode(**{kind: 0}))) >= least


def test_nothing_of_a_long_film_is_kept() -> None:
    """What FFmpeg holds of it does not grow: its index is written with each fragment."""
    film, sizes = LiveFilm(SIZE, 25), []
    for second in range(40):
        film.add_picture(BLACK, float(second))
        film.add_sound(np.zeros(SPEAK_RATE, np.float32))
        sizes.append(len(film.written()))
    assert max(sizes[5:]) < 3 * max(1, min(size for size in sizes[5:] if size))
    assert len(film.close()) < 20_000
