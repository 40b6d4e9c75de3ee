"""What somebody writes much more often than those whom they write to.

Log-odds with a Dirichlet prior (Monroe, Colaresi and Quinn 2008, "Fightin' Words"): a word that
both use is nothing of theirs, and one that was written twice proves little.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import pairwise

from daemon.languages.guess import HAN, MARKS

SMOOTHING = 0.5  # of a word that nobody wrote
_WORD = re.compile(rf"[^\W\d_](?:[^\W\d_]|[{MARKS}]|['’](?=[^\W\d_]))*")
_RUN = re.compile(rf"[{HAN}]+")


class Contrast:
    """Counts of what one person and the others write."""

    def __init__(self, theirs: Counter[str], others: Counter[str]) -> None:
        """``theirs`` and ``others``: how often each thing was written."""
        self.theirs, self.others = theirs, others
        self._totals = theirs.total(), others.total()
        self._things = len(theirs | others)
        self._prior = SMOOTHING * self._things

    def score(self, thing: str) -> float:
        """Return how sure it is that it is more theirs than the others', as a z-score.

        Where there is but one thing, it is everybody's.
        """
        if self._things < 2:
            return 0.0
        (mine, all_mine), (other, all_others) = (
            (self.theirs[thing] + SMOOTHING, self._totals[0] + self._prior),
            (self.others[thing] + SMOOTHING, self._totals[1] + self._prior),
        )
        odds = math.log(mine / (all_mine - mine)) - math.log(other / (all_others - other))
        return odds / math.sqrt(1 / mine + 1 / other)

    def favourites(self, least: int, sure: float) -> list[str]:
        """Return what was written ``least`` times and scores ``sure``, the surest first."""
        scored = [(self.score(one), one) for one, count in self.theirs.items() if count >= least]
        return [one for score, one in sorted(scored, reverse=True) if score >= sure]


def words(text: str) -> Iterator[str]:
    """Yield the words of a text; of Chinese, all runs of two and three characters."""
    for word in _WORD.findall(text):
        if not _RUN.search(word):
            yield word.casefold().replace("’", "'")
    for run in _RUN.findall(text):
        for length in (2, 3):
            yield from (run[at : at + length] for at in range(len(run) - length + 1))


def marks(text: str) -> Iterator[str]:
    """Yield what tells the manner of a text from its topic: pairs of characters and of short words.

    Letters of long words are left out: they are what it is about.
    """
    bare = f" {text.strip()} "
    yield from map("".join, pairwise(bare))
    yield from bare


def counted(texts: Iterable[Iterable[str]]) -> Counter[str]:
    """Return in how many texts each thing occurs: one that repeats itself counts once."""
    found: Counter[str] = Counter()
    for text in texts:
        found.update(set(text))
    return found
