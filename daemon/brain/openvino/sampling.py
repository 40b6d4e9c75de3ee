"""Which token comes next, as llama.cpp's server chooses it with the same settings."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

TOP_K = 40  # llama.cpp's defaults
MIN_P = 0.05
DRY_BASE = 1.75


@dataclass(frozen=True, slots=True)
class TokenSampling:
    """Names and meanings are llama.cpp's."""

    temperature: float = 0.0
    """0 takes the likeliest."""
    top_p: float = 1.0
    dry_multiplier: float = 0.0
    """0 lets everything be repeated."""
    dry_allowed_length: int = 2
    dry_penalty_last_n: int = 256


def choose(
    scores: Floats,
    sampling: TokenSampling,
    written: Sequence[int],
    breakers: frozenset[int],
    random: np.random.Generator,
) -> int:
    """Return a token by its score (vocabulary,), after the tokens ``written``."""
    scores = scores.copy()
    for token, score in repetitions(written, sampling, breakers).items():
        scores[token] -= score
    if sampling.temperature <= 0:
        return int(scores.argmax())
    best = (
        np.argpartition(scores, -TOP_K)[-TOP_K:] if len(scores) > TOP_K else np.arange(len(scores))
    )
    best = best[np.argsort(scores[best])[::-1]]
    chances = _chances(scores[best])
    count = int(np.searchsorted(np.cumsum(chances), sampling.top_p)) + 1
    best = best[:count][chances[:count] >= MIN_P * chances[0]]
    return int(random.choice(best, p=_chances(scores[best] / sampling.temperature)))


def repetitions(
    written: Sequence[int], sampling: TokenSampling, breakers: frozenset[int]
) -> dict[int, float]:
    """Return by how much the score of each token is lowered that would prolong a repetition.

    DRY, "don't repeat yourself", by p-e-w, as llama.cpp has it: a token that would prolong a run of
    ``n`` tokens that was there before loses ``multiplier * 1.75 ** (n - allowed_length)``. No run
    goes beyond a token of ``breakers``.
    """
    if not sampling.dry_multiplier:
        return {}
    recent = list(written[-sampling.dry_penalty_last_n :])
    longest: dict[int, int] = {}
    for end in range(len(recent) - 1):
        length = 0
        while (
            length <= end
            and recent[end - length] == recent[-1 - length]
            and recent[end - length] not in breakers
        ):
            length += 1
        if length >= sampling.dry_allowed_length and recent[end + 1] not in breakers:
            longest[recent[end + 1]] = max(length, longest.get(recent[end + 1], 0))
    limit = 64  # more would be no number any longer
    return {
        token: sampling.dry_multiplier
        * DRY_BASE ** min(length - sampling.dry_allowed_length, limit)
        for token, length in longest.items()
    }


def _chances(scores: Floats) -> NDArray[np.float64]:
    powers: NDArray[np.float64] = np.exp(scores.astype(np.float64) - float(scores.max()))
    powers /= powers.sum()
    return powers
