"""Utterances that belong together, and where they stand in time."""

import asyncio

import numpy as np

from daemon.media import LISTEN_RATE, Audio, Utterance

MAX_SAMPLES = 30 * LISTEN_RATE  # samples; of joined utterances the newest part is kept
MAX_GAP_SAMPLES = LISTEN_RATE  # samples of silence between them
FRAME = LISTEN_RATE // 100  # samples
MOMENT_FRAMES = 8  # a pause between two words, or two people, is hardly shorter


def join_utterances(earlier: Utterance | None, utterance: Utterance) -> Utterance:
    """Put what waits unanswered, if anything does, before what was said now."""
    if earlier is None:
        return utterance
    gap = max(0, utterance.start - earlier.start - len(earlier.audio.samples))
    silence = np.zeros(min(gap, MAX_GAP_SAMPLES), np.float32)
    pieces = earlier.audio.samples, silence, utterance.audio.samples
    sound = Audio(np.concatenate(pieces)[-MAX_SAMPLES:], LISTEN_RATE)
    return Utterance(utterance.turn, sound, earlier.start, utterance.end)


def part_of(utterance: Utterance, begin: int, end: int | None = None) -> Utterance:
    """Return what was said between two positions on the microphone's clock."""
    begin = max(begin, utterance.start)
    sound = utterance.audio.samples
    if end is not None and end < utterance.end:
        sound = sound[: max(0, end - utterance.start)]
    else:
        end = utterance.end
    audio = Audio(sound[begin - utterance.start :], utterance.audio.rate)
    return Utterance(utterance.turn, audio, begin, max(begin, end))


def quietest(utterance: Utterance, begin: int, end: int) -> int:
    """Return the middle of the quietest moment between two positions: hardly within a word."""
    sound = part_of(utterance, begin, end).audio.samples
    frames = sound[: len(sound) // FRAME * FRAME].reshape(-1, FRAME)
    if len(frames) <= MOMENT_FRAMES:
        return (begin + end) // 2
    power = np.convolve(np.mean(np.square(frames), axis=1), np.ones(MOMENT_FRAMES), "valid")
    middle = int(np.argmin(power)) * FRAME + MOMENT_FRAMES * FRAME // 2
    return max(begin, utterance.start) + middle


def is_same(one: Utterance, other: Utterance | None) -> bool:
    """Whether nothing was said in one that was not said in the other."""
    return other is not None and (one.start, one.end) == (other.start, other.end)


def loop_time(now: int, utterance: Utterance) -> float:
    """Return the event loop's time at which an utterance ended; ``now`` is the microphone's."""
    return asyncio.get_running_loop().time() - (now - utterance.end) / LISTEN_RATE
