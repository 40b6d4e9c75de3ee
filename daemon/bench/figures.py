"""Summing up measurements: spreads, a drift, shares, and the rows of the table."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

import numpy as np
from rich.table import Table

from daemon.i18n import tr
from daemon.terminal import styled

Progress = Callable[[str, int], AbstractContextManager[Callable[[], None]]]
"""Given a part's name and number of steps, opens it; what is yielded notes a step."""


@dataclass(frozen=True, slots=True)
class Spread:
    """How measurements spread; percentiles are interpolated between the nearest two."""

    n: int
    median: float
    p90: float
    p95: float
    most: float


def spread(values: Sequence[float]) -> Spread | None:
    """Sum up measurements; ``None`` when there are none."""
    if not values:
        return None
    median, p90, p95 = (float(q) for q in np.percentile(values, (50, 90, 95)))
    return Spread(len(values), median, p90, p95, float(max(values)))


def drift(times: Sequence[float], values: Sequence[float]) -> tuple[float, float] | None:
    """Return by how much values grow per unit of time, and how far that may be off (95 %).

    The median of the slopes between all pairs (Theil 1950, Sen 1968): a single frame that came
    late does not bend it. ``None`` for fewer than three measurements.
    """
    if len(times) < 3:
        return None
    t, y = np.asarray(times, float), np.asarray(values, float)
    earlier, later = np.triu_indices(len(t), 1)
    slope = float(np.median((y[later] - y[earlier]) / (t[later] - t[earlier])))
    rest = y - slope * t
    # what the standard deviation of normal noise with this mean deviation would be
    scatter = np.sqrt(np.pi / 2) * float(np.mean(np.abs(rest - np.median(rest))))
    return slope, float(1.96 * scatter / (np.sqrt(len(t)) * t.std()))


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    name: str
    value: str
    goal: str = ""
    met: bool | None = None
    """``None`` where there is no goal, or nothing to hold against it."""


def table(rows: Sequence[Row]) -> Table:
    """Draw the rows."""
    drawn = Table(tr("measured here"), tr("figure"), tr("goal"), "")
    for row in rows:
        mark: tuple[str, str] = {True: ("✓", "green"), False: ("✗", "red"), None: ("", "")}[row.met]
        drawn.add_row(row.name, row.value, row.goal, styled(mark))
    return drawn
