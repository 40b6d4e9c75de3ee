"""Chooses the exchanges that show best how somebody talks."""

import math
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from daemon.brain.style import Habits, StyleExample
from daemon.languages import language
from daemon.languages.guess import language_of
from daemon.training.chats import Exchange
from daemon.training.contrast import Contrast, counted, marks
from daemon.training.habits import length

MAX_QUESTION, MAX_ANSWER = 120, 160  # characters; a prompt is to hold many
POOL = 400  # of the most typical, among which different ones are looked for
TAKEN = 60
SURE = 3.0  # z-score that counts no more: one word that is always there is not the whole manner
# What an exchange is worth beside how typical it is, whose standard deviation is 1.
FOR_A_QUESTION, FOR_NO_HISTORY, FOR_USUAL_LENGTH, FOR_A_NAME, FOR_A_NUMBER = (
    0.6,
    0.4,
    0.5,
    -1.0,
    -1.0,
)
FOR_ANOTHER_LIKE_IT = -2.0  # at a cosine of 1


def typical(
    answers: Sequence[Exchange],
    habits: Habits,
    theirs: Sequence[str],
    others: Sequence[str],
    names: set[str],
) -> list[StyleExample]:
    """Return exchanges, the best first: typical in manner, short, unlike each other.

    ``theirs`` and ``others`` are messages in the language of ``habits``; exchanges with a name or a
    number are more likely to tell what is nobody's business, so they come last.
    """
    contrast = Contrast(counted(map(marks, theirs)), counted(map(marks, others)))
    fitting = [one for one in answers if _fits(one, habits)]
    if not fitting:
        return []
    manners = [_manner(one.response, contrast) for one in fitting]
    mean = sum(manners) / len(manners)
    spread = math.sqrt(sum((one - mean) ** 2 for one in manners) / len(manners)) or 1.0
    scored = [
        ((manner - mean) / spread + _worth(one, habits, names), at)
        for at, (one, manner) in enumerate(zip(fitting, manners, strict=True))
    ]
    best = sorted(scored, reverse=True)[:POOL]
    return [_example(fitting[at]) for at in _different(best, [_example(one) for one in fitting])]


def _example(exchange: Exchange) -> StyleExample:
    """Return it on one line each: that it was several messages cannot be heard."""
    return StyleExample(
        question=" ".join(exchange.prompt.split()), answer=" ".join(exchange.response.split())
    )


def _fits(exchange: Exchange, habits: Habits) -> bool:
    question, answer = exchange.prompt, exchange.response
    code = habits.language
    return (
        len(question) <= MAX_QUESTION
        and len(answer) <= MAX_ANSWER
        and "://" not in question + answer
        and any(map(str.isalpha, answer))
        and any(map(str.isalpha, question))
        and length(answer, language(code).writing.spaced) <= habits.longest
        and language_of(question, (), code) == code
    )


def _manner(text: str, contrast: Contrast) -> float:
    """Return how much a text is written as they write, and not as the others."""
    scores = [max(min(contrast.score(mark), SURE), -SURE) for mark in set(marks(text))]
    return sum(scores) / len(scores) if scores else 0.0


def _worth(exchange: Exchange, habits: Habits, names: set[str]) -> float:
    """Return what an exchange is worth but for its manner."""
    both = f"{exchange.prompt} {exchange.response}"
    spaced = language(habits.language).writing.spaced
    within = [word for word in both.replace("\n", ". ").split(" ") if word]
    named = any(name in both.casefold() for name in names if len(name) > 1) or any(
        word[0].isupper() and word[1:].islower() and not before.endswith((".", "!", "?", "…"))
        for before, word in pairwise(within)
        if len(word) > 2
    )
    far = abs(math.log(length(exchange.response, spaced) / habits.usual))
    return (
        FOR_A_QUESTION * exchange.prompt.rstrip().endswith(("?", "？"))
        + FOR_NO_HISTORY * (not exchange.history)
        + FOR_USUAL_LENGTH * (1 - far)
        + FOR_A_NAME * named
        + FOR_A_NUMBER * any(map(str.isdigit, both))
    )


def _different(scored: Sequence[tuple[float, int]], examples: Sequence[StyleExample]) -> list[int]:
    """Return the numbers of examples, each the best of those unlike the ones before it."""
    vectors = {
        at: Counter(marks(f"{one.question} {one.answer}")) for at, one in enumerate(examples)
    }
    left = {at: score for score, at in scored}
    alike = dict.fromkeys(left, 0.0)
    taken: list[int] = []
    while left and len(taken) < TAKEN:
        at = max(left, key=lambda one: left[one] + FOR_ANOTHER_LIKE_IT * alike[one])
        del left[at]
        taken.append(at)
        for other in left:
            alike[other] = max(alike[other], _cosine(vectors[at], vectors[other]))
    return taken


def _cosine(one: Counter[str], other: Counter[str]) -> float:
    if len(other) < len(one):
        one, other = other, one
    product = sum(count * other[thing] for thing, count in one.items())
    norms = sum(n * n for n in one.values()) * sum(n * n for n in other.values())
    return product / math.sqrt(norms) if norms else 0.0
