"""What the sentence encoder takes for alike, with its real weights."""

from collections.abc import Callable
from pathlib import Path

from daemon.memory.encoding import WEIGHT, SentenceEncoder

TOLD = (
    "My dentist is Doctor Wu on Maple Street.",
    "We're flying to Lisbon on the twelfth of May.",
    "我每天早上六点半起床跑步。",
    "我儿子今年上小学三年级。",
)
ASKED = (
    ("Who looks after my teeth?", "我的牙医是谁？"),
    ("Where are we going on holiday?", "我们什么时候去里斯本？"),
    ("What time do I go running?", "我一般几点锻炼？"),
    ("Which grade is my son in?", "我的孩子念几年级了？"),
)


def test_what_answers_a_question_is_the_likest_in_both_languages(
    weights: Callable[[str], Path],
) -> None:
    encode = SentenceEncoder(weights(WEIGHT)).encode
    told = [encode(text) for text in TOLD]
    for number, questions in enumerate(ASKED):
        for question in questions:
            asked = encode(question)
            likeness = [float(asked @ vector) for vector in told]
            assert likeness.index(max(likeness)) == number, question
            assert abs(float(asked @ asked) - 1) < 1e-5
