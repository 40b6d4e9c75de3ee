"""Sound that is heard while it is made: in time, without a gap, and the same."""

from collections.abc import Iterator

import numpy as np
import pytest

from daemon.media import SPEAK_RATE, Audio, Phone, Samples
from daemon.voice.pacing import AHEAD_S, FIRST_S, LONGEST_S, Pace, streamed
from daemon.voice.pauses import Trimmer, trim

RATE, HOP, CONTEXT = 24_000, 300, 12  # 80 frames a second


def speech(seconds: float = 3.0, silence_s: float = 0.1) -> Samples:
    """Noise that swells and fades, with silence around it and pauses within."""
    random = np.random.default_rng(3)
    n = int(seconds * RATE)
    loudness = np.sin(np.arange(n) / RATE * 9.0) ** 2 * 0.3
    loudness[int(n * 0.4) : int(n * 0.45)] = 0
    sound = random.standard_normal(n) * loudness
    quiet = np.zeros(int(silence_s * RATE))
    return np.concatenate([quiet, sound, quiet]).astype(np.float32)


class Machine:
    """Makes sound in virtual time: ``load`` seconds for each second of frames."""

    def __init__(self, sound: Samples, load: float) -> None:
        self.now = 0.0
        self.pace = Pace(RATE / HOP, CONTEXT, lambda: self.now)
        self.lengths: list[int] = []
        self._sound, self._load = sound, load

    def pieces(self, phones: tuple[Phone, ...] = ()) -> Iterator[Audio]:
        frames, begin = len(self._sound) // HOP, 0
        while begin < frames:
            end = min(frames, begin + self.pace.frames(frames - begin))
            computed = min(frames, end + CONTEXT) - max(0, begin - CONTEXT)
            spent = self._load * computed * HOP / RATE
            self.now += spent
            self.pace.made(spent, computed)
            self.lengths.append(end - begin)
            yield Audio(self._sound[begin * HOP : end * HOP], RATE, phones)
            phones = ()
            begin = end


def handed(machine: Machine) -> Iterator[tuple[float, Audio]]:
    """Yield each piece with the moment at which it is there."""
    for audio in streamed(machine.pieces(), RATE, 0.1, machine.pace):
        yield machine.now, audio


@pytest.mark.parametrize("load", [0.01, 0.05, 0.1, 0.2, 0.24])
@pytest.mark.parametrize("silence_s", [0.0, 0.1, 0.5])
def test_no_piece_comes_after_it_should_be_heard(load: float, silence_s: float) -> None:
    machine = Machine(speech(silence_s=silence_s), load)
    heard_until: float | None = None
    for moment, audio in handed(machine):
        heard_until = moment if heard_until is None else heard_until
        assert moment <= heard_until, "a gap"
        heard_until += audio.seconds
    assert len(machine.lengths) > 2


def test_the_first_sound_is_there_early() -> None:
    machine = Machine(speech(), 0.1)
    moment, audio = next(handed(machine))
    assert moment == pytest.approx(0.1 * (FIRST_S + CONTEXT * HOP / RATE), abs=1e-6)
    assert audio.seconds >= AHEAD_S - 0.05, "but for what the resampler holds back"


def test_a_slow_machine_says_whole_sentences() -> None:
    machine = Machine(speech(), 0.6)
    assert len(list(handed(machine))) == 1


def test_pieces_are_not_endless() -> None:
    machine = Machine(speech(20.0), 0.001)
    list(handed(machine))
    assert max(machine.lengths) * HOP / RATE <= 1.5 * LONGEST_S


@pytest.mark.parametrize("load", [0.01, 0.2, 0.6])
def test_the_sound_is_that_of_the_whole(load: float) -> None:
    sound = speech()
    whole = trim(Audio(sound, RATE), 0.1).at_rate(SPEAK_RATE).samples
    pieces = [audio.samples for _, audio in handed(Machine(sound, load))]
    np.testing.assert_allclose(np.concatenate(pieces), whole, atol=1e-6)


@pytest.mark.parametrize("sound", [np.zeros(0, np.float32), np.zeros(RATE, np.float32)])
def test_no_speech_is_no_sound(sound: Samples) -> None:
    assert not list(streamed(iter([Audio(sound, RATE)]), RATE, 0.3, Pace(80, 0)))
    assert not list(streamed(iter([]), RATE, 0.3, Pace(80, 0)))


@pytest.mark.parametrize("size", [1, 77, 240, 1000, 7001, 100_000])
def test_trimmed_in_pieces(size: int) -> None:
    sound = speech(1.0)
    trimmer = Trimmer(RATE)
    parts = [trimmer.push(sound[begin : begin + size]) for begin in range(0, len(sound), size)]
    parts.append(trimmer.finish(0.2))
    whole = trim(Audio(sound, RATE), 0.2).samples
    # where it begins a little earlier, it is faded in there
    np.testing.assert_allclose(np.concatenate(parts)[-len(whole) :], whole, atol=1e-3)
    assert len(np.concatenate(parts)) - len(whole) <= 2 * RATE // 100, "a little more before it"


def test_soft_speech_is_kept_as_well() -> None:
    sound = speech() * np.float32(0.001)
    whole = trim(Audio(sound, RATE)).samples
    assert len(whole) > RATE
    trimmer = Trimmer(RATE)
    assert not len(trimmer.push(sound))
    np.testing.assert_array_equal(trimmer.finish(0.0), whole)


@pytest.mark.parametrize("load", [0.01, 0.6])
def test_phones_come_with_the_first_piece_where_they_are_heard(load: float) -> None:
    sound = speech(silence_s=0.5)
    heard = Phone("m", RATE, RATE + 600)
    phones = (Phone(".", 0, RATE // 4), Phone("a", RATE // 4, RATE), heard)
    machine = Machine(sound, load)
    first, *others = streamed(machine.pieces(phones), RATE, 0.1, machine.pace)
    assert not any(piece.phones for piece in others)
    vowel, nasal = first.phones
    assert vowel.start == 0, "what was before the speech is left out"
    heard_at = np.concatenate([piece.samples for piece in (first, *others)])[nasal.start :]
    wanted = Audio(sound[heard.start : heard.end], RATE).at_rate(SPEAK_RATE).samples[100:-100]
    np.testing.assert_allclose(heard_at[100:][: len(wanted)], wanted, atol=0.02)
    assert nasal.end - nasal.start == 1200


def test_phones_are_trimmed_with_their_sound() -> None:
    sound = speech(silence_s=0.5)
    phones = (Phone(".", 0, RATE // 4), Phone("a", RATE // 4, RATE), Phone("m", RATE, 9 * RATE))
    told = trim(Audio(sound, RATE, phones), 0.1)
    vowel, nasal = told.phones
    assert vowel.start == 0
    dropped = RATE - nasal.start
    assert 0.45 * RATE < dropped <= 0.5 * RATE
    np.testing.assert_array_equal(told.samples[1000:9000], sound[1000 + dropped : 9000 + dropped])
