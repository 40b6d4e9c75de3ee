"""The chimes of timers and reminders, and how one is laid over whatever is heard.

Both are synthesised: a few struck notes, each a sum of partials that die away, the higher the
sooner, as those of a struck bar or a bell do (Fletcher and Rossing, "The Physics of Musical
Instruments", chapters 19 and 21).
"""

from collections.abc import Callable
from functools import cache
from typing import Final, Literal

import numpy as np

from daemon.media import SPEAK_RATE, Samples

ChimeKind = Literal["timer", "reminder"]

# A small loudspeaker has nothing to give below some 400 Hz, and much of what people lose with age
# lies above 4 kHz: the notes are between.
G5, A5, C6, D6, E6 = 783.99, 880.0, 1046.5, 1174.66, 1318.51  # Hz
STRIKES: Final = {
    "timer": ((0.0, G5), (0.14, C6), (0.28, E6), (0.62, G5), (0.76, C6), (0.9, E6)),
    "reminder": ((0.0, E6), (0.42, C6), (0.84, D6), (1.26, A5)),
}
"""The notes of a chime: when each is struck, in seconds, and its pitch in Hz."""
BAR = ((1.0, 1.0, 0.22), (3.93, 0.22, 0.07), (9.24, 0.06, 0.03))
BELL = ((1.0, 1.0, 0.45), (2.0, 0.4, 0.3), (3.01, 0.14, 0.2), (5.4, 0.05, 0.1))
PARTIALS: Final = {"timer": BAR, "reminder": BELL}
"""Partials of a note: times its pitch, level, and the seconds in which it falls by 8.7 dB."""
ATTACK_S = 0.004  # a note that begins at full strength clicks
RING_S = 1.2  # after the last strike; by then the slowest partial is down by 23 dB, and it fades
PEAK = 0.4  # of full scale: above the voice, whose loud syllables reach about as high
# Of full strength. Who has turned the voice down, even to nothing, wants to be called all the same:
# an alarm that nobody can hear is none.
MIN_GAIN = 0.2
CUT_S = 0.03  # a chime that is cut short fades over this
CUT_AHEAD = SPEAK_RATE // 50  # samples: it begins to fade so far on, more than a block


@cache
def make_chime(kind: ChimeKind) -> Samples:
    """Return a chime at ``SPEAK_RATE``, made once; nobody may write to it."""
    strikes, partials = STRIKES[kind], PARTIALS[kind]
    samples = np.zeros(int((strikes[-1][0] + RING_S) * SPEAK_RATE), np.float32)
    for at_s, pitch in strikes:
        start = int(at_s * SPEAK_RATE)
        t = np.arange(len(samples) - start, dtype=np.float32) / np.float32(SPEAK_RATE)
        note = sum(
            level * np.exp(-t / decay_s) * np.sin(2 * np.pi * pitch * ratio * t)
            for ratio, level, decay_s in partials
        )
        samples[start:] += note * np.minimum(t / ATTACK_S, 1)
    end = int(RING_S / 2 * SPEAK_RATE)
    samples[-end:] *= np.cos(np.linspace(0, np.pi / 2, end))
    chime = np.asarray(samples * (PEAK / np.abs(samples).max()), np.float32)
    chime.flags.writeable = False
    return chime


def chime_gain(volume: float) -> float:
    """Return how strong a chime is to be beside a voice of ``volume`` (0 to 1)."""
    return max(MIN_GAIN, volume)


class _Sounding:
    """A chime on its way out. PortAudio's thread alone moves ``at``."""

    __slots__ = ("at", "samples")

    def __init__(self, samples: Samples) -> None:
        self.samples = samples
        self.at = 0


class Overlay:
    """Lays a chime over what a loudspeaker plays, on no reply's clock.

    The event loop starts and stops it; PortAudio's thread mixes. They share references that only
    the loop sets and a position that only the other moves, so neither ever waits.
    """

    def __init__(self, wake: Callable[[], None] = lambda: None) -> None:
        """``wake`` is called when something begins to sound."""
        self._wake = wake
        self._sounding = _Sounding(np.zeros(0, np.float32))

    def ring(self, kind: ChimeKind, volume: float) -> None:
        """Start a chime, in the place of what sounds; ``volume`` is the voice's, 0 to 1."""
        self._sounding = _Sounding(make_chime(kind) * np.float32(chime_gain(volume)))
        self._wake()

    def stop(self) -> None:
        """Have what sounds fade out within 50 ms."""
        sounding, fade = self._sounding, int(CUT_S * SPEAK_RATE)
        begin = sounding.at + CUT_AHEAD  # unchanged before: a block may be on its way out just now
        cut = sounding.samples[: begin + fade].copy()
        tail = cut[begin:]
        tail *= np.linspace(1, 0, fade, dtype=np.float32)[: len(tail)]
        sounding.samples = cut

    @property
    def sounds(self) -> bool:
        """Whether some of it has not left yet."""
        sounding = self._sounding
        return sounding.at < len(sounding.samples)

    def mix(self, out: Samples) -> None:
        """Add the next ``len(out)`` samples to ``out``, within full scale. PortAudio's thread."""
        sounding = self._sounding
        samples, at = sounding.samples, sounding.at
        count = min(len(out), len(samples) - at)
        if count > 0:
            heard = out[:count]
            heard += samples[at : at + count]
            np.clip(heard, -1, 1, out=heard)
            sounding.at = at + count
