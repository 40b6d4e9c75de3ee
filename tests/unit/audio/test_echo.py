"""Echo cancellation on a room made of numbers: 60 ms away, 10 dB down, 0.3 s of reverberation."""

import sys
from pathlib import Path

import numpy as np
import pytest

from daemon.audio.echo_cancellation import (
    FAR_FRAME,
    FRAME,
    LEAD_S,
    MAX_SILENT_FRAMES,
    REST_S,
    TAIL_S,
    EchoCanceller,
    FarEnd,
    Mode,
)
from daemon.audio.files import read_recording
from daemon.audio.ring_buffer import RingBuffer
from daemon.bench.signals import locate, room_response
from daemon.media import LISTEN_RATE, SPEAK_RATE, Audio, Samples

DELAY_S = 0.06
GAP_S = 0.05
BLOCK = 480  # samples at SPEAK_RATE that the loudspeaker takes at a time
HEARD = 320  # samples at LISTEN_RATE that the microphone gives at a time


def recording(folder: Path, name: str) -> Samples:
    return read_recording(folder / name, 60).samples


def room(far: Samples) -> Samples:
    """What comes back of ``far``, both at ``LISTEN_RATE``."""
    response = room_response(-10, 0.0, np.random.default_rng(1))
    delayed = np.concatenate([np.zeros(round(DELAY_S * LISTEN_RATE)), np.convolve(far, response)])
    return np.asarray(delayed[: len(far)], np.float32)


class Scene:
    """A loudspeaker and a microphone that call as devices do, on one clock."""

    def __init__(
        self, far: Samples, near: Samples, jitter_s: float = 0.0, gap_at_s: float = 1e9
    ) -> None:
        """``far`` is played, ``near`` heard; both at ``LISTEN_RATE``.

        At ``gap_at_s`` the loudspeaker is silent for ``GAP_S``, because nobody fed it in time.
        """
        self.ring = RingBuffer(SPEAK_RATE, 4 * SPEAK_RATE, SPEAK_RATE)
        self.far = Audio(far, LISTEN_RATE).at_rate(SPEAK_RATE).samples
        self.near = near
        self.jitter_s = jitter_s
        self.gap_at_s = gap_at_s

    def hear(self, echo: EchoCanceller) -> Samples:
        """Return what is left of ``near``, at the places where it was."""
        rng, played, cleaned = np.random.default_rng(2), 0, []
        for begin in range(0, len(self.near), HEARD):
            now = (begin + HEARD) / LISTEN_RATE + 0.005
            while played < len(self.far) and played / SPEAK_RATE < now + 0.1:
                block = self.far[played : played + BLOCK]
                at = played / SPEAK_RATE + (GAP_S if played / SPEAK_RATE >= self.gap_at_s else 0)
                self.ring.write(block, 50 + at + rng.normal(0, self.jitter_s))
                played += len(block)
            moment = 50 + begin / LISTEN_RATE + rng.normal(0, self.jitter_s / 4)  # of a median
            cleaned.append(echo.clean(self.near[begin : begin + HEARD], moment))
        return np.concatenate(cleaned)


def level(samples: Samples) -> float:
    """In dB."""
    return float(10 * np.log10(np.mean(np.square(samples, dtype=np.float64)) + 1e-12))


def noise(length: int) -> Samples:
    return np.random.default_rng(3).standard_normal(length).astype(np.float32) * np.float32(5e-4)


@pytest.fixture(scope="module")
def far() -> Samples:
    folder = Path(__file__).parents[2] / "audio"
    names = ("lj-finished.flac", "lj-unfinished.flac", "lj-finished.flac")
    return np.concatenate([recording(folder, name) for name in names])


def test_the_far_end_is_what_left_the_loudspeaker_at_that_moment() -> None:
    ring = RingBuffer(SPEAK_RATE, 4 * SPEAK_RATE, SPEAK_RATE)
    end = FarEnd(ring)
    assert not end.frame(50).any(), "nothing was played yet"
    ramp = np.arange(2 * SPEAK_RATE, dtype=np.float32)
    for start in range(0, len(ramp), BLOCK):
        ring.write(ramp[start : start + BLOCK], 50 + start / SPEAK_RATE)
    for number in range(100):
        expected = round((number * 0.01 + LEAD_S) * SPEAK_RATE)
        frame = end.frame(50 + number * 0.01)
        assert np.array_equal(frame, np.arange(expected, expected + FAR_FRAME))


def played_ramp(seconds: int) -> RingBuffer:
    ring = RingBuffer(SPEAK_RATE, 4 * SPEAK_RATE, SPEAK_RATE)
    ramp = np.arange(1, seconds * SPEAK_RATE + 1, dtype=np.float32)
    for start in range(0, len(ramp), BLOCK):
        ring.write(ramp[start : start + BLOCK], 50 + start / SPEAK_RATE)
    return ring


def test_the_far_end_runs_on_through_jitter() -> None:
    end, jitter = FarEnd(played_ramp(3)), np.random.default_rng(1).normal(0, 0.004, 100)
    frames = [end.frame(50 + n * 0.01 + jitter[n]) for n in range(100)]
    assert (np.diff(np.concatenate(frames)) == 1).all(), "nothing left out, nothing twice"


def test_silence_is_passed_over_as_it_would_be_heard_frame_by_frame() -> None:
    ring = RingBuffer(SPEAK_RATE, 4 * SPEAK_RATE, SPEAK_RATE)
    one, by_one = FarEnd(ring), FarEnd(ring)
    assert one.skip(50, 10), "nothing was ever played"
    silent, sound = np.zeros(BLOCK, np.float32), np.ones(BLOCK, np.float32)
    for number in range(200):
        ring.write(sound if number == 100 else silent, 50 + number * 0.01)
    skipped = 0
    while one.skip(50 + skipped * 0.01, 10):
        skipped += 10
    for number in range(skipped):
        assert not by_one.frame(50 + number * 0.01).any()
    frames = [(one.frame(50 + n * 0.01), by_one.frame(50 + n * 0.01)) for n in range(skipped, 120)]
    assert all(np.array_equal(a, b) for a, b in frames)
    assert sum(a.sum() for a, _ in frames) == BLOCK, "what was played is not passed over"
    assert not one.skip(50, 10) or not frames[-1][0].any()


@pytest.mark.parametrize(("moved_s", "follows"), [(-0.007, False), (-0.1, True)])
def test_after_a_silence_between_words_the_far_end_goes_on_where_it_was(
    moved_s: float, follows: bool
) -> None:
    ring = RingBuffer(SPEAK_RATE, 4 * SPEAK_RATE, SPEAK_RATE)
    ramp = np.arange(1, 3 * SPEAK_RATE + 1, dtype=np.float32)
    silence = slice(round(0.5 * SPEAK_RATE), round(0.7 * SPEAK_RATE))
    ramp[silence] = 0
    for start in range(0, len(ramp), BLOCK):
        ring.write(ramp[start : start + BLOCK], 50 + start / SPEAK_RATE)
    end = FarEnd(ring)
    for n in range(100):
        last = end.frame(50 + n * 0.01 + (moved_s if n >= 40 else 0))
    expected = 99 * 0.01 + LEAD_S + (moved_s if follows else 0)
    assert last[0] == pytest.approx(expected * SPEAK_RATE, abs=2)


@pytest.mark.parametrize(("moved_s", "follows"), [(0.05, True), (-0.05, False), (-0.2, True)])
def test_the_far_end_follows_only_where_webrtc_could_not(moved_s: float, follows: bool) -> None:
    end = FarEnd(played_ramp(3))
    for n in range(50):
        end.frame(50 + n * 0.01)
    for n in range(50, 50 + MAX_SILENT_FRAMES + 2):
        last = end.frame(50 + moved_s + n * 0.01)
    expected = n * 0.01 + LEAD_S + (moved_s if follows else 0)
    assert last[0] == pytest.approx(expected * SPEAK_RATE, abs=2)


@pytest.mark.parametrize("jitter_s", [0.0, 0.002])
def test_an_echo_is_cancelled(far: Samples, jitter_s: float) -> None:
    echo = room(far)
    scene = Scene(far, echo + noise(len(echo)), jitter_s)
    left = scene.hear(EchoCanceller("cancel", scene.ring))
    for second in range(len(echo) // LISTEN_RATE):
        part = slice(second * LISTEN_RATE, (second + 1) * LISTEN_RATE)
        assert level(echo[part]) - level(left[part]) > (15 if second < 2 else 22), second


def test_a_gap_in_what_is_played_is_got_over(far: Samples) -> None:
    gap_at = 4 * LISTEN_RATE
    gap = np.zeros(round(GAP_S * LISTEN_RATE), np.float32)
    echo = room(np.concatenate([far[:gap_at], gap, far[gap_at:]])[: len(far)])
    scene = Scene(far, echo + noise(len(echo)), gap_at_s=4)
    left = scene.hear(EchoCanceller("cancel", scene.ring))
    for second in range(6, len(echo) // LISTEN_RATE):
        part = slice(second * LISTEN_RATE, (second + 1) * LISTEN_RATE)
        assert level(echo[part]) - level(left[part]) > 20, second


def test_a_person_who_speaks_over_it_is_heard(far: Samples, audio_files: Path) -> None:
    person, begin = recording(audio_files, "question-en.wav"), 5 * LISTEN_RATE
    near = room(far)
    near[begin : begin + len(person)] += person
    scene = Scene(far, near + noise(len(near)))
    left = scene.hear(EchoCanceller("cancel", scene.ring))
    spoken = left[begin : begin + len(person)]
    assert level(spoken) == pytest.approx(level(person), abs=3)
    _, like = locate(person[8000:24000], spoken)
    assert like > 0.6
    before = left[begin - 2 * LISTEN_RATE : begin]
    assert level(spoken) - level(before) > 25


def test_without_sound_nothing_is_changed() -> None:
    person = noise(5 * LISTEN_RATE) * np.float32(100)
    scene = Scene(np.zeros(6 * LISTEN_RATE, np.float32), person)
    assert np.array_equal(scene.hear(EchoCanceller("cancel", scene.ring)), person)


def test_it_rests_a_second_after_the_last_sound() -> None:
    far = np.concatenate([noise(LISTEN_RATE) * 100, np.zeros(4 * LISTEN_RATE, np.float32)])
    person = noise(5 * LISTEN_RATE) * np.float32(100)
    scene = Scene(far, person)
    left = scene.hear(EchoCanceller("cancel", scene.ring))
    changed = np.flatnonzero(left != person)
    assert changed[-1] / LISTEN_RATE == pytest.approx(1 + REST_S, abs=0.05)


def test_half_duplex_hears_nothing_while_it_speaks_and_a_little_longer() -> None:
    silence = np.zeros(2 * LISTEN_RATE, np.float32)
    far = np.concatenate([silence, noise(LISTEN_RATE), silence])
    person = np.ones(len(far), np.float32)
    scene = Scene(far, person)
    left = scene.hear(EchoCanceller("half-duplex", scene.ring))
    deaf = np.flatnonzero(left == 0) / LISTEN_RATE
    assert deaf[0] == pytest.approx(2, abs=0.06)
    assert deaf[-1] == pytest.approx(3 + TAIL_S, abs=0.04)
    assert np.array_equal(left[left != 0], np.ones(len(left) - len(deaf)))


def test_pieces_of_any_length_come_out_in_order() -> None:
    echo = EchoCanceller("half-duplex", RingBuffer(SPEAK_RATE, 100, 10))
    sound, at, cleaned = np.arange(5000, dtype=np.float32), 0, []
    for length in (1, 159, 160, 161, 0, 3000, 999):
        cleaned.append(echo.clean(sound[at : at + length], at / LISTEN_RATE))
        at += length
    whole = np.concatenate(cleaned)
    assert np.array_equal(whole, sound[: at // FRAME * FRAME])


@pytest.mark.parametrize("mode", ["cancel", "off"])
def test_without_its_library_it_says_so(
    mode: Mode, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, "livekit", None)
    echo = EchoCanceller(mode, RingBuffer(SPEAK_RATE, 100, 10), noise_suppression=True)
    assert echo.half_duplex == (mode == "cancel")
    assert len(caplog.records) == 1
    assert np.array_equal(echo.clean(noise(FRAME), 0), noise(FRAME))


def test_a_library_that_fails_later_is_done_without(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> Samples:
        raise RuntimeError("out of memory")

    monkeypatch.setattr("daemon.audio.echo_cancellation.WebRtcCanceller.process", fail)
    sound = noise(2 * LISTEN_RATE)
    scene = Scene(sound, sound)
    left = scene.hear(EchoCanceller("cancel", scene.ring))
    assert not left[FRAME:].any()
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "out of memory" in caplog.text


def test_noise_suppression_works_all_day() -> None:
    sound = noise(4 * LISTEN_RATE) * np.float32(10)
    scene = Scene(np.zeros(5 * LISTEN_RATE, np.float32), sound)
    left = scene.hear(EchoCanceller("off", scene.ring, noise_suppression=True))
    assert level(left[-LISTEN_RATE:]) < level(sound[-LISTEN_RATE:]) - 10


def test_gain_control_raises_a_quiet_voice(audio_files: Path) -> None:
    voice = recording(audio_files, "question-en.wav") * np.float32(0.05)
    scene = Scene(np.zeros(2 * len(voice), np.float32), voice)
    left = scene.hear(EchoCanceller("off", scene.ring, gain_control=True))
    assert level(left) > level(voice) + 10
