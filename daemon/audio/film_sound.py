"""The sound of a film of the conversation: what the microphone hears and what is played, mixed.

Both devices tell when their sound was there (``ring_buffer.py``). The film's sound is as long as
the time that has passed, silence where there is none, so whatever else is shown at a moment of
``time.monotonic()`` is in time with it for as long as the film goes on.
"""

from collections import deque
from typing import Final

import numpy as np
import soxr

from daemon.audio.ring_buffer import RingBuffer
from daemon.media import LISTEN_RATE, SPEAK_RATE, Samples

BEHIND_S = 1.5  # sound is taken this late: by then the ears have read even what they read late
WINDOW: Final = 4 * SPEAK_RATE  # samples of the microphone's that may wait to be taken
PIECES = 400  # of the microphone's that wait to be placed: 8 s
FRAME: Final = SPEAK_RATE // 100  # samples: 10 ms, in which what was played is followed
# What is quieter than this is no speech: there, sound can be brought to its moment unheard.
QUIET = 0.001
IN_SILENCE: Final = round(0.002 * SPEAK_RATE)  # samples off its moment that count in silence
IN_SPEECH: Final = round(0.040 * SPEAK_RATE)  # and in speech, where it is heard as a jump
PATIENCE = 50  # frames that speech has to be off before it is moved: single moments are not exact
HEARD_APART: Final = round(0.05 * SPEAK_RATE)  # the microphone's, which is never silent


class FilmSound:
    """Mixes the two. ``hear`` belongs to the ears' thread, ``take`` to one other."""

    def __init__(self, played: RingBuffer, begin: float) -> None:
        """``played`` is what the loudspeaker plays; the film begins at ``begin``, monotonic."""
        self._begin: Final = begin
        self._played: Final = _Played(played)
        self._heard: Final[deque[tuple[Samples, float]]] = deque(maxlen=PIECES)
        self._resampler = soxr.ResampleStream(LISTEN_RATE, SPEAK_RATE, 1, "float32")
        self._window: Final = np.zeros(WINDOW, np.float32)  # the microphone's, from _taken on
        self._next = 0  # where the microphone's next sample belongs
        self._taken = 0

    def hear(self, samples: Samples, moment: float) -> None:
        """Add what the microphone heard (``LISTEN_RATE``) from ``moment`` on."""
        self._heard.append((samples, moment))

    def take(self, until: float) -> Samples:
        """Return the sound up to a moment that was not taken before, at ``SPEAK_RATE``.

        At most ``WINDOW`` samples of it, in whole frames: call it until there is none.
        """
        self._place()
        due = int((until - self._begin) * SPEAK_RATE) - self._taken
        count = min(max(0, due), WINDOW) // FRAME * FRAME
        sound = self._window[:count].copy()
        self._window[: WINDOW - count] = self._window[count:]
        self._window[WINDOW - count :] = 0
        for start in range(0, count, FRAME):
            moment = self._begin + (self._taken + start) / SPEAK_RATE
            sound[start : start + FRAME] += self._played.frame(moment)
        self._taken += count
        return np.clip(sound, -1, 1)

    def _place(self) -> None:
        """Put what the microphone heard where it belongs; what comes too late is left out."""
        while self._heard:
            samples, moment = self._heard.popleft()
            due = round((moment - self._begin) * SPEAK_RATE)
            if abs(due - self._next) > HEARD_APART:  # it was closed, or a block was lost
                self._resampler.clear()
                self._next = due
            made = np.asarray(self._resampler.resample_chunk(samples), np.float32)
            start = self._next - self._taken
            self._next += len(made)
            first, last = max(0, start), min(WINDOW, start + len(made))
            if first < last:
                self._window[first:last] += made[first - start : last - start]


class _Played:
    """What the loudspeaker played, frame by frame at its moments."""

    def __init__(self, ring: RingBuffer) -> None:
        self._ring: Final = ring
        self._next = 0
        self._silent = True
        self._apart = 0  # frames in a row

    def frame(self, moment: float) -> Samples:
        """Return the ``FRAME`` samples that left the loudspeaker from ``moment`` on."""
        begin = self._ring.begin(self._next)
        if begin is None:  # nothing was ever played, or nothing since it rested
            return np.zeros(FRAME, np.float32)
        off = abs(round((moment - begin) * SPEAK_RATE) - self._next)
        self._apart = self._apart + 1 if off > IN_SPEECH else 0
        if self._apart > PATIENCE or (self._silent and off > IN_SILENCE):
            due = round((moment - begin) * SPEAK_RATE)
            begin = self._ring.begin(due) or begin
            self._next = round((moment - begin) * SPEAK_RATE)
            self._apart = 0
        frame = self._ring.excerpt(self._next, FRAME)
        if self._next < self._ring.first:  # another device's, whose moments nobody knows any more
            frame[:] = 0
        self._next += FRAME
        self._silent = float(np.abs(frame).max()) < QUIET
        return frame
