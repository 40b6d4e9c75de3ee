"""What ``bench talk`` found out, as a table with the brains side by side, and as JSON."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from statistics import median

from rich.table import Table

from daemon.bench.talk.asking import Asked
from daemon.bench.talk.questions import LANGUAGES, category_name
from daemon.i18n import tr
from daemon.media import JsonObject

Results = Mapping[str, Sequence[Asked]]
"""By brain, in the order in which they were asked."""


def score(asked: Sequence[Asked]) -> tuple[int, int]:
    """Return how many answers were right, and how many count."""
    counted = [one for one in asked if one.question.checked]
    return sum(not one.faults for one in counted), len(counted)


def first_clause_s(asked: Sequence[Asked]) -> float | None:
    """Return the median of the seconds to the first clause, over answers without tools."""
    found = [one.first_clause_s for one in asked if one.first_clause_s is not None]
    return median(found) if found else None


def tokens_per_s(asked: Sequence[Asked]) -> float | None:
    """Return how quickly it wrote, over answers without tools."""
    seconds = sum(one.writing_s for one in asked)
    return sum(one.tokens for one in asked) / seconds if seconds else None


def table(results: Results) -> Table:
    """Draw categories as rows, brains as columns."""
    drawn = Table("", *results)
    every = [asked for found in results.values() for asked in found]
    for category in dict.fromkeys(one.category for one in every):
        drawn.add_row(
            category_name(category), *(_share(found, category=category) for found in _all(results))
        )
    drawn.add_section()
    names = {"en": tr("English"), "zh": tr("Chinese")}
    for language in LANGUAGES:
        drawn.add_row(
            names[language], *(_share(found, language=language) for found in _all(results))
        )
    drawn.add_row(tr("all"), *(_share(found) for found in _all(results)), style="bold")
    drawn.add_section()
    drawn.add_row(
        tr("seconds to the first clause, median"),
        *(_number(first_clause_s(found), 2) for found in _all(results)),
    )
    drawn.add_row(
        tr("tokens a second"), *(_number(tokens_per_s(found), 0) for found in _all(results))
    )
    return drawn


def _all(results: Results) -> Iterator[Sequence[Asked]]:
    yield from results.values()


def _share(asked: Sequence[Asked], **which: str) -> str:
    right, of = score(
        [one for one in asked if all(getattr(one, name) == it for name, it in which.items())]
    )
    return f"{right}/{of}  {right / of:4.0%}" if of else ""


def _number(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:.{digits}f}"


def as_json(results: Results) -> JsonObject:
    """Return scores, speeds, and every question with its answer and what is wrong with it."""
    return {"brains": {brain: _brain(asked) for brain, asked in results.items()}}


def _brain(asked: Sequence[Asked]) -> JsonObject:
    right, of = score(asked)
    categories = {}
    for category in dict.fromkeys(one.category for one in asked):
        of_it = score([one for one in asked if one.category == category])
        categories[category] = {"right": of_it[0], "of": of_it[1]}
    return {
        "right": right,
        "of": of,
        "categories": categories,
        "first_clause_s": first_clause_s(asked),
        "tokens_per_s": tokens_per_s(asked),
        "questions": [_question(one) for one in asked],
    }


def _question(asked: Asked) -> JsonObject:
    told = asdict(asked)
    told["question"] = asked.question.say
    return {**told, "counts": asked.question.checked}
