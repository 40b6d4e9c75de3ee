import time
from collections.abc import Iterator

import pytest

from daemon.dialogue.timeline import Timeline


def test_marks_count_from_the_end_of_speech_and_only_once() -> None:
    now = [10.0]
    timeline = Timeline(lambda: now[0], speech_end=9.5)
    timeline.mark("first_token")
    now[0] = 11.0
    timeline.mark("first_token")
    timeline.mark("reply_end")
    assert timeline.marks == {"first_token": 0.5, "reply_end": 1.5}


def test_work_is_added_up_by_stage_even_when_it_fails() -> None:
    timeline = Timeline(lambda: 0.0, 0.0)

    def fail() -> None:
        raise ValueError

    assert timeline.timed("whisper", lambda: 5)() == 5
    once = timeline.work["whisper"]
    with pytest.raises(ValueError):
        timeline.timed("whisper", fail)()
    assert timeline.work["whisper"] > once


def test_a_generators_work_leaves_out_its_consumer(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    timeline = Timeline(lambda: 0.0, 0.0)

    def numbers() -> Iterator[int]:
        for number in range(3):
            now[0] += 1
            yield number

    for _ in timeline.timed_iterator("brain", numbers)():
        now[0] += 100
    assert timeline.work["brain"] == 3
