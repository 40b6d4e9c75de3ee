"""What the tests on a real sound server take for the right answer."""

import pytest

from tests.hearing import names_paris


@pytest.mark.parametrize(
    "heard",
    [
        "It's Paris.",
        "the capital of Francis Paritz",
        "Paris, which lies on the Seine.",
        "It is Perris.",
    ],
)
def test_right(heard: str) -> None:
    assert names_paris(heard)


@pytest.mark.parametrize(
    "heard",
    ["", "The capital of Italy is Rome.", "The capital of Germany is Berlin.", "What a surprise!",
     "What is the capital of France?"],
)  # fmt: skip
def test_wrong(heard: str) -> None:
    assert not names_paris(heard)
