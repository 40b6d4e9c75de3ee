"""Sixty texts with numbers, dates, money, telephones, units and guests, as a person reads them."""

from pathlib import Path

from daemon.voice.language_runs import runs

CASES = Path(__file__).parents[2] / "golden" / "said_mixed.tsv"
GOAL = 58  # of 60


def test_sixty_texts_are_read_as_a_person_would() -> None:
    cases = [line.split("\t") for line in CASES.read_text(encoding="utf-8").splitlines()]
    assert len(cases) == 60
    wrong = []
    for text, expected in cases:
        said = " ".join(run.text.strip() for run in runs(text))
        if said != expected:
            wrong.append((text, said))
    assert len(cases) - len(wrong) >= GOAL, wrong


def test_a_number_before_its_measure_word_is_chinese() -> None:
    said = [(run.language, run.text.strip()) for run in runs("iPhone Pro Max 要 9999 元。")]
    assert said[-1] == ("zh", "要九千九百九十九元。")
    said = [(run.language, run.text.strip()) for run in runs("GPT-4 是 OpenAI 的 model。")]
    assert said[0] == ("en", "GPT four")


def test_a_telephone_number_with_its_country_is_no_million() -> None:
    (run,) = runs("My number is +1 415 555 2671.")
    assert run.text.endswith("plus one, four one five, five five five, two six seven one.")
