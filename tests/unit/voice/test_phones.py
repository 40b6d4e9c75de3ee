"""When each sound is heard: told by a network's frames, and carried along."""

import numpy as np
import pytest

from daemon.media import Audio, Phone, joined
from daemon.voice.kokoro.mandarin_sounds import ipa
from daemon.voice.phones import placed


def test_gaps_and_stress_belong_to_what_follows() -> None:
    symbols = [".", "m", " ", "ˈ", "a", "ː", " ", "p"]
    phones = placed(symbols, np.array([[4, 2, 1, 1, 3, 1, 2, 1]]), hop=10)
    assert phones == (
        Phone(".", 0, 40),
        Phone("m", 40, 60),
        Phone("a", 60, 110),
        Phone("ː", 110, 120),
        Phone("p", 120, 150),
    )


def test_what_a_network_tells_late_is_moved() -> None:
    phones = placed(["a", "m"], np.array([3, 2]), hop=10, early=15)
    assert phones == (Phone("a", 0, 15), Phone("m", 15, 35))


@pytest.mark.parametrize("frames", [np.zeros(0), np.array([1.0]), np.array([1.0, np.nan])])
def test_what_does_not_fit_is_not_told(frames: np.ndarray) -> None:
    assert placed(["a", "m"], frames, hop=10) == ()


def test_they_follow_the_rate_and_the_pieces() -> None:
    one = Audio(np.zeros(100, np.float32), 100, (Phone("a", 20, 60),))
    assert one.at_rate(200).phones == (Phone("a", 40, 120),)
    assert one.shaped(np.ones(100, np.float32)).phones == one.phones
    assert joined([one, one]).phones == (Phone("a", 20, 60), Phone("a", 120, 160))


@pytest.mark.parametrize(
    ("symbol", "sound"),
    [("b", "p"), ("p", "pʰ"), ("uang1", "wa→ŋ"), ("^", " "), ("#0", " "), ("sil", "."),
     ("#3", ","), ("er5", "ɚ")],
)  # fmt: skip
def test_what_the_corpus_writes_has_a_sound(symbol: str, sound: str) -> None:
    assert ipa(symbol) == sound
