"""Rates of errors, of scores made up."""

import pytest

from tests.bench.error_rates import accepts, equal_error, rejects, threshold_for


def test_voices_that_never_overlap_have_no_error() -> None:
    rate, place = equal_error([0.7, 0.8, 0.9], [0.1, 0.2, 0.3])
    assert rate == 0
    assert 0.3 < place <= 0.7


def test_one_in_four_either_way() -> None:
    rate, _ = equal_error([0.2, 0.7, 0.8, 0.9], [0.1, 0.15, 0.3, 0.75])
    assert rate == pytest.approx(0.25)


def test_a_threshold_lets_so_many_through_and_no_more() -> None:
    different = [i / 1000 for i in range(1000)]
    place = threshold_for(different, 0.005)
    assert 0.003 <= accepts(different, place) <= 0.005
    assert rejects(different, place) == 1 - accepts(different, place)
