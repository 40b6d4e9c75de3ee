"""Utterances that belong together, and where they stand in time."""

import asyncio

import numpy as np

from daemon.media import LISTEN_RATE, Audio, Utterance

MAX_SAMPLES = 30 * LISTEN_RATE  # samples; of joined utterances the newest part is kept
MAX_GAP_SAMPLES = LISTEN_RATE  # samples of silence between them


def join_utterances(earlier: Utterance | None, utterance: Utterance) -> Utterance:
    """Put what waits unanswered, if anything does, before what was said now."""
    if earlier is None:
        return utterance
    gap = max(0, utterance.start - earlier.start - len(earlier.audio.samples))
    silence = np.zeros(min(gap, MAX_GAP_SAMPLES), np.float32)
    pieces = earlier.audio.samples, silence, utterance.audio.samples
    sound = Audio(np.concatenate(pieces)[-MAX_SAMPLES:], LISTEN_RATE)
    return Utterance(utterance.turn, sound, earlier.start, utterance.end)


def is_same(one: Utterance, other: Utterance | None) -> bool:
    """Whether nothing was said in one that was not said in the other."""
    return other is not None and (one.start, one.end) == (other.start, other.end)


def loop_time(now: int, utterance: Utterance) -> float:
    """Return the event loop's time at which an utterance ended; ``now`` is the microphone's."""
    return asyncio.get_running_loop().time() - (now - utterance.end) / LISTEN_RATE
