"""Ours beside Pipecat: ratios by round, by language and of all."""

import pytest

from daemon.bench.answers import Answer
from daemon.bench.results import Results
from tests.bench.compare import Comparison, as_json, joined, rows


def answered(*latencies: tuple[str, float | None], start_s: float = 0.0) -> Results:
    answers = [Answer(language, latency, {}, latency is None) for language, latency in latencies]
    return Results(answers=answers, start_s=start_s)


FOUND = Comparison(
    [answered(("en", 0.5), ("zh", 0.7), start_s=4.0), answered(("en", 0.6), start_s=3.0)],
    [answered(("en", 2.0), ("zh", None)), answered(("en", 1.5), ("zh", 1.0))],
)


def test_ratios_are_of_medians_in_rounds_and_of_all() -> None:
    told = {row.name: row for row in rows(FOUND, False, 25)}
    assert told["round 1"].value == "0.60 s (n = 2), 2.00 s (n = 1): 0.30"
    assert told["round 2"].value == "0.60 s (n = 1), 1.25 s (n = 2): 0.48"
    assert told["English"].value == "0.55 s (n = 2), 1.75 s (n = 2): 0.31"
    assert told["中文"].value == "0.70 s (n = 1), 1.00 s (n = 1): 0.70"
    whole = told["ours beside Pipecat, all"]
    assert (whole.value, whole.goal, whole.met) == (
        "0.60 s (n = 3), 1.50 s (n = 3): 0.40", "≤ 0.30", False,
    )  # fmt: skip
    assert told["  answers before the question was over"].value == "1 / 4"
    busy = {row.name: row for row in rows(FOUND, True, 25)}
    assert busy["ours beside Pipecat, all"].goal == "≤ 0.35"


def test_programs_get_every_measurement_and_the_ratios() -> None:
    told = as_json(FOUND)
    assert told["ratio"] == pytest.approx(0.4)
    assert told["ratio_by_round"] == pytest.approx([0.3, 0.48])
    assert [a["latency_s"] for a in told["pipecat"]["answers"]] == [2.0, None, 1.5, 1.0]


def test_where_nothing_was_answered_there_is_no_ratio() -> None:
    silent = Comparison([answered(("en", None))], [answered(("en", 1.0))])
    assert {row.name: row.value for row in rows(silent, False, 25)}["round 1"] == (
        "nothing was answered"
    )
    assert as_json(silent)["ratio"] is None


def test_rounds_are_one_conversation_in_the_end() -> None:
    both = joined(FOUND.ours)
    assert (len(both.answers), both.start_s) == (3, 4.0)
