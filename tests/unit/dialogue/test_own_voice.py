import pytest

from daemon.dialogue.filters import is_own_echo

SAID = "The capital of France is Paris. It lies on the river Seine, and many people live there."


@pytest.mark.parametrize(
    ("heard", "said"),
    [
        ("is Paris.", SAID),
        ("It lies on the river", SAID),
        ("it lies on a river sane and many people", SAID),
        ("法国的首都", "法国的首都是巴黎。"),
        ("国的手都是巴黎", "法国的首都是巴黎。"),
    ],
)
def test_what_it_has_just_said_is_its_own(heard: str, said: str) -> None:
    assert is_own_echo(heard, said)


@pytest.mark.parametrize(
    ("heard", "said"),
    [
        ("", SAID),
        ("Paris?", SAID),
        ("What about London?", SAID),
        ("How many people live in Rome?", SAID),
        ("Stop.", SAID),
        ("那德国的首都呢？", "法国是一个国家。"),
        ("Tell me more", ""),
    ],
)
def test_a_persons_words_are_not(heard: str, said: str) -> None:
    assert not is_own_echo(heard, said)


def test_what_was_said_long_ago_is_a_persons() -> None:
    assert not is_own_echo("the capital of France", SAID + " And so on and on it went." * 20)
