"""How often two voices are taken for one, and one for two: pure functions of scores."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Scores = Sequence[float] | NDArray[np.float64]


def equal_error(same: Scores, different: Scores) -> tuple[float, float]:
    """Return the rate at which as many of one voice fall below a threshold as of two lie above it.

    And that threshold. Between the two thresholds that are nearest to it, the mean is taken.
    """
    places = np.unique(np.concatenate([same, different]))
    rejected = np.array([rejects(same, place) for place in places])
    accepted = np.array([accepts(different, place) for place in places])
    best = int(np.argmin(np.abs(rejected - accepted)))
    return float(rejected[best] + accepted[best]) / 2, float(places[best])


def threshold_for(different: Scores, rate: float) -> float:
    """Return the lowest threshold at which no more than ``rate`` of two voices lie above it."""
    return float(np.nextafter(np.quantile(different, 1 - rate, method="higher"), np.inf))


def accepts(scores: Scores, threshold: float) -> float:
    """Return the share that is at the threshold or above."""
    return float(np.mean(np.asarray(scores) >= threshold))


def rejects(scores: Scores, threshold: float) -> float:
    """Return the share that is below the threshold."""
    return 1 - accepts(scores, threshold)
