"""The table of states, row by row."""

from dataclasses import replace

import pytest

from daemon.dialogue.state import (
    Action,
    Classified,
    ConversationEvent,
    FirstAudible,
    Phase,
    ReplyEmpty,
    ReplyFailed,
    ReplyFinished,
    SoundLost,
    State,
    StopSpeaking,
    Typed,
    step,
)
from daemon.ears.events import (
    SpeechContinued,
    SpeechEnded,
    SpeechFaded,
    SpeechPaused,
    SpeechStarted,
    SpeechTooShort,
)
from daemon.media import LISTEN_RATE, Audio, Utterance
from tests.fakes import silence

BARGE_IN_S = 0.4
L, H, T, S = Phase.LISTENING, Phase.HEARING, Phase.THINKING, Phase.SPEAKING
Q, J = Phase.PAUSED, Phase.CLASSIFYING


def started(turn: int = 2, voiced_s: float = 0.2) -> SpeechStarted:
    return SpeechStarted(turn, 0, voiced_s)


def utterance(turn: int) -> Utterance:
    return Utterance(turn, Audio(silence(0.1, LISTEN_RATE), LISTEN_RATE), 0, 1600)


def paused(turn: int = 2) -> SpeechPaused:
    return SpeechPaused(utterance(turn), 4800, 0.5)


def ended(turn: int = 2) -> SpeechEnded:
    return SpeechEnded(utterance(turn), 4800)


FAILED = ReplyFailed(1, ValueError("broken"))
HELD = State(Q, 1, overlapping_turn=2)
JUDGED = State(J, 1, overlapping_turn=2)
WAITING = State(J, 1, True, overlapping_turn=2)
EXCUSED = State(S, 1, overlapping_turn=2, backchannel_s=0.5)


@pytest.mark.parametrize(
    ("before", "event", "after", "actions"),
    [
        (State(L, 1), started(), State(H, 2), ()),
        (State(L, 1), SpeechContinued(2, 0, 0.5), State(H, 2), ()),
        (State(L, 1), ended(), State(L, 1), ()),
        (State(H, 2), SpeechContinued(2, 0, 0.5), State(H, 2), ()),
        (State(H, 2), SpeechTooShort(2, 0), State(L, 2), ()),
        (State(H, 2), SpeechFaded(utterance(2), 0), State(H, 2), ()),
        (State(H, 2), ended(), State(T, 2), (Action.START_REPLY,)),
        (State(H, 2, True), SpeechTooShort(2, 0), State(T, 2), (Action.START_REPLY,)),
        (State(H, 2, True), ended(), State(T, 2), (Action.START_REPLY,)),
        (State(T, 1), started(), State(H, 2, True), (Action.CANCEL_REPLY,)),
        (State(T, 1), FirstAudible(1), State(S, 1), ()),
        (State(T, 1), ReplyEmpty(1), State(L, 1), ()),
        (State(T, 1), ReplyFinished(1), State(L, 1), (Action.COMMIT,)),
        (State(T, 1), FAILED, State(S, 1), (Action.COMMIT, Action.APOLOGISE)),
        (State(S, 1), started(voiced_s=0.2), State(S, 1), ()),
        (State(S, 1), SpeechContinued(2, 0, 0.39), State(S, 1), ()),
        (State(S, 1), SpeechContinued(2, 0, 0.4), State(Q, 1, overlapping_turn=2), (Action.PAUSE,)),
        (State(S, 1), paused(), State(S, 1), ()),
        (State(S, 1), ended(), State(S, 1), ()),
        (State(S, 1), SpeechTooShort(2, 0), State(S, 1), ()),
        (State(S, 1), ReplyFinished(1), State(L, 1), (Action.COMMIT,)),
        (State(S, 1), FAILED, State(S, 1), (Action.COMMIT, Action.APOLOGISE)),
        (State(S, 1), SoundLost(), State(L, 1), (Action.INTERRUPT,)),
        (State(L, 1), SoundLost(), State(L, 1), ()),
        (State(H, 1), SoundLost(), State(H, 1), ()),
        (State(T, 1), SoundLost(), State(T, 1), ()),
        (State(L, 1), Typed(-1), State(T, -1), (Action.INTERRUPT, Action.START_REPLY)),
        (State(T, 1), Typed(-1), State(T, -1), (Action.INTERRUPT, Action.START_REPLY)),
        (State(S, 1), Typed(-1), State(T, -1), (Action.INTERRUPT, Action.START_REPLY)),
        (State(H, 1), Typed(-1), State(H, 1), ()),
        (HELD, Typed(-1), HELD, ()),
        (JUDGED, Typed(-1), JUDGED, ()),
        (State(L, 1), StopSpeaking(), State(L, 1), (Action.INTERRUPT,)),
        (State(H, 1, True), StopSpeaking(), State(H, 1, True), ()),
        (State(T, 1), StopSpeaking(), State(L, 1), (Action.INTERRUPT,)),
        (State(S, 1), StopSpeaking(), State(L, 1), (Action.INTERRUPT,)),
        (HELD, StopSpeaking(), State(H, 2), (Action.INTERRUPT,)),
        (WAITING, StopSpeaking(), State(T, 2), (Action.INTERRUPT, Action.START_REPLY)),
        (HELD, SpeechContinued(2, 0, 0.99), HELD, ()),
        (HELD, SpeechContinued(2, 0, 1.0), State(H, 2), (Action.INTERRUPT,)),
        (HELD, paused(), JUDGED, (Action.CLASSIFY,)),
        (HELD, SpeechTooShort(2, 0), State(S, 1), (Action.RESUME,)),
        (HELD, ended(), WAITING, (Action.CLASSIFY,)),
        (HELD, Classified(2, 0.5, True), HELD, ()),
        (HELD, ReplyFinished(1), State(H, 2), (Action.INTERRUPT,)),
        (HELD, FAILED, State(H, 2), (Action.INTERRUPT,)),
        (HELD, SoundLost(), State(H, 2), (Action.INTERRUPT,)),
        (JUDGED, SpeechContinued(2, 0, 0.6), HELD, ()),
        (JUDGED, SpeechContinued(2, 0, 1.0), State(H, 2), (Action.INTERRUPT,)),
        (JUDGED, SpeechTooShort(2, 0), State(S, 1), (Action.RESUME,)),
        (JUDGED, ended(), WAITING, ()),
        (JUDGED, Classified(2, 0.5, True), EXCUSED, (Action.RESUME,)),
        (JUDGED, Classified(2, 0.5, False), State(H, 2), (Action.INTERRUPT,)),
        (JUDGED, Classified(1, 0.5, True), JUDGED, ()),
        (JUDGED, ReplyFinished(1), State(H, 2), (Action.INTERRUPT,)),
        (WAITING, Classified(2, 0.0, True), State(S, 1, overlapping_turn=2), (Action.RESUME,)),
        (WAITING, Classified(2, 0.0, False), State(T, 2), (Action.INTERRUPT, Action.START_REPLY)),
        (WAITING, started(3), State(H, 3, True), (Action.INTERRUPT,)),
        (WAITING, ReplyFinished(1), State(T, 2), (Action.INTERRUPT, Action.START_REPLY)),
        (WAITING, SoundLost(), State(T, 2), (Action.INTERRUPT, Action.START_REPLY)),
        (EXCUSED, SpeechContinued(2, 0, 0.89), EXCUSED, ()),
        (EXCUSED, SpeechContinued(2, 0, 0.9), replace(HELD, backchannel_s=0.5), (Action.PAUSE,)),
        (EXCUSED, SpeechContinued(3, 0, 0.4), State(Q, 1, overlapping_turn=3), (Action.PAUSE,)),
        (
            replace(HELD, backchannel_s=0.5),
            SpeechContinued(2, 0, 1.5),
            State(H, 2),
            (Action.INTERRUPT,),
        ),
    ],
)
def test_a_row(
    before: State, event: ConversationEvent, after: State, actions: tuple[Action, ...]
) -> None:
    assert step(before, event, BARGE_IN_S) == (after, actions)


@pytest.mark.parametrize("phase", Phase)
@pytest.mark.parametrize(
    "event", [FirstAudible(1), ReplyEmpty(1), ReplyFinished(1), ReplyFailed(1, ValueError())]
)
def test_what_an_older_reply_reports_changes_nothing(
    phase: Phase, event: ConversationEvent
) -> None:
    state = State(phase, 2)
    assert step(state, event, BARGE_IN_S) == (state, ())


@pytest.mark.parametrize("phase", [L, H])
@pytest.mark.parametrize(
    "event", [FirstAudible(1), ReplyEmpty(1), ReplyFinished(1), ReplyFailed(1, ValueError())]
)
def test_without_a_reply_nothing_is_reported(phase: Phase, event: ConversationEvent) -> None:
    state = State(phase, 1)
    assert step(state, event, BARGE_IN_S) == (state, ())
    assert replace(state) == state
