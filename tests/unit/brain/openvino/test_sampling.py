import numpy as np

from daemon.brain.openvino.sampling import TokenSampling, choose, repetitions

RANDOM = np.random.default_rng(0)
DRY = TokenSampling(dry_multiplier=0.8, dry_allowed_length=2)
NO_BREAKS: frozenset[int] = frozenset()


def scores(**each: float) -> np.ndarray:
    found = np.full(8, -9.0, np.float32)
    for token, score in each.items():
        found[int(token[1:])] = score
    return found


def test_without_temperature_the_likeliest_is_taken() -> None:
    assert choose(scores(t3=2.0, t4=1.9), TokenSampling(), [], NO_BREAKS, RANDOM) == 3


def test_what_would_prolong_a_repetition_loses_more_with_each_token() -> None:
    short = repetitions([1, 2, 3, 5, 1, 2], DRY, NO_BREAKS)
    long = repetitions([0, 1, 2, 3, 5, 0, 1, 2], DRY, NO_BREAKS)
    assert set(short) == set(long) == {3}
    assert np.isclose(short[3], 0.8)
    assert np.isclose(long[3], 0.8 * 1.75)


def test_a_short_repetition_is_free_and_a_break_ends_one() -> None:
    assert repetitions([2, 3, 5, 2], DRY, NO_BREAKS) == {}
    assert repetitions([1, 2, 3, 5, 1, 2], DRY, frozenset({1})) == {}
    assert repetitions([1, 2, 3, 5, 1, 2], DRY, frozenset({3})) == {}


def test_an_endless_repetition_is_no_overflow() -> None:
    many = [1] * 400
    assert np.isfinite(repetitions(many, TokenSampling(dry_multiplier=0.8), NO_BREAKS)[1])
    assert choose(scores(t1=5.0, t2=0.0), DRY, many, NO_BREAKS, RANDOM) == 2


def test_only_tokens_within_top_p_are_drawn_and_each_of_them() -> None:
    given = scores(t0=1.0, t1=1.0, t2=-1.5)
    sampling = TokenSampling(temperature=1.0, top_p=0.9)
    drawn = {choose(given, sampling, [], NO_BREAKS, RANDOM) for _ in range(200)}
    assert drawn == {0, 1}
