"""Converting long sound piece by piece, with borders that cannot be heard."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np

from daemon.media import Audio, Samples
from daemon.voice.pauses import active_level, frame_power

CROSSFADE_S = 0.03  # long enough to hide a change of the voice's phase, short enough not to echo
SHIFT_S = 0.008  # how far a piece may be moved to meet the one before: a period of a deep voice
_SEARCH_S = 1.0  # the border is put where it is quietest in so much before the longest length
_MIN_PIECE_S = 0.2
_FRAME_S = 0.01
_CEILING = 0.95  # peaks are kept below it, as the plain voice's are


def cut_points(audio: Audio, longest_s: float) -> list[int]:
    """Return where to cut ``audio``, in samples: 0, then the quietest places, then its length.

    No piece is longer than ``longest_s``, which must be more than ``_SEARCH_S``.
    """
    cuts = [0]
    power = frame_power(audio)
    frame = int(audio.rate * _FRAME_S)
    while len(audio.samples) - cuts[-1] > longest_s * audio.rate:
        headroom = len(audio.samples) - round(
            _MIN_PIECE_S * audio.rate
        )  # the last is no mere snippet
        end = min(int(cuts[-1] + longest_s * audio.rate), headroom) // frame
        begin = end - int(_SEARCH_S / _FRAME_S)
        cuts.append((begin + int(np.argmin(power[begin:end]))) * frame + frame // 2)
    return [*cuts, len(audio.samples)]


def convert_in_chunks(
    audio: Audio, convert: Callable[[Samples], Samples], longest_s: float, context_s: float
) -> Samples:
    """Convert ``audio`` in pieces of at most ``longest_s``; the result is as long as ``audio``.

    ``convert`` keeps rate and length. Each piece is given ``context_s`` of what is around it, and
    is moved by up to ``SHIFT_S`` to where its waveform meets the one before, as in SOLA (Roucos
    and Wilgus, 1985). Moves do not add up: each is counted from the piece's own place.
    """
    cuts = cut_points(audio, longest_s)
    context, fade = round(context_s * audio.rate), round(CROSSFADE_S * audio.rate)
    shift = min(round(SHIFT_S * audio.rate), max(0, context - fade))
    if len(cuts) == 2:
        return convert(audio.samples)
    # The last piece, too, may have to begin later.
    samples = np.pad(audio.samples, (0, shift))
    made = np.zeros(len(samples), np.float32)
    for begin, end in pairwise(cuts):
        first, last = max(0, begin - context), min(len(samples), end + context)
        piece = convert(samples[first:last])
        if begin == 0:
            made[:last] = piece[:last]
            continue
        start = begin - first - fade // 2  # of the cross-fade, within the piece
        before = made[begin - fade // 2 : begin - fade // 2 + fade]
        move = _best_move(before, piece[start - shift : start + shift + len(before)], shift)
        moved = piece[start + move :][: last - (begin - fade // 2)]
        ramp = np.linspace(0, 1, len(before), dtype=np.float32)
        moved[: len(before)] = before * (1 - ramp) + moved[: len(before)] * ramp
        made[begin - fade // 2 : begin - fade // 2 + len(moved)] = moved
        made[begin - fade // 2 + len(moved) :] = 0
    return made[: len(audio.samples)]


def _best_move(before: Samples, after: Samples, shift: int) -> int:
    """Return by how much ``after`` has to start later to continue ``before`` best."""
    if not shift or not np.any(before):
        return 0
    match = np.correlate(after, before, "valid")
    energy = np.convolve(np.square(after), np.ones(len(before), np.float32), "valid")
    return int(np.argmax(match / np.sqrt(energy + 1e-9))) - shift


def match_loudness(made: Audio, source: Audio) -> Audio:
    """Return ``made`` as loud as ``source``'s speech is, softened where peaks would clip."""
    wanted, level = active_level(source), active_level(made)
    if not wanted or not level:
        return made
    samples = made.samples * np.float32(wanted / level)
    over = np.abs(samples) > _CEILING
    if over.any():
        # Bent rather than turned down, or one loud sound would make the whole sentence soft.
        knee = np.float32(0.8)
        headroom = np.float32(_CEILING) - knee
        bent = np.copysign(knee + headroom * np.tanh((np.abs(samples) - knee) / headroom), samples)
        samples = np.where(np.abs(samples) > knee, bent, samples)
    return Audio(np.asarray(samples, np.float32), made.rate)


def fit(samples: Samples, length: int) -> Samples:
    """Return ``samples`` cut or filled with silence to ``length``."""
    return np.pad(samples[:length], (0, max(0, length - len(samples))))
