"""How much sound to make at once: soon the first, and then never less than is being heard."""

import time
from collections.abc import Callable, Iterator
from typing import Final

import numpy as np
import soxr

from daemon.media import SPEAK_RATE, Audio, Phone, Samples
from daemon.stages import StreamingVoice, Synthesizer
from daemon.voice.pauses import Trimmer
from daemon.worker import CancelToken

FIRST_S = 0.3  # the first piece: silence before the speech, and a word
LONGEST_S = 1.2  # or half as long again; more saves little, takes memory, and cannot be cancelled
SHORTEST_S = 0.15  # shorter ones would be mostly what is computed around them
AHEAD_S = 0.15  # of speech that the first piece must hold: what hides the making of the second
SAFETY = 2.0  # the next piece may take so many times as long as the one before tells
MAX_LOAD = 0.25  # of the time that the sound lasts, for making it: above, sentences come whole

Clock = Callable[[], float]
Speak = Callable[[str, CancelToken], Iterator[Audio]]
"""``synthesize`` of a voice, or ``stream``."""


def streaming(voice: Synthesizer) -> Speak:
    """Return how a voice speaks with its first sound as soon as it can."""
    return voice.stream if isinstance(voice, StreamingVoice) else voice.synthesize


class Longest:
    """Pieces as long as their memory is worth; for who waits for the whole anyway."""

    def __init__(self, frames_per_s: float) -> None:
        self._frames = max(1, round(LONGEST_S * frames_per_s))

    def frames(self, left: int) -> int:
        """Return of how many frames the next piece is to be made."""
        return self._frames

    def made(self, seconds: float, frames: int) -> None:
        """How long it took makes no difference."""


class Pace:
    """Pieces that are there before the ones before them have been heard.

    ``context`` are the frames that are computed around each piece; ``clock`` counts seconds.
    """

    def __init__(self, frames_per_s: float, context: int, clock: Clock = time.perf_counter) -> None:
        self._rate: Final = frames_per_s
        self._around = 2 * context
        self._clock = clock
        self._took = 0.0  # seconds per frame of the last piece
        self._heard_from: float | None = None  # when the first piece was handed over
        self._handed = 0.0  # seconds of sound

    @property
    def in_time(self) -> bool:
        """Whether sound is made so quickly that it may be heard while the rest is made."""
        return self._took * self._rate <= MAX_LOAD

    def frames(self, left: int) -> int:
        """Return of how many frames the next piece is to be made, of ``left`` that are left."""
        shortest, longest = (round(s * self._rate) for s in (SHORTEST_S, LONGEST_S))
        if self._heard_from is None:
            count = round(FIRST_S * self._rate) if self.in_time else longest
        else:
            ahead = self._handed - (self._clock() - self._heard_from)
            affordable = ahead / (SAFETY * max(self._took, 1e-9)) - self._around
            alike = left / max(1, round(left / longest))  # no short one at the end
            count = int(max(shortest, min(affordable, alike)))
        return left if left - count < shortest else count

    def made(self, seconds: float, frames: int) -> None:
        """Learn how long so many frames took."""
        self._took = seconds / frames

    def handed(self, seconds: float) -> None:
        """Learn that so much sound has gone to the listener."""
        if self._heard_from is None:
            self._heard_from = self._clock()
        self._handed += seconds


def streamed(pieces: Iterator[Audio], rate: int, pause_s: float, pace: Pace) -> Iterator[Audio]:
    """Yield what ``trim`` makes of the pieces together, at ``SPEAK_RATE``, as soon as it is sure.

    The pieces are one sentence at ``rate``, whose phones come with the first; ``pause_s`` of
    silence follow it. Where sound is not made quickly enough, all comes at once, so that no word
    has a gap.
    """
    trimmer = Trimmer(rate)
    resampler = soxr.ResampleStream(rate, SPEAK_RATE, 1, dtype="float32")
    waiting: list[Samples] = []
    phones: tuple[Phone, ...] = ()
    started = False
    for piece in pieces:
        phones = phones or piece.phones
        waiting.append(trimmer.push(piece.samples))
        length = sum(map(len, waiting))
        if not length or not (started or (length >= AHEAD_S * rate and pace.in_time)):
            continue
        sound = _at_speak_rate(resampler, np.concatenate(waiting), last=False)
        waiting.clear()
        if len(sound):
            told = () if started else Audio(sound, rate, trimmer.kept(phones)).phones_at(SPEAK_RATE)
            started = True
            pace.handed(len(sound) / SPEAK_RATE)
            yield Audio(sound, SPEAK_RATE, told)
    waiting.append(trimmer.finish(pause_s))
    rest = np.concatenate(waiting)
    if started or len(rest):
        told = () if started else Audio(rest, rate, trimmer.kept(phones)).phones_at(SPEAK_RATE)
        yield Audio(_at_speak_rate(resampler, rest, last=True), SPEAK_RATE, told)


def _at_speak_rate(resampler: soxr.ResampleStream, samples: Samples, *, last: bool) -> Samples:
    return np.asarray(resampler.resample_chunk(samples, last=last), np.float32)


def until_cancelled(pieces: Iterator[Audio], cancel: CancelToken) -> Iterator[Audio]:
    """Yield them; none that was made while the reply was cancelled."""
    for piece in pieces:
        if cancel.cancelled:
            return
        yield piece
