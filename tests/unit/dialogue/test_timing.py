import time
from collections.abc import Iterator

import pytest

from daemon.dialogue.timing import Timings


def test_marks_count_from_the_end_of_speech_and_only_once() -> None:
    now = [10.0]
    timings = Timings(lambda: now[0], speech_end=9.5)
    timings.mark("first_token")
    now[0] = 11.0
    timings.mark("first_token")
    timings.mark("reply_end")
    assert timings.marks == {"first_token": 0.5, "reply_end": 1.5}


def test_work_is_added_up_by_stage_even_when_it_fails() -> None:
    timings = Timings(lambda: 0.0, 0.0)

    def fail() -> None:
        raise ValueError

    assert timings.timed("whisper", lambda: 5)() == 5
    once = timings.work["whisper"]
    with pytest.raises(ValueError):
        timings.timed("whisper", fail)()
    assert timings.work["whisper"] > once


def test_a_generators_work_leaves_out_its_consumer(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    timings = Timings(lambda: 0.0, 0.0)

    def numbers() -> Iterator[int]:
        for number in range(3):
            now[0] += 1
            yield number

    for _ in timings.timed_iterator("brain", numbers)():
        now[0] += 100
    assert timings.work["brain"] == 3
