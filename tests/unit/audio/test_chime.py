"""The chimes, and how one lies over what is heard."""

import numpy as np
import pytest

from daemon.audio.chime import (
    MIN_GAIN,
    PEAK,
    STRIKES,
    ChimeKind,
    Overlay,
    chime_gain,
    make_chime,
)
from daemon.media import SPEAK_RATE, Samples

BLOCK = SPEAK_RATE // 100
KINDS: tuple[ChimeKind, ...] = ("timer", "reminder")


def mixed(overlay: Overlay, blocks: int, under: float = 0.0) -> Samples:
    """Return what leaves the loudspeaker over a steady ``under``."""
    pieces = [np.zeros(0, np.float32)]
    for _ in range(blocks):
        out = np.full(BLOCK, under, np.float32)
        overlay.mix(out)
        pieces.append(out)
    return np.concatenate(pieces)


@pytest.mark.parametrize("kind", KINDS)
def test_a_chime_is_short_loud_enough_and_clicks_nowhere(kind: ChimeKind) -> None:
    chime = make_chime(kind)
    assert 1 < len(chime) / SPEAK_RATE < 3
    assert np.abs(chime).max() == pytest.approx(PEAK)
    assert chime[0] == 0
    assert np.abs(chime[-BLOCK:]).max() < 0.001, "it has died away"
    assert np.abs(np.diff(chime)).max() < 0.25, "no sample is far from the one before"


@pytest.mark.parametrize("kind", KINDS)
def test_every_note_is_heard_at_its_pitch(kind: ChimeKind) -> None:
    chime = make_chime(kind)
    for at_s, pitch in STRIKES[kind]:
        note = chime[int(at_s * SPEAK_RATE) :][: SPEAK_RATE // 10]
        near = np.abs(np.fft.rfftfreq(len(note), 1 / SPEAK_RATE) - pitch) <= 15
        power = np.abs(np.fft.rfft(note * np.hanning(len(note)))) ** 2
        assert power[near].sum() > power.sum() / 5, (at_s, pitch)


def test_the_two_are_told_apart() -> None:
    assert [pitch for _, pitch in STRIKES["timer"]] != [pitch for _, pitch in STRIKES["reminder"]]
    assert make_chime("timer") is make_chime("timer"), "made once"


def test_its_strength_follows_the_volume_and_only_silence_is_silent() -> None:
    assert chime_gain(1.0) == 1.0
    assert chime_gain(0.5) == 0.5
    assert chime_gain(0.01) == MIN_GAIN
    assert chime_gain(0.0) == MIN_GAIN, "an alarm is heard though the voice is muted"


def test_it_sounds_once_over_silence_and_adds_to_speech() -> None:
    chime, overlay = make_chime("timer"), Overlay()
    overlay.ring("timer", 1.0)
    began = overlay.sounds
    assert began
    blocks = len(chime) // BLOCK + 20
    out = mixed(overlay, blocks)
    assert np.array_equal(out[: len(chime)], chime)
    assert not out[len(chime) :].any()
    assert not overlay.sounds
    overlay.ring("timer", 0.5)
    assert np.allclose(mixed(overlay, blocks, 0.1)[: len(chime)], 0.1 + chime / 2)


def test_what_is_loud_together_stays_within_full_scale() -> None:
    overlay = Overlay()
    overlay.ring("reminder", 1.0)
    out = mixed(overlay, 50, 0.9)
    assert out.max() == 1.0
    assert out.min() >= 0.9 - PEAK - 1e-6


def test_another_begins_in_its_place() -> None:
    overlay = Overlay()
    overlay.ring("timer", 1.0)
    mixed(overlay, 30)
    overlay.ring("reminder", 1.0)
    assert np.array_equal(mixed(overlay, 10), make_chime("reminder")[: 10 * BLOCK])


@pytest.mark.parametrize("after", [0, 7, 100, 10_000])
def test_it_stops_at_once_without_a_click(after: int) -> None:
    overlay = Overlay()
    overlay.ring("reminder", 1.0)
    before = mixed(overlay, after)
    overlay.stop()
    out = mixed(overlay, 10)
    assert not out[5 * BLOCK :].any()
    assert not overlay.sounds
    steps = np.abs(np.diff(np.concatenate([before[-1:], out])))
    assert steps.max() < 0.1, "the waveform itself moves no faster"


def test_stopping_before_anything_was_rung_does_nothing() -> None:
    overlay = Overlay()
    overlay.stop()
    assert not mixed(overlay, 2).any()
