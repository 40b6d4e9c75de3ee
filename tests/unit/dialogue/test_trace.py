import json
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from daemon.dialogue.events import ConversationStep
from daemon.dialogue.reply import Reply
from daemon.dialogue.state import Phase, State
from daemon.dialogue.timing import Timings
from daemon.dialogue.trace import Trace
from daemon.errors import StorageError


def answered(turn: int, speech_end: float) -> Reply:
    timings = Timings(lambda: speech_end + 0.3, speech_end)
    timings.mark("transcript")
    timings.worked("whisper", speech_end + 0.1, speech_end + 0.25)
    return cast(Reply, SimpleNamespace(turn=SimpleNamespace(number=turn), timings=timings))


def events(path: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(path.read_text())["traceEvents"]
    return found


def test_each_turn_is_written_once_however_it_ends(tmp_path: Path) -> None:
    path = tmp_path / "trace.json"
    with pytest.raises(KeyboardInterrupt), Trace(path) as trace:
        first = answered(1, 10.0)
        for phase in (Phase.THINKING, Phase.SPEAKING):
            trace.follow(ConversationStep(State(phase, 1), first))
        trace.follow(ConversationStep(State(Phase.LISTENING, 1), None))
        trace.follow(ConversationStep(State(Phase.THINKING, 2), answered(2, 20.0)))
        raise KeyboardInterrupt
    spans = [e for e in events(path) if e["ph"] == "X" and e["name"] == "whisper"]
    assert [(e["name"], e["ts"], e["dur"], e["args"]["turn"]) for e in spans] == [
        ("whisper", 10_100_000, 150_000, 1),
        ("whisper", 20_100_000, 150_000, 2),
    ]
    marks = [(e["name"], e["ts"]) for e in events(path) if e["ph"] == "i"]
    assert marks[:2] == [("speech_end", 10_000_000), ("transcript", 10_300_000)]


def test_every_track_has_a_name(tmp_path: Path) -> None:
    path = tmp_path / "trace.json"
    with Trace(path) as trace:
        trace.add(1, answered(1, 0.0).timings)
    names = {e["tid"]: e["args"]["name"] for e in events(path) if e["ph"] == "M"}
    assert {names[e["tid"]] for e in events(path)} == {"whisper", "turns"}


def test_states_are_spans_with_their_turn(tmp_path: Path) -> None:
    path = tmp_path / "trace.json"
    with Trace(path) as trace:
        for phase, turn in ((Phase.HEARING, 3), (Phase.THINKING, 3), (Phase.LISTENING, 3)):
            trace.follow(ConversationStep(State(phase, turn), None))
        trace.follow(ConversationStep(State(Phase.HEARING, 4), None))
    spans = [event for event in events(path) if event["ph"] == "X"]
    assert [(e["name"], e["args"]["turn"]) for e in spans] == [
        ("hearing", 3),
        ("thinking", 3),
        ("hearing", 4),
    ]
    assert spans[0]["ts"] + spans[0]["dur"] == pytest.approx(spans[1]["ts"], abs=1)


def test_a_cancelled_stage_may_add_its_last_work_meanwhile(tmp_path: Path) -> None:
    timings, ended = Timings(lambda: 0.0, 0.0), threading.Event()

    def work() -> None:
        while not ended.is_set():
            timings.worked("brain", 0.0, 0.1)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        with Trace(tmp_path / "trace.json") as trace:
            for turn in range(10):
                trace.add(turn, timings)
    finally:
        ended.set()
        thread.join()


def test_what_was_dropped_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("daemon.dialogue.trace.MAX_EVENTS", 4)
    path = tmp_path / "trace.json"
    with Trace(path) as trace:
        for turn in range(3):  # of three events each
            trace.add(turn, answered(turn, 10.0 * turn).timings)
    kept = [event for event in events(path) if event["ph"] != "M"]
    assert [event["args"]["turn"] for event in kept] == [1, 2, 2, 2]
    assert json.loads(path.read_text())["otherData"] == {"oldest events dropped": 5}


def test_a_disk_that_refuses_is_told(tmp_path: Path) -> None:
    with pytest.raises(StorageError), Trace(tmp_path / "nowhere" / "trace.json"):
        pass
