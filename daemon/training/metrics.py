"""How close answers come to those that were really given.

Both figures compare words, cut by jieba, which leaves English words whole. BLEU is sacrebleu's.
ROUGE-L is computed here: the packages for it have had no release in years and bring NLTK with them,
for what is one table and one formula.
"""

import logging
import warnings
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

from daemon.files import LockedTempFolder

if TYPE_CHECKING:
    from jieba import Tokenizer


def bleu_4(answers: Sequence[str], references: Sequence[str]) -> float:
    """Return BLEU of up to four words (Papineni et al. 2002), all answers together, 0 to 100."""
    import sacrebleu

    cut = [" ".join(words(text)) for text in answers]
    real = [" ".join(words(text)) for text in references]
    return float(sacrebleu.corpus_bleu(cut, [real], tokenize="none", force=True).score)


def rouge_l(answers: Sequence[str], references: Sequence[str]) -> float:
    """Return ROUGE-L's F1 (Lin 2004), the mean of all answers, 0 to 100.

    It compares the longest run of words, with gaps, that both have.
    """
    scores = [
        _f1(words(answer), words(real)) for answer, real in zip(answers, references, strict=True)
    ]
    return 100 * sum(scores) / len(scores) if scores else 0.0


def _f1(answer: Sequence[str], real: Sequence[str]) -> float:
    if not answer or not real:
        return float(not answer and not real)
    common = _common(answer, real)
    return 2 * common / (len(answer) + len(real))


def _common(left: Sequence[str], right: Sequence[str]) -> int:
    """Return the length of the longest common subsequence."""
    row = [0] * (len(right) + 1)
    for word in left:
        before = 0  # the entry up and left
        for place, other in enumerate(right, 1):
            before, row[place] = (
                row[place],
                before + 1 if word == other else max(row[place], row[place - 1]),
            )
    return row[-1]


def words(text: str) -> list[str]:
    """Cut a text into words; punctuation counts, white space does not."""
    return [word for word in _jieba().lcut(text) if not word.isspace()]


@cache
def _jieba() -> "Tokenizer":
    """Load the dictionary, without the cache in a shared folder that others could have written."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it looks for pkg_resources and goes on without
        import jieba
    jieba.setLogLevel(logging.WARNING)
    cutter = jieba.Tokenizer()
    with LockedTempFolder("digital-life-words-") as private:
        cutter.tmp_dir = private
        cutter.initialize()
    return cutter
