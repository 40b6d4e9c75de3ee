"""However long a text is, and whatever it is made of, the work grows with it and no faster."""

import pytest

from daemon.languages import codes
from daemon.voice import language_runs
from daemon.voice.language_runs import passages


@pytest.mark.parametrize("unit", ["a. ", "1. ", "？", "你好. ", "Hi。", "Привет. ", "\u202e. "])
def test_the_language_is_not_looked_for_in_all_of_the_text_at_each_sentence(
    unit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_at = [0]
    guess = language_runs._home

    def counted(text: str, *others: object) -> str:
        looked_at[0] += len(text)
        return guess(text, *others)  # type: ignore[arg-type]

    monkeypatch.setattr(language_runs, "_home", counted)
    looked = []
    for characters in (3000, 6000):
        looked_at[0] = 0
        passages((unit * characters)[:characters], codes(), "zh")
        looked.append(looked_at[0])
    assert looked[1] < 2.5 * looked[0], "twice the text is no four times the work"


def test_letters_behind_many_numbers_decide() -> None:
    told = passages("1. " * 400 + "Guten Morgen, wie geht es dir?", codes(), "en")
    assert [passage.language for passage in told] == ["de"]
