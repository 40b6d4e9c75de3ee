"""How a head moves by itself, a pure function of the time, and what of it is seen.

Blinks come every 2 to 6 s and last 130 to 190 ms, which is how people blink at rest; eyes tremble
about what they look at; breath takes 4 s. Nothing is remembered, so any moment can be drawn at
once and two runs look the same. What the face does about a conversation is in ``behaviour.py``.
"""

import math

import numpy as np
from numpy.typing import NDArray

from daemon.expression import Pose

BLINK_SLOT_S = 4.0  # one blink begins in the first half of each slot: 2 to 6 s apart
BLINK_S = (0.13, 0.19)
CLOSING = 0.36  # of a blink; lids open more slowly than they shut
GAZE_SLOT_S = 1.4
SACCADE_S = 0.05
BREATH_S = 4.2
# At rest, pictures that differ by less than this need not be drawn: the compression of a video call
# blurs more than half a pixel.
SEEN_PX = 0.5
CHEST_PX = 2.6  # how far the shoulders rise
LID_PX, LOWER_LID_PX = 27.0, 5.0  # from an open lid to a shut one; of the lower one in a squint
CORNER_PX = 7.0  # that a broad smile moves the corners of the mouth

# Where the drawn face has its crown, chin, sides, eyes, brows' outer and inner ends, nose and the
# corners of its mouth, in pixels from what the head turns about; the first four are its outline.
_PLACES = np.array(
    [
        (0, -496), (0, -32), (-152, -262), (152, -262),
        (-58, -240), (58, -240), (-98, -276), (98, -276), (-28, -276), (28, -276),
        (0, -170), (-46, -112), (46, -112),
    ],
    np.float32,
)  # fmt: skip
_INNER = np.array([*([0] * 4), *([1] * 9)], np.float32)


def chance(*key: int) -> float:
    """Return a number in [0, 1) that depends on ``key`` alone (the mixer of splitmix64)."""
    z = 0
    for part in key:
        z = (z + part * 0x9E3779B97F4A7C15 + 0xBF58476D1CE4E5B9) & (2**64 - 1)
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & (2**64 - 1)
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & (2**64 - 1)
        z ^= z >> 31
    return z / 2**64


def ease(value: float) -> float:
    """Return 0 to 1 for 0 to 1, with a gentle begin and end."""
    t = min(max(value, 0.0), 1.0)
    return t * t * (3 - 2 * t)


def wave(time_s: float, *parts: tuple[float, float]) -> float:
    """Sum sines of (period in seconds, amplitude); each starts at its own phase."""
    return sum(a * math.sin(2 * math.pi * (time_s / p) + 1.7 * i) for i, (p, a) in enumerate(parts))


def blink_at(since_s: float, lasts: float) -> float:
    """Return how far a blink that began ``since_s`` ago has shut the lids, 0 to 1."""
    t = since_s / lasts
    if not 0 < t < 1:
        return 0.0
    return ease(t / CLOSING) if t < CLOSING else ease((1 - t) / (1 - CLOSING))


def blink_of(time_s: float, seed: int) -> tuple[float, float]:
    """Return when the blink of this time's slot begins, and how long it lasts, in seconds."""
    slot = math.floor(time_s / BLINK_SLOT_S)
    start = (slot + 0.5 * chance(seed, 1, slot)) * BLINK_SLOT_S
    return start, BLINK_S[0] + (BLINK_S[1] - BLINK_S[0]) * chance(seed, 2, slot)


def lids_at(time_s: float, seed: int) -> float:
    """Return how far the lids are shut, 0 to 1."""
    start, lasts = blink_of(time_s, seed)
    return blink_at(time_s - start, lasts)


def gaze_at(time_s: float, seed: int) -> tuple[float, float]:
    """Return how the eyes tremble, in pixels of the iris from what they look at."""

    def target(slot: int) -> tuple[float, float]:
        if chance(seed, 3, slot) < 0.5:
            return 0.0, 0.0
        return 3.2 * (chance(seed, 4, slot) - 0.5), 1.6 * (chance(seed, 5, slot) - 0.5)

    slot = math.floor(time_s / GAZE_SLOT_S)
    start = (slot + 0.7 * chance(seed, 6, slot)) * GAZE_SLOT_S
    done = ease((time_s - start) / SACCADE_S)
    (x0, y0), (x1, y1) = target(slot - 1), target(slot)
    return x0 + (x1 - x0) * done, y0 + (y1 - y0) * done


def idle_pose(time_s: float, voice: float, seed: int = 1) -> Pose:
    """Return the pose of a head left to itself; ``voice`` (0 to 1) is how lively it speaks."""
    breath = 0.5 - 0.5 * math.cos(2 * math.pi * time_s / BREATH_S)
    lively = 1 + 0.9 * voice
    brows = wave(time_s, (9.7, 0.4)) + voice * (0.6 + wave(time_s, (1.3, 0.5), (2.3, 0.9)))
    return Pose(
        x=lively * wave(time_s, (7.3, 1.8), (3.1, 0.7)),
        y=wave(time_s, (5.3, 0.8)) - 0.9 * breath + voice * wave(time_s, (0.83, 0.5), (1.9, 1.4)),
        roll=lively * wave(time_s, (8.9, 0.008), (3.7, 0.003)),
        yaw=lively * wave(time_s, (6.1, 1.5), (2.9, 0.6)),
        breath=breath,
        gaze=gaze_at(time_s, seed),
        lids=lids_at(time_s, seed),
        brow_left=brows,
        brow_right=brows,
    )


def landmarks(pose: Pose) -> NDArray[np.float32]:
    """Return where parts of the drawn face are, shape (20, 2), in pixels.

    Crown, chin, sides, eyes, brows, nose and mouth, then upper lids, irises and shoulders.
    """
    x, y = _PLACES.T
    dx = pose.x - pose.roll * y + pose.forward * x + pose.yaw * _INNER
    dy = pose.y + pose.roll * x + pose.forward * y + pose.pitch * _INNER
    dy[[6, 8]] -= pose.brow_left
    dy[[7, 9]] -= pose.brow_right
    dy[8:10] -= pose.worry
    dy[11:13] -= CORNER_PX * pose.smile
    places = np.empty((20, 2), np.float32)
    places[:13, 0], places[:13, 1] = x + dx, y + dy
    for i in range(2):
        eye = places[4 + i]
        places[13 + i] = eye[0], eye[1] + LID_PX * pose.lids
        places[15 + i] = eye[0] + pose.gaze[0], eye[1] + pose.gaze[1]
        places[17 + i] = eye[0], eye[1] - LOWER_LID_PX * pose.squint
    places[19] = 0, -CHEST_PX * pose.breath
    return places


def seen_to_move(before: Pose, now: Pose) -> bool:
    """Whether any part of the face is ``SEEN_PX`` or more elsewhere."""
    if before.attitude is not now.attitude:
        return True
    return float(np.abs(landmarks(now) - landmarks(before)).max()) >= SEEN_PX
