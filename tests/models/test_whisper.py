"""Which reading of the words counts: the real tokens, with readings that are told."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from daemon.ears.whisper import Whisper
from daemon.ears.whisper_engine import Decoded
from daemon.media import LISTEN_RATE, Audio
from daemon.worker import CancelToken


@pytest.fixture(scope="module")
def whisper(weights: Callable[[str], Path]) -> Iterator[Whisper]:
    part = Whisper(weights("whisper-base"), ["en"])
    yield part
    part.close()


SHORT, LONG = "What should I wear", "What should I wear when it rains?"


@pytest.mark.parametrize(
    ("short", "window", "words", "readings"),
    [
        # (text, mean log probability, probability that nobody spoke) with little padding and as
        # trained; None: nothing that has an end
        ((SHORT, -0.3, 0.1), None, SHORT, 1),
        # what a question lost, and what it was
        ((SHORT, -0.56, 0.1), (LONG, -0.09, 0.1), LONG, 2),
        ((LONG, -0.56, 0.1), (SHORT, -0.65, 0.1), LONG, 2),
        # noise for which the short window has words, and more confident ones
        ((SHORT, -0.8, 0.5), (LONG, -1.3, 0.7), "", 2),
        ((SHORT, -0.8, 0.5), None, "", 3),
        ((" yes" * 6, -0.2, 0.1), (SHORT, -0.6, 0.1), SHORT, 2),
        # a person who repeats themself
        ((" yes" * 6, -0.2, 0.1), (" no" * 6, -0.3, 0.1), "no no no no no no", 2),
    ],
)
def test_words_in_doubt_are_read_again_and_the_likelier_reading_counts(
    whisper: Whisper,
    monkeypatch: pytest.MonkeyPatch,
    short: tuple[str, float, float],
    window: tuple[str, float, float] | None,
    words: str,
    readings: int,
) -> None:
    tokenizer = whisper._tokenizers["en"]
    script = iter([short, window, None])
    read = []

    def decode(*_: object, **__: object) -> Decoded:
        said = next(script)
        read.append(said)
        if said is None:
            return Decoded([1], False, -2.0, 0.1)
        return Decoded(tokenizer.encode(said[0]), True, said[1], said[2])

    monkeypatch.setattr(whisper, "_decode", decode)
    second = Audio(np.zeros(LISTEN_RATE, np.float32), LISTEN_RATE)
    assert whisper.transcribe(second, CancelToken()).text == words
    assert len(read) == readings
