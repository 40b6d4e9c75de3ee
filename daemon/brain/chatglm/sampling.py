"""Choosing the next token from its scores."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

OFTEN_ENOUGH = 128  # tokens that mostly hold top_p's share; sorting all 65 to 150 thousand takes ms


@dataclass(frozen=True, slots=True)
class Sampling:
    """How the next token is chosen."""

    temperature: float = 0.0
    """0 takes the likeliest."""
    top_p: float = 1.0
    """The share of the likeliest tokens that is drawn from (Holtzman et al. 2020)."""
    repetition_penalty: float = 1.0
    """Above 1 makes tokens that have occurred less likely (Keskar et al. 2019)."""


def choose(
    scores: Tensor, seen: Sequence[int], sampling: Sampling, generator: torch.Generator
) -> int:
    """Return a token id; ``scores`` is float32 (vocabulary,), ``seen`` what has occurred."""
    if sampling.repetition_penalty != 1.0 and seen:
        places = torch.tensor(sorted(set(seen)))
        old = scores[places]
        penalty = sampling.repetition_penalty
        scores = scores.index_copy(0, places, torch.where(old > 0, old / penalty, old * penalty))
    if sampling.temperature <= 0:
        return int(scores.argmax())
    probabilities = torch.softmax(scores / sampling.temperature, 0)
    if sampling.top_p >= 1:
        return int(torch.multinomial(probabilities, 1, generator=generator))
    likely, places = probabilities.topk(min(OFTEN_ENOUGH, len(probabilities)))
    if likely.sum() < sampling.top_p:
        likely, places = probabilities.sort(descending=True)
    # A token stays if those before it do not fill the share: the likeliest always does.
    likely[likely.cumsum(0) - likely >= sampling.top_p] = 0
    return int(places[torch.multinomial(likely, 1, generator=generator)])
