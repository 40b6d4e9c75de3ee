"""What is written and what is said of it, in both languages: tests/golden/said_*.tsv."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.voice import english_text, mandarin_numbers
from daemon.voice.english_numbers import cardinal, fraction, roman, year

GOLDEN = Path(__file__).parents[2] / "golden"


def table(language: str) -> list[tuple[str, str]]:
    lines = (GOLDEN / f"said_{language}.tsv").read_text(encoding="utf-8").splitlines()
    return [(written, said) for written, _, said in (line.partition("\t") for line in lines)]


@pytest.mark.parametrize(("written", "said"), table("en"))
def test_english(written: str, said: str) -> None:
    assert english_text.spoken(written) == said


@pytest.mark.parametrize(("written", "said"), table("zh"))
def test_chinese(written: str, said: str) -> None:
    assert mandarin_numbers.spoken(written) == said


def test_numbers_in_words() -> None:
    assert cardinal("1,234.05") == "one thousand two hundred thirty-four point zero five"
    assert cardinal("9" * 30) == " ".join(["nine"] * 30)
    assert (year("1908"), year("2000")) == ("nineteen oh eight", "two thousand")
    assert (fraction("1", "2"), fraction("3", "2")) == ("one half", "three halves")
    assert (fraction("5", "0"), fraction("1", "365")) == (
        "five over zero",
        "one over three hundred sixty-five",
    )


@pytest.mark.parametrize(
    ("numeral", "value"),
    [("IV", 4), ("XIX", 19), ("MCMXCIV", 1994), ("IIII", 0), ("", 0), ("CIVIL", 0)],
)
def test_roman_numerals(numeral: str, value: int) -> None:
    assert roman(numeral) == value


@settings(max_examples=200, deadline=None)
@given(st.text(st.sampled_from("0123456789.-–:/%,$€£°'\"²½×^<>=+#@~_ aIVXkmC\n"), max_size=40))
def test_any_english_is_read_and_no_figure_is_left(text: str) -> None:
    assert not any(char.isascii() and char.isdigit() for char in english_text.spoken(text))


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=60))
def test_any_text_is_read(text: str) -> None:
    english_text.spoken(text)
    mandarin_numbers.spoken(text)
