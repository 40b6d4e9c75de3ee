"""Silence in speech: how long punctuation pauses, and how much of it a voice's sound carries."""

import numpy as np
from numpy.typing import NDArray

from daemon.media import Audio, Samples

SENTENCE_PAUSE_S = 0.32
CLAUSE_PAUSE_S = 0.16

_FRAME_S = 0.01
_SILENT_DB = -45.0  # below the loudest frame: under any breath or consonant of a clean voice
_KEPT_BEFORE, _KEPT_AFTER = 1, 4  # frames around the speech: it ends softly, and begins at once
_FADE_S = 0.005  # long enough not to click, too short to hear


def pause_after(text: str) -> float:
    """Seconds of silence that the last punctuation mark of ``text`` asks for; 0 without one."""
    for char in reversed(text):
        if char in "。.！!？?…":
            return SENTENCE_PAUSE_S
        if char in "，,；;：:—、\n":
            return CLAUSE_PAUSE_S
        if char.isalnum():
            break
    return 0.0


def frame_power(audio: Audio) -> Samples:
    """Return the mean square of each whole 10 ms of ``audio``: float32, shape (frames,)."""
    size = int(audio.rate * _FRAME_S)
    whole = audio.samples[: len(audio.samples) // size * size].reshape(-1, size)
    return np.asarray(np.mean(np.square(whole), axis=1), np.float32)


def active_frames(power: Samples) -> NDArray[np.bool_]:
    """Tell which of the frames hold speech, judged by the loudest of them."""
    return np.asarray(power > power.max(initial=1e-10) * 10 ** (_SILENT_DB / 10), np.bool_)


def active_level(audio: Audio) -> float:
    """Return the RMS of what is speech in ``audio``, 0 where there is none."""
    power = frame_power(audio)
    active = power[active_frames(power)]
    return float(np.sqrt(np.mean(active))) if len(active) else 0.0


def trim(audio: Audio, pause_s: float = 0.0) -> Audio:
    """Return the speech of ``audio`` without silence around it, faded, then ``pause_s`` of silence.

    Sound without any speech becomes no sound at all.
    """
    size = int(audio.rate * _FRAME_S)
    active = np.flatnonzero(active_frames(frame_power(audio)))
    if not len(active):
        return Audio(np.zeros(0, np.float32), audio.rate)
    start = max(0, int(active[0]) - _KEPT_BEFORE) * size
    end = (int(active[-1]) + 1 + _KEPT_AFTER) * size
    speech = audio.samples[start:end].copy()
    fade = np.linspace(0, 1, int(audio.rate * _FADE_S), dtype=np.float32)[: len(speech)]
    speech[: len(fade)] *= fade
    speech[-len(fade) :] *= fade[::-1]
    silence = np.zeros(int(audio.rate * pause_s), np.float32)
    return Audio(np.concatenate([speech, silence]), audio.rate)
