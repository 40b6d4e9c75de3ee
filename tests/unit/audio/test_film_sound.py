"""The sound of a recorded conversation lies where it was heard, whatever the devices do."""

import numpy as np
import pytest

from daemon.audio.film_sound import BEHIND_S, FilmSound
from daemon.audio.ring_buffer import RingBuffer
from daemon.media import LISTEN_RATE, SPEAK_RATE, Samples
from tests.fakes import silence

BLOCK = 480
BEGIN = 100.0  # time.monotonic() of the film's beginning
CLICK_S = 0.02


class Devices:
    """A loudspeaker and a microphone that click at moments; the film is taken as time passes."""

    def __init__(self) -> None:
        self.played = RingBuffer(SPEAK_RATE, 4 * SPEAK_RATE, SPEAK_RATE)
        self.film = FilmSound(self.played, BEGIN)
        self.pieces: list[Samples] = []

    def take(self, until: float) -> None:
        while len(piece := self.film.take(until)):
            self.pieces.append(piece)

    def play(self, begin: float, seconds: float, clicks: tuple[float, ...] = ()) -> None:
        """Have the loudspeaker play from a moment on, and the film taken meanwhile."""
        sound = silence(seconds, SPEAK_RATE)
        for click in clicks:
            place = round((click - begin) * SPEAK_RATE)
            sound[place : place + round(CLICK_S * SPEAK_RATE)] = 0.5
        for start in range(0, len(sound) // BLOCK * BLOCK, BLOCK):
            moment = begin + start / SPEAK_RATE
            self.played.write(sound[start : start + BLOCK], moment)
            self.take(moment - BEHIND_S)

    def clicks(self, until: float) -> list[float]:
        """Return the moments of all clicks in the film, up to ``until``."""
        self.take(until)
        loud = np.abs(np.concatenate(self.pieces)) > 0.25
        edges = np.flatnonzero(loud[1:] & ~loud[:-1])
        return [BEGIN + (edge + 1) / SPEAK_RATE for edge in edges.tolist()]

    def hear(self, begin: float, seconds: float, click: float | None = None) -> None:
        """Have the microphone hear something in pieces of 20 ms."""
        sound = silence(seconds, LISTEN_RATE)
        if click is not None:
            place = round((click - begin) * LISTEN_RATE)
            sound[place : place + round(CLICK_S * LISTEN_RATE)] = 0.5
        size = LISTEN_RATE // 50
        for start in range(0, len(sound), size):
            self.film.hear(sound[start : start + size], begin + start / LISTEN_RATE)


def test_what_is_played_lies_where_it_was_heard() -> None:
    devices = Devices()
    devices.play(BEGIN - 1, 9, clicks=(BEGIN + 0.5, BEGIN + 3.25, BEGIN + 7))
    assert devices.clicks(BEGIN + 7.9) == pytest.approx(
        [BEGIN + 0.5, BEGIN + 3.25, BEGIN + 7], abs=0.003
    )


def test_a_loudspeaker_that_rested_is_followed_at_once() -> None:
    devices = Devices()
    devices.play(BEGIN, 4, clicks=(BEGIN + 1,))
    devices.take(BEGIN + 30)
    devices.played.forget_moments()
    devices.play(BEGIN + 40, 3, clicks=(BEGIN + 40.5,))
    assert devices.clicks(BEGIN + 42) == pytest.approx([BEGIN + 1, BEGIN + 40.5], abs=0.003)


def test_what_another_device_played_is_not_heard_again() -> None:
    devices = Devices()
    devices.play(BEGIN, 3, clicks=(BEGIN + 1, BEGIN + 2.5))
    devices.played.forget_moments()
    devices.play(BEGIN + 3.2, 3, clicks=(BEGIN + 4.5,))
    assert devices.clicks(BEGIN + 6) == pytest.approx([BEGIN + 1, BEGIN + 4.5], abs=0.003)


def test_a_clock_of_its_own_does_not_part_them_in_hours() -> None:
    """A loudspeaker's seconds are a little longer than ours; silences make up for it."""
    devices, told = Devices(), []
    slow = 1.0001
    for number in range(20):
        begin = BEGIN + number * 20 * slow
        click = begin + 0.5
        devices.play(begin, 1, clicks=(click,))
        told.append(click)
        devices.take(begin + 20 * slow - BEHIND_S)
    assert devices.clicks(BEGIN + 420) == pytest.approx(told, abs=0.004)


def test_what_the_microphone_hears_is_mixed_in() -> None:
    devices = Devices()
    devices.hear(BEGIN - 0.5, 3, click=BEGIN + 1.5)
    devices.play(BEGIN - 1, 4, clicks=(BEGIN + 0.5,))
    assert devices.clicks(BEGIN + 2.4) == pytest.approx([BEGIN + 0.5, BEGIN + 1.5], abs=0.003)


def test_a_microphone_that_was_away_goes_on_at_its_moment() -> None:
    devices = Devices()
    devices.hear(BEGIN, 1, click=BEGIN + 0.5)
    devices.take(BEGIN + 5)
    devices.hear(BEGIN + 6, 1, click=BEGIN + 6.5)
    assert devices.clicks(BEGIN + 7) == pytest.approx([BEGIN + 0.5, BEGIN + 6.5], abs=0.003)


def test_what_comes_too_late_is_left_out() -> None:
    devices = Devices()
    devices.take(BEGIN + 5)
    devices.hear(BEGIN + 1, 1, click=BEGIN + 1.5)
    devices.hear(BEGIN + 6, 1, click=BEGIN + 6.5)
    assert devices.clicks(BEGIN + 7) == pytest.approx([BEGIN + 6.5], abs=0.003)


def test_both_together_are_not_too_loud() -> None:
    devices = Devices()
    devices.film.hear(np.ones(LISTEN_RATE, np.float32), BEGIN)
    devices.played.write(np.ones(BLOCK, np.float32), BEGIN)
    devices.take(BEGIN + 1)
    assert np.abs(np.concatenate(devices.pieces)).max() <= 1.0
