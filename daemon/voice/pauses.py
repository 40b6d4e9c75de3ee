"""Silence in speech: how long punctuation pauses, and how much of it a voice's sound carries."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from daemon.media import Audio, Phone, Samples

SENTENCE_PAUSE_S = 0.32
CLAUSE_PAUSE_S = 0.16

_FRAME_S = 0.01
_SILENT = 10**-4.5  # of the loudest frame's power: under any breath or consonant of a clean voice
_SURELY_SPEECH = 10**-4.0  # mean square of a frame: 20 dB below the usual level of speech
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
    return np.asarray(power > power.max(initial=1e-10) * _SILENT, np.bool_)


def active_level(audio: Audio) -> float:
    """Return the RMS of what is speech in ``audio``, 0 where there is none."""
    power = frame_power(audio)
    active = power[active_frames(power)]
    return float(np.sqrt(np.mean(active))) if len(active) else 0.0


def trim(audio: Audio, pause_s: float = 0.0) -> Audio:
    """Return the speech of ``audio`` without silence around it, faded, then ``pause_s`` of silence.

    Sound without any speech becomes no sound at all.
    """
    trimmer = Trimmer(audio.rate)
    samples = trimmer.finish(pause_s, audio.samples)
    phones = [phone for phone in trimmer.kept(audio.phones) if phone.start < len(samples)]
    return Audio(samples, audio.rate, tuple(phones))


class Trimmer:
    """``trim`` for a sentence that comes in pieces: what is sure to be kept comes out at once.

    Pieces are judged by the loudest frame so far, the whole by its loudest: a sentence that begins
    much more softly than it goes on may keep a few frames more of the silence before it.
    """

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._size = int(rate * _FRAME_S)
        self._fade = np.linspace(0, 1, int(rate * _FADE_S), dtype=np.float32)
        self._held: Samples = np.zeros(0, np.float32)  # from a border of frames on
        self._loudest = 1e-10
        self._started = False
        self._dropped = 0  # samples before the speech

    def kept(self, phones: Sequence[Phone]) -> tuple[Phone, ...]:
        """Return the phones of the sentence where they are after trimming, once it has begun."""
        moved = (phone.moved(-self._dropped) for phone in phones)
        return tuple(Phone(p.symbol, max(0, p.start), p.end) for p in moved if p.end > 0)

    def push(self, samples: Samples) -> Samples:
        """Take the next piece, and return what goes before what is held back."""
        active = self._hold(samples)
        if self._loudest < _SURELY_SPEECH or not len(active):
            return self._held[:0]
        # The last frames may have to be faded.
        end = min(int(active[-1]) + 1, (len(self._held) - len(self._fade)) // self._size)
        speech = self._held[self._start(active) : max(0, end) * self._size].copy()
        if len(speech):
            self._held = self._held[end * self._size :]
            self._fade_in(speech)
        return speech

    def finish(self, pause_s: float, samples: Samples | None = None) -> Samples:
        """Return what is left, with the last piece, faded, and ``pause_s`` of silence after it."""
        active = self._hold(np.zeros(0, np.float32) if samples is None else samples)
        if not len(active) and not self._started:
            return np.zeros(0, np.float32)
        end = (int(active[-1]) + 1 if len(active) else 0) + _KEPT_AFTER
        speech = self._held[self._start(active) : end * self._size].copy()
        self._fade_in(speech)
        fade = self._fade[: len(speech)]
        speech[len(speech) - len(fade) :] *= fade[::-1]
        silence = np.zeros(int(self._rate * pause_s), np.float32)
        return np.concatenate([speech, silence])

    def _hold(self, samples: Samples) -> NDArray[np.intp]:
        """Append, and return which of the frames that are held have speech."""
        self._held = np.concatenate([self._held, samples])
        power = frame_power(Audio(self._held, self._rate))
        self._loudest = max(self._loudest, float(power.max(initial=0.0)))
        return np.flatnonzero(power > self._loudest * _SILENT)

    def _start(self, active: NDArray[np.intp]) -> int:
        """Return from which sample on what is held is kept."""
        if not self._started:
            self._dropped = max(0, int(active[0]) - _KEPT_BEFORE) * self._size
        return 0 if self._started else self._dropped

    def _fade_in(self, speech: Samples) -> None:
        if not self._started:
            fade = self._fade[: len(speech)]
            speech[: len(fade)] *= fade
            self._started = True
