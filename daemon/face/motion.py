"""How a drawn head moves when it does nothing in particular: a pure function of the time.

Blinks come every 2 to 6 s and last 130 to 190 ms, which is how people blink at rest; gaze rests
mostly on the viewer and jumps a little within 50 ms; breath takes 4 s. Nothing is remembered, so
any moment can be drawn at once and two runs look the same.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

BLINK_SLOT_S = 4.0  # one blink begins in the first half of each slot: 2 to 6 s apart
BLINK_S = (0.13, 0.19)
CLOSING = 0.36  # of a blink; lids open more slowly than they shut
GAZE_SLOT_S = 1.4
SACCADE_S = 0.05
BREATH_S = 4.2
# At rest, pictures that differ by less than this need not be drawn: the compression of a video call
# blurs more than half a pixel.
SEEN_PX = 0.5
# From what the head turns about to its crown and to the face's middle, and from there to its sides.
CROWN_PX, FACE_PX, SIDE_PX = 260.0, 150.0, 100.0
CHEST_PX = 2.6  # how far the shoulders rise


@dataclass(frozen=True, slots=True)
class Pose:
    """Where the head is; pixels of the drawing, radians, and parts from 0 to 1."""

    x: float
    y: float
    roll: float
    """Radians, clockwise as seen."""
    yaw: float
    """Pixels by which the middle of the face leads its outline."""
    breath: float
    """0 is breathed out, 1 in."""
    gaze: tuple[float, float]
    """Pixels of the irises from looking at the viewer."""
    lids: float
    """0 is open, 1 shut."""
    brows: float
    """Pixels raised."""


def _chance(*key: int) -> float:
    """Return a number in [0, 1) that depends on ``key`` alone (the mixer of splitmix64)."""
    z = 0
    for part in key:
        z = (z + part * 0x9E3779B97F4A7C15 + 0xBF58476D1CE4E5B9) & (2**64 - 1)
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & (2**64 - 1)
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & (2**64 - 1)
        z ^= z >> 31
    return z / 2**64


def _ease(value: float) -> float:
    t = min(max(value, 0.0), 1.0)
    return t * t * (3 - 2 * t)


def _wave(time_s: float, *parts: tuple[float, float]) -> float:
    """Sum sines of (period in seconds, amplitude); each starts at its own phase."""
    return sum(a * math.sin(2 * math.pi * (time_s / p) + 1.7 * i) for i, (p, a) in enumerate(parts))


def lids_at(time_s: float, seed: int) -> float:
    """Return how far the lids are shut, 0 to 1."""
    slot = math.floor(time_s / BLINK_SLOT_S)
    start = (slot + 0.5 * _chance(seed, 1, slot)) * BLINK_SLOT_S
    lasts = BLINK_S[0] + (BLINK_S[1] - BLINK_S[0]) * _chance(seed, 2, slot)
    t = (time_s - start) / lasts
    if not 0 < t < 1:
        return 0.0
    return _ease(t / CLOSING) if t < CLOSING else _ease((1 - t) / (1 - CLOSING))


def gaze_at(time_s: float, seed: int) -> tuple[float, float]:
    """Return where the eyes look, in pixels of the iris from the viewer."""

    def target(slot: int) -> tuple[float, float]:
        if _chance(seed, 3, slot) < 0.5:
            return 0.0, 0.0
        return 3.2 * (_chance(seed, 4, slot) - 0.5), 1.6 * (_chance(seed, 5, slot) - 0.5)

    slot = math.floor(time_s / GAZE_SLOT_S)
    start = (slot + 0.7 * _chance(seed, 6, slot)) * GAZE_SLOT_S
    done = _ease((time_s - start) / SACCADE_S)
    (x0, y0), (x1, y1) = target(slot - 1), target(slot)
    return x0 + (x1 - x0) * done, y0 + (y1 - y0) * done


@lru_cache(maxsize=4)  # asked of the picture shown and of the next, tick by tick
def pose_at(time_s: float, voice: float, seed: int = 1) -> Pose:
    """Return the pose at a time; ``voice`` (0 to 1, smooth) is how lively the speech is."""
    breath = 0.5 - 0.5 * math.cos(2 * math.pi * time_s / BREATH_S)
    lively = 1 + 0.9 * voice
    yaw = lively * _wave(time_s, (6.1, 1.5), (2.9, 0.6))
    return Pose(
        x=lively * _wave(time_s, (7.3, 1.8), (3.1, 0.7)),
        y=_wave(time_s, (5.3, 0.8)) - 0.9 * breath + voice * _wave(time_s, (0.83, 0.9), (1.9, 1.4)),
        roll=lively * _wave(time_s, (8.9, 0.008), (3.7, 0.003)),
        yaw=yaw,
        breath=breath,
        gaze=gaze_at(time_s, seed),
        lids=lids_at(time_s, seed),
        brows=_wave(time_s, (9.7, 0.4)) + voice * (1.6 + _wave(time_s, (1.3, 1.3), (2.3, 0.9))),
    )


def seen_to_move(before: Pose, now: Pose) -> bool:
    """Whether any part of the head is ``SEEN_PX`` or more elsewhere, or the eyes are at work."""
    if before.gaze != now.gaze or before.lids != now.lids:
        return True
    across, turned, roll = now.x - before.x, now.yaw - before.yaw, now.roll - before.roll
    along = now.y - before.y
    moved = (
        across + roll * CROWN_PX,
        across + roll * FACE_PX + turned,
        abs(along) + abs(roll) * SIDE_PX,
        along + now.brows - before.brows,
        (now.breath - before.breath) * CHEST_PX,
    )
    return max(map(abs, moved)) >= SEEN_PX
