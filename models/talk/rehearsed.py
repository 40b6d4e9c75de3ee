"""Sums that the untouched model can do, answered as it answers them: in digits.

Taught to answer in words, it had 6 of 100 differences right, and 27 before. It writes the
numbers of a question as digits first, and then it can calculate.
"""

import random
from collections.abc import Iterator

from models.talk.prompts import Dialogue, scene
from models.talk.sums import in_words

_ASKED = {
    "en": ("What is {}?", "How much is {}?", "What's {}?", "Can you work out {}?", "{}?"),
    "zh": ("{}等于多少？", "{}是多少？", "{}等于几？", "帮我算一下，{}等于多少？", "{}得多少？"),
}
_SIGNS = {"en": (" plus ", " minus ", " times "), "zh": ("加", "减", "乘以")}
_EQUALS = {"en": " equals {}.", "zh": "等于{}。"}


def rehearsed(seed: int, share: float) -> Iterator[Dialogue]:
    """Yield sums, differences and products in both languages."""
    for language in ("en", "zh"):
        rng = random.Random(f"{seed} rehearsed {language}")
        for number in range(round(90 * share)):
            turns: list[str] = []
            for _ in range(rng.choice((1, 1, 2, 3))):
                turns += _asked(language, number % 3, rng)
            yield Dialogue("rehearsed_sum", language, turns, scene(rng).system)


def _asked(language: str, kind: int, rng: random.Random) -> tuple[str, str]:
    most = 12 if kind == 2 else 70
    one, two = rng.randint(2, most), rng.randint(2, most)
    if kind == 1:
        one, two = max(one, two) + 1, min(one, two)
    result = (one + two, one - two, one * two)[kind]
    sign = _SIGNS[language][kind]
    question = rng.choice(_ASKED[language]).format(
        in_words(language, one) + sign + in_words(language, two)
    )
    said = f"{one}{sign}{two}{_EQUALS[language].format(result)}"
    return question[0].upper() + question[1:], said
