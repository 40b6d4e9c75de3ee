"""What words and their last mark say about the end of a sentence."""

import math

import pytest

from daemon.brain.end_of_utterance import (
    UNFINISHED,
    end_probability,
    is_plainly_whole,
    is_too_short_to_tell,
    with_mark,
)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("How far away is the moon?", True),
        ("中国的首都是哪里？", True),
        ("Why not?", True),
        ("Could you please explain?", False),
        ("你能告诉我吗？", False),
        ("I would like to know how bread is made.", False),
    ],
)
def test_only_longer_questions_are_plainly_whole(text: str, plain: bool) -> None:
    assert is_plainly_whole(text) is plain


def test_a_question_mark_counts_but_does_not_decide() -> None:
    assert with_mark("Who are you?", 0.001) > UNFINISHED > with_mark("Who are you.", 0.001)
    assert with_mark("Could you explain?", 0.0004) < UNFINISHED
    assert with_mark("Who are you?", 0.9) == 1.0


def test_a_word_tells_nothing() -> None:
    assert is_too_short_to_tell("Um.") and not is_too_short_to_tell("Who are you?")


def test_all_that_ends_a_sentence_is_added_up() -> None:
    tokens = {"?": 0.3, " .": 0.2, "": 0.1, "\n": 0.1, " how": 0.2}
    logprobs = [{"token": token, "logprob": math.log(p)} for token, p in tokens.items()]
    answer = {"completion_probabilities": [{"top_logprobs": logprobs}]}
    assert end_probability(answer) == pytest.approx(0.7)
