"""Where speech ended, to some milliseconds: the level tells it, where Silero is late."""

from collections.abc import Sequence

import numpy as np

from daemon.ears.speech_detection import CHUNK
from daemon.media import Samples

FRAME = 128  # samples, 8 ms: the grain; a quarter of a chunk
MAX_VAD_LAG = 4 * CHUNK  # samples, 128 ms: Silero was measured to be late by up to 104 ms
LEVEL_CHUNKS = 94  # 3 s: enough for the level of the voice and, between words, of the noise


def end_of_speech(chunks: Sequence[Samples], clock: int, voiced_end: int) -> int:
    """Return the microphone clock one past the last sound that belongs to the speech.

    ``chunks`` (``CHUNK`` samples each) end at ``clock``; Silero has speech end at ``voiced_end``.
    It may call up to 0.1 s of silence speech, or miss a soft last consonant. So look for the last
    8 ms that stand out from the noise, from ``MAX_VAD_LAG`` before its end on.
    """
    recent = chunks[-LEVEL_CHUNKS:]
    frames = np.concatenate(recent).reshape(-1, FRAME)
    level = 10 * np.log10(np.mean(np.square(frames), axis=1) + 1e-12)  # dB
    noise, voice = np.percentile(level, (5, 95))
    heard = level > min(max(voice - 30, noise + 6), (voice + noise) / 2)
    first = clock - len(recent) * CHUNK
    earliest = (voiced_end - MAX_VAD_LAG - first) // FRAME
    loud = np.flatnonzero(heard[max(0, earliest) :])
    if not len(loud):
        return voiced_end
    return int(first + (max(0, earliest) + loud[-1] + 1) * FRAME)
