"""When each sound of a sentence is heard, from how many frames a network gives to each symbol."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from daemon.media import Phone

PAUSE = "."
"""The symbol of silence."""
GAP = " "
"""The symbol of what a network puts between others."""
_FORWARD = frozenset(
    " ˈˌ'"
)  # gaps and stress marks: in their time, the mouth makes for what follows


def placed(
    symbols: Sequence[str], frames: NDArray[np.generic], hop: int, early: int = 0
) -> tuple[Phone, ...]:
    """Return ``symbols`` one after the other, each so many frames of ``hop`` samples long.

    The time of gaps and stress marks is given to what follows them: lips are closed in the gap
    before a p, and part where its own frames end. ``early`` is how many samples sooner than its
    frames a phone is heard. Nothing is returned where the network has another number of symbols
    than were told: then nobody knows.
    """
    lengths = np.ravel(frames).astype(np.float64)
    if len(lengths) != len(symbols) or not np.isfinite(lengths).all():
        return ()
    ends = (np.cumsum(np.maximum(lengths, 0)) * hop).astype(int).tolist()
    phones, start = list[Phone](), 0
    for symbol, end in zip(symbols, ends, strict=True):
        if symbol in _FORWARD:
            continue
        if end > start:
            phones.append(Phone(symbol, max(0, start - early), max(0, end - early)))
        start = end
    return tuple(phones)
