"""What made an answer slow is found, and nothing is called slow that is not."""

from daemon.bench.answers import STAGES, Answer, slow_answers
from daemon.bench.results import Results, rows


def answer(language: str = "en", whisper: float = 0.2, **late: float) -> Answer:
    """Return one whose stages take 0.1 s each, but for those that are ``late``."""
    marks, now = {}, 0.0
    for stage in STAGES:
        now += 0.1 + late.get(stage, 0.0)
        marks[stage] = now
    return Answer(language, now + 0.05, marks, False, work={"whisper": whisper})


def test_the_step_that_took_longer_than_usual_is_named() -> None:
    slow = answer("zh", turn_end=1.0)
    found = slow_answers([answer(), answer(), slow, answer(), answer()])
    assert [(one.number, one.language, one.stage, round(one.late_s, 2)) for one in found] == [
        (3, "zh", "turn_end", 1.0)
    ]
    assert not found[0].reread


def test_the_slowest_comes_first_and_a_second_reading_is_told() -> None:
    answers = [answer(), answer(first_sentence=0.5), answer(transcript=0.9, whisper=0.5), answer()]
    answers += [answer()] * 3
    found = slow_answers(answers)
    assert [(one.stage, one.reread) for one in found] == [
        ("transcript", True),
        ("first_sentence", False),
    ]
    told = {row.name.strip(): row.value for row in rows(Results(answers=answers), 25)}
    assert "your words: 0.90 s more than usual" in told["slow: question 3 (en)"]
    assert "read twice" in told["slow: question 3 (en)"]
    assert "read twice" not in told["slow: question 2 (en)"]


def test_without_slow_ones_or_marks_nothing_is_told() -> None:
    assert slow_answers([]) == []
    assert slow_answers([answer(), answer(), answer(turn_end=0.1)]) == []
    assert slow_answers([Answer("en", 1.0, {}, False), Answer("zh", None, {}, True)]) == []


def test_of_many_slow_answers_the_rest_is_counted() -> None:
    answers = [answer() for _ in range(30)] + [answer(turn_end=1.0) for _ in range(8)]
    told = {row.name.strip(): row.value for row in rows(Results(answers=answers), 25)}
    assert sum(name.startswith("slow:") for name in told) == 6
    assert told["more slow answers"] == "2"
