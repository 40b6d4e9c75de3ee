"""What the sound and the words of a reply ask of the face, frame by frame.

Loudness and melody tell which syllables are stressed: a local maximum of loudness that stands out
from its half second, the more so where the voice rises with it (Terken & Hermes, *The Perception of
Prosodic Prominence*, 2000). What is felt comes at the place of the sentence where it was written.
"""

from collections import deque
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from daemon.expression import Cue, Felt
from daemon.media import SPEAK_RATE, Audio, Samples, Speech

Floats = NDArray[np.float32]

PITCH_RATE = 8_000
WINDOW_S = 0.040  # two periods of a low voice
LOWEST_HZ, HIGHEST_HZ = 75, 400
VOICED = 0.45  # of a window's energy that comes again after a period
AS_GOOD = 0.85  # of the best period's likeness
FALL_DB = 0.3  # per frame: the loudness that a voice is measured against sinks
QUIET_DB, SILENT_DB = -32.0, -60.0  # below the voice's loudest; of full scale
AROUND_S = 0.5  # what an accent stands out from
ACCENT_GAP_S = 0.36  # between two accents
ACCENT, FULL = 0.18, 0.9  # the least prominence that counts, and what is as strong as can be
ENDS_S = 1.0  # before the end of what is known of a reply, where its text ends, too
PAUSE_S = 0.2  # of silence ends a phrase
AHEAD_S = 0.28  # a feeling is seen before its word is heard
TRAILING = 0.95  # of a sentence: a mark at its end says how all of it is meant
UNITS_PER_S = 15.0  # how quickly text is spoken, in Latin letters or a third of a Chinese character


class CueTrack:
    """The cues of one reply; fed with its speech in order."""

    def __init__(self, fps: int) -> None:
        self._fps = fps
        self._cues: deque[Cue] = deque()
        self._feelings: deque[tuple[int, Felt]] = deque()  # samples of the reply's clock
        self._rest = np.empty(0, np.float32)  # of a frame that is not whole
        self._loudest, self._spoke, self._quiet_for = SILENT_DB, False, 0
        self._since_accent = 10**6
        self._sentence, self._sentence_start, self._frame = -1, 0, 0
        self._ends_from = 0  # the sample from which the sentence may be about to end

    def feed(self, speech: Speech) -> None:
        """Take in the next piece; computes some milliseconds a second of sound."""
        samples = np.concatenate([self._rest, speech.audio.samples])
        begins = speech.sentence.index != self._sentence
        if begins:
            self._sentence, self._sentence_start = speech.sentence.index, speech.start
            lasts_s = len_spoken_s(speech.sentence.text)
            self._ends_from = speech.start + round((lasts_s - 2 * ENDS_S) * SPEAK_RATE)
            for felt in speech.sentence.feelings:
                ahead_s = AHEAD_S if felt.place < TRAILING else lasts_s / 2
                at_s = max(0.0, felt.place * lasts_s - ahead_s)
                at = speech.start + round(at_s * SPEAK_RATE)
                self._feelings.append((at, felt))
        size = speech.audio.rate / self._fps
        count = int(len(samples) / size)
        cut = round(count * size)
        self._rest = samples[cut:]
        if count:
            phrase = begins and self._frame > 0
            self._cues += self._judged(samples[:cut], speech.audio.rate, count, phrase)

    def take(self, at: int) -> Cue:
        """Return the cue of the next frame, which is heard at sample ``at`` of the reply."""
        self._frame += 1
        known = len(self._cues)
        cue = self._cues.popleft() if self._cues else Cue()
        felt = None
        while self._feelings and self._feelings[0][0] <= at:
            felt = self._feelings.popleft()[1]
        ends = 0 < known <= ENDS_S * self._fps and at >= self._ends_from
        return replace(cue, felt=felt, ends=ends)

    def _judged(self, samples: Samples, rate: int, count: int, begins: bool) -> list[Cue]:
        level = loudness(samples, count)
        rise = melody(Audio(samples, rate), count)
        around = round(AROUND_S * self._fps)
        padded = np.pad(level, around, mode="edge")
        mean = np.convolve(padded, np.full(2 * around + 1, 1 / (2 * around + 1)), "valid")
        prominence = (level - mean) / 26 + 0.8 * np.clip(rise, -0.3, 0.5)
        cues = []
        for i in range(count):
            self._loudest = max(float(level[i]), self._loudest - FALL_DB, SILENT_DB)
            speaks = level[i] > max(self._loudest + QUIET_DB, SILENT_DB)
            self._quiet_for = 0 if speaks else self._quiet_for + 1
            ends = self._spoke and self._quiet_for == round(PAUSE_S * self._fps)
            self._spoke = speaks or (self._spoke and not ends)
            self._since_accent += 1
            accent = 0.0
            near = prominence[max(0, i - 3) : i + 4]
            if (
                speaks
                and prominence[i] >= ACCENT
                and prominence[i] >= near.max()
                and self._since_accent >= ACCENT_GAP_S * self._fps
            ):
                accent, self._since_accent = min(1.0, float(prominence[i]) / FULL), 0
            energy = float(np.clip(1 + (level[i] - self._loudest) / 30, 0, 1)) if speaks else 0.0
            cues.append(Cue(energy, accent, bool(ends or (begins and i == 0))))
        return cues


def len_spoken_s(text: str) -> float:
    """Return about how long it takes to say a text, in seconds."""
    wide = sum(2 for char in text if "\u3000" <= char <= "\u9fff")
    return (len(text) + wide) / UNITS_PER_S


def loudness(samples: Samples, count: int) -> Floats:
    """Return the loudness of ``count`` frames that ``samples`` are cut into, in dB, smoothed."""
    edges = np.linspace(0, len(samples), count + 1).astype(int)
    sums = np.concatenate([[0.0], np.cumsum(np.square(samples, dtype=np.float64))])
    power = np.diff(sums[edges]) / np.maximum(np.diff(edges), 1)
    level = 10 * np.log10(power + 1e-8)
    padded = np.pad(level, 1, mode="edge")
    return np.asarray((padded[:-2] + 2 * padded[1:-1] + padded[2:]) / 4, np.float32)


def melody(audio: Audio, count: int) -> Floats:
    """Return how far the voice is above its median in each frame, in octaves; 0 where unvoiced."""
    samples = audio.at_rate(PITCH_RATE).samples
    window = round(WINDOW_S * PITCH_RATE)
    padded = np.pad(samples, (window // 2, window))
    starts = (np.arange(count) * len(samples) / count + len(samples) / count / 2).astype(int)
    pieces = padded[starts[:, None] + np.arange(window)]
    pieces = (pieces - pieces.mean(axis=1, keepdims=True)) * np.hanning(window)
    spectra = np.fft.rfft(pieces, 2 * window)
    again = np.fft.irfft(np.square(np.abs(spectra)))[:, :window]
    own = np.fft.irfft(np.square(np.abs(np.fft.rfft(np.hanning(window), 2 * window))))[:window]
    again = again / np.maximum(own, own[0] * 0.05) * own[0] / np.maximum(again[:, :1], 1e-9)
    lags = slice(PITCH_RATE // HIGHEST_HZ, PITCH_RATE // LOWEST_HZ)
    seen, rows = again[:, lags], np.arange(count)
    # The shortest of the periods that are about as good: two of them are a period, too.
    best = (seen >= AS_GOOD * seen.max(axis=1, keepdims=True)).argmax(axis=1)
    near = np.minimum(best[:, None] + np.arange(3), seen.shape[1] - 1)
    best = near[rows, seen[rows[:, None], near].argmax(axis=1)]
    voiced = seen[rows, best] > VOICED
    octaves = np.log2(PITCH_RATE / (best + lags.start))
    if not voiced.any():
        return np.zeros(count, np.float32)
    return np.where(voiced, octaves - np.median(octaves[voiced]), 0).astype(np.float32)
