"""Ordinary questions: as the untouched model answered them, and with answers of our own.

Of the model's answers those are kept that a reader found right; the others are in known.toml.
"""

import json
import random
from collections.abc import Iterator
from typing import NamedTuple, cast

from models.talk.prompts import Dialogue, scene
from models.talk.wording import FOLDER, LANGUAGES, load


class Answer(NamedTuple):
    """A question and its answer."""

    question: str
    answer: str


def answers() -> dict[str, list[Answer]]:
    """Return all of them, by language."""
    kept: dict[str, list[Answer]] = {}
    for language in LANGUAGES:
        rows = cast(list[tuple[str, str]], load("known")[language]["q"])
        kept[language] = [Answer(*row) for row in rows]
    for line in (FOLDER / "answers.jsonl").read_text(encoding="utf-8").splitlines():
        one = json.loads(line)
        kept[one["language"]].append(Answer(one["question"], one["answer"]))
    return kept


def ordinary(seed: int, share: float, kept: dict[str, list[Answer]]) -> Iterator[Dialogue]:
    """Yield each as a dialogue, and some of them in twos and threes."""
    for language, all_of_them in kept.items():
        rng = random.Random(f"{seed} ordinary {language}")
        for one in all_of_them:
            who = scene(rng)
            yield Dialogue("ordinary", language, [*one], who.system)
        for _ in range(round(150 * share)):
            who = scene(rng)
            some = rng.sample(all_of_them, rng.choice((2, 2, 3)))
            yield Dialogue("ordinary", language, [text for one in some for text in one], who.system)
