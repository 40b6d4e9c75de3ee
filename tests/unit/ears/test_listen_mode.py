"""Ears that open while a key is held, or after a wake word."""

import numpy as np
import pytest

from daemon.dialogue.state import Phase
from daemon.ears.events import EarEvent, SpeechEnded
from daemon.ears.listen_mode import (
    LOOKBACK_S,
    MAX_HELD_S,
    RELEASE_TAIL_S,
    ListenGate,
    PushToTalk,
    WakeWord,
)
from daemon.events import EarsOpened, Event, StateChanged
from daemon.media import LISTEN_RATE, Samples
from tests.unit.dialogue.test_mute import endpointer
from tests.unit.ears.test_endpointing import silence, speech

BLOCK = 512


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class Ringing:
    """Hears its word at the moments of a script."""

    phrase = "okay"

    def __init__(self, *moments: float) -> None:
        self.moments = list(moments)
        self.clock = 0.0

    def detects(self, samples: Samples) -> bool:
        self.clock += len(samples) / LISTEN_RATE
        if self.moments and self.clock >= self.moments[0]:
            self.moments.pop(0)
            return True
        return False


def listen(
    gate: ListenGate, clock: Clock, sound: Samples, deeds: dict[float, object] | None = None
) -> list[EarEvent]:
    """Hand over the sound in its own time; ``deeds`` are done at their moments."""
    events: list[EarEvent] = []
    waiting = dict(sorted((deeds or {}).items()))
    for start in range(0, len(sound), BLOCK):
        while waiting and next(iter(waiting)) <= clock.now:
            waiting.pop(next(iter(waiting)))()  # type: ignore[operator]
        events += gate.feed(sound[start : start + BLOCK])
        clock.now += BLOCK / LISTEN_RATE
    return events


def ended(events: list[EarEvent]) -> list[tuple[float, float]]:
    said = [event.utterance for event in events if isinstance(event, SpeechEnded)]
    return [(u.start / LISTEN_RATE, u.end / LISTEN_RATE) for u in said]


def test_without_a_gate_all_is_heard() -> None:
    gate, clock = ListenGate(endpointer(), None), Clock()
    assert gate.open
    assert len(ended(listen(gate, clock, np.concatenate([speech(1), silence(2)])))) == 1


def test_only_what_is_said_while_the_key_is_held() -> None:
    clock = Clock()
    key = PushToTalk(clock)
    changes: list[Event] = []
    gate = ListenGate(endpointer(), key, changes.append)
    sound = np.concatenate([speech(2), silence(1), speech(4), silence(1)])
    events = listen(gate, clock, sound, {3.0: key.press, 5.0: key.release})
    [(begin, end)] = ended(events)
    assert begin >= 2.9  # nothing of before
    assert end == pytest.approx(5.0 + RELEASE_TAIL_S, abs=0.15)
    assert changes == [EarsOpened(True), EarsOpened(False)]


def test_letting_go_ends_the_turn_at_once() -> None:
    clock = Clock()
    key = PushToTalk(clock)
    gate = ListenGate(endpointer(), key)
    key.press()
    assert ended(listen(gate, clock, speech(1))) == []
    key.release()
    assert len(ended(listen(gate, clock, silence(RELEASE_TAIL_S + 0.1)))) == 1


def test_a_key_that_nobody_lets_go_is_let_go() -> None:
    clock = Clock()
    key = PushToTalk(clock)
    held = []
    key.press()
    for clock.now in (MAX_HELD_S - 1, MAX_HELD_S):
        held.append(key.held)
    key.release()
    assert [*held, key.held] == [True, False, False]


def test_nothing_is_heard_before_the_wake_word() -> None:
    clock = Clock()
    gate = ListenGate(endpointer(), WakeWord(Ringing(), 8, clock))
    assert listen(gate, clock, np.concatenate([speech(2), silence(2)])) == []


def test_the_wake_word_and_what_follows_at_once_are_heard() -> None:
    clock = Clock()
    gate = ListenGate(endpointer(), WakeWord(Ringing(6.0), 8, clock))
    sound = np.concatenate([silence(5), speech(3), silence(2)])
    [(begin, end)] = ended(listen(gate, clock, sound))
    assert 6.0 - LOOKBACK_S - 0.1 <= begin <= 5.0
    assert end == pytest.approx(8.0, abs=0.15)


def test_it_closes_after_a_while_but_never_within_a_turn() -> None:
    clock = Clock()
    waking = WakeWord(Ringing(1.0), 2.0, clock)
    gate = ListenGate(endpointer(), waking)
    sound = np.concatenate([silence(2.5), speech(3), silence(2), speech(2), silence(2)])
    assert len(ended(listen(gate, clock, sound))) == 1
    assert not gate.open


def test_it_stays_open_while_it_answers_and_for_a_while_after() -> None:
    clock = Clock()
    waking = WakeWord(Ringing(), 2.0, clock)
    waking.follow(StateChanged("speaking", 1))
    assert waking.is_open(silence(0.1), False)
    clock.now = 10
    waking.follow(StateChanged(Phase.LISTENING.value, 1))
    clock.now = 11.9
    assert waking.is_open(silence(0.1), False)
    clock.now = 12.1
    assert not waking.is_open(silence(0.1), False)
