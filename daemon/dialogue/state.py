"""The states of a conversation: a pure function from state and event to state and actions.

Every event names its turn. A reply belongs to the turn of the utterance it answers; what an older
reply still reports is ignored, so a cancelled one needs no waiting for.
"""

from dataclasses import dataclass, replace
from enum import Enum
from typing import TypeAlias

from daemon.ears.events import (
    EarEvent,
    SpeechContinued,
    SpeechEnded,
    SpeechFaded,
    SpeechPaused,
    SpeechStarted,
    SpeechTooShort,
)

# Seconds of speech over a reply that are no mere "yeah" any more, whatever the words are.
MAX_OVERLAP_S = 1.0


class Phase(Enum):
    """What the conversation is at."""

    LISTENING = "listening"
    HEARING = "hearing"
    THINKING = "thinking"
    SPEAKING = "speaking"
    PAUSED = "paused"
    """Somebody speaks over the reply; it is silent and waits for what that is."""
    CLASSIFYING = "classifying"
    """They stopped; whether their words are for the reply to end or to go on is being found out."""

    @property
    def overlaps(self) -> bool:
        """Whether somebody speaks, or has just spoken, over the reply."""
        return self in (Phase.PAUSED, Phase.CLASSIFYING)

    @property
    def hears(self) -> bool:
        """Whether what is being said may be answered."""
        return self is Phase.HEARING or self.overlaps


@dataclass(frozen=True, slots=True)
class FirstAudible:
    """The first sample of the reply can be heard."""

    turn: int


@dataclass(frozen=True, slots=True)
class ReplyEmpty:
    """Nothing was said, or nothing is to be answered."""

    turn: int


@dataclass(frozen=True, slots=True)
class ReplyFinished:
    """The last sample of the reply has been heard."""

    turn: int


@dataclass(frozen=True, slots=True)
class ReplyFailed:
    """A part failed while answering."""

    turn: int
    error: Exception


@dataclass(frozen=True, slots=True)
class Classified:
    """What was said over the reply has been understood."""

    turn: int
    """The one that was spoken over the reply."""
    voiced_s: float
    """Seconds of speech that were classified."""
    backchannel: bool
    """It only accompanied the reply."""


@dataclass(frozen=True, slots=True)
class SoundLost:
    """Microphone and loudspeaker have gone, and come back later."""


@dataclass(frozen=True, slots=True)
class Typed:
    """A question, or a text to be said, has come from a program and not from the ears."""

    turn: int
    """Below zero, and so never one of the ears'."""


@dataclass(frozen=True, slots=True)
class StopSpeaking:
    """Somebody asks for silence."""


ReplyEvent: TypeAlias = FirstAudible | ReplyEmpty | ReplyFinished | ReplyFailed
ConversationEvent: TypeAlias = EarEvent | ReplyEvent | Classified | SoundLost | Typed | StopSpeaking


class Action(Enum):
    """What a step asks for; all of it concerns the current reply."""

    START_REPLY = "start"
    """Answer the utterance that ended, joined to the one that was cancelled before it."""
    CANCEL_REPLY = "cancel"
    """The person only paused: forget the reply, keep their words for the next one."""
    PAUSE = "pause"
    """Silence and a closed mouth, but the reply is kept."""
    RESUME = "resume"
    """Let the held reply go on."""
    CLASSIFY = "classify"
    """Find out whether what was said over the reply is to end it."""
    INTERRUPT = "interrupt"
    """Barge-in: silence, mouth closed, reply cancelled, what was heard committed."""
    COMMIT = "commit"
    """Put what was heard into the history."""
    APOLOGISE = "apologise"
    """Say that something went wrong: another reply, whose end is reported as any reply's is."""


@dataclass(frozen=True, slots=True)
class State:
    """Where the conversation stands."""

    phase: Phase = Phase.LISTENING
    turn: int = 0
    """The newest turn that began."""
    unanswered: bool = False
    """An utterance waits: in HEARING to be joined with what is being said now, in CLASSIFYING for
    what is made of it."""
    overlapping_turn: int = 0
    """In SPEAKING, PAUSED and CLASSIFYING: the newest turn that was spoken over the reply."""
    backchannel_s: float = 0.0
    """Seconds of that turn that were found to let the reply go on."""


Step: TypeAlias = tuple[State, tuple[Action, ...]]


def step(state: State, event: ConversationEvent, barge_in_s: float) -> Step:
    """Return the next state and the actions, in their order.

    ``barge_in_s``: seconds of speech over a reply that silence it.
    """
    match event:
        case SpeechStarted(turn=turn) | SpeechContinued(turn=turn):
            if state.phase in (Phase.SPEAKING, Phase.PAUSED, Phase.CLASSIFYING):
                return _speech_over_reply(state, turn, event.voiced_s, barge_in_s)
            return _speech(state, turn)
        case SpeechFaded():
            return state, ()  # nothing is known yet
        case SpeechPaused():
            if state.phase is Phase.PAUSED:
                return replace(state, phase=Phase.CLASSIFYING), (Action.CLASSIFY,)
            return state, ()
        case SpeechTooShort() | SpeechEnded():
            return _speech_ended(state, isinstance(event, SpeechEnded))
        case Classified():
            return _classified(state, event)
        case SoundLost():
            if state.phase is Phase.SPEAKING:
                return State(Phase.LISTENING, state.turn), (Action.INTERRUPT,)
            if state.phase in (Phase.PAUSED, Phase.CLASSIFYING):
                return _interrupt(state)
            return state, ()
        case StopSpeaking():
            if state.phase in (Phase.PAUSED, Phase.CLASSIFYING):
                return _interrupt(state)
            if state.phase is Phase.HEARING:
                return state, ()
            return State(Phase.LISTENING, state.turn), (Action.INTERRUPT,)
        case Typed():
            if state.phase.hears:
                return state, ()  # who speaks goes first
            return State(Phase.THINKING, event.turn), (Action.INTERRUPT, Action.START_REPLY)
        case _ if event.turn != state.turn:
            return state, ()
        case _:
            return _reply(state, event)


def _speech(state: State, turn: int) -> Step:
    """Somebody speaks while there is no sound."""
    if state.phase is Phase.THINKING:
        return State(Phase.HEARING, turn, unanswered=True), (Action.CANCEL_REPLY,)
    return State(Phase.HEARING, turn, state.unanswered), ()


def _speech_over_reply(state: State, turn: int, voiced_s: float, barge_in_s: float) -> Step:
    """Somebody speaks over the reply, or over its silence while it is held."""
    if turn != state.overlapping_turn:
        if state.unanswered:  # they go on where they had only paused
            return State(Phase.HEARING, turn, unanswered=True), (Action.INTERRUPT,)
        spoken = replace(state, overlapping_turn=turn, backchannel_s=0.0)
    else:
        spoken = state
    overlap_s = voiced_s - spoken.backchannel_s
    if state.phase is Phase.SPEAKING:
        if overlap_s < barge_in_s:
            return state, ()
        return replace(spoken, phase=Phase.PAUSED), (Action.PAUSE,)
    if overlap_s >= MAX_OVERLAP_S:
        return _interrupt(spoken)
    return replace(spoken, phase=Phase.PAUSED), ()


def _speech_ended(state: State, words: bool) -> Step:
    """Somebody stopped speaking; ``words`` is False when it was too short to be any."""
    match state.phase:
        case Phase.HEARING if words or state.unanswered:
            return State(Phase.THINKING, state.turn), (Action.START_REPLY,)
        case Phase.HEARING:
            return State(Phase.LISTENING, state.turn), ()
        case Phase.PAUSED | Phase.CLASSIFYING if not words:
            return State(Phase.SPEAKING, state.turn), (Action.RESUME,)
        case Phase.PAUSED:
            return replace(state, phase=Phase.CLASSIFYING, unanswered=True), (Action.CLASSIFY,)
        case Phase.CLASSIFYING:
            return replace(state, unanswered=True), ()
        case _:
            return state, ()  # too short to have silenced the reply


def _classified(state: State, event: Classified) -> Step:
    """Go on with the held reply, or end it."""
    if state.phase is not Phase.CLASSIFYING or event.turn != state.overlapping_turn:
        return state, ()
    if not event.backchannel:
        return _interrupt(state)
    speaking = State(
        Phase.SPEAKING,
        state.turn,
        overlapping_turn=state.overlapping_turn,
        backchannel_s=event.voiced_s,
    )
    return speaking, (Action.RESUME,)


def _interrupt(state: State) -> Step:
    """End a held reply for good: the turn is theirs."""
    if state.unanswered:
        return State(Phase.THINKING, state.overlapping_turn), (Action.INTERRUPT, Action.START_REPLY)
    return State(Phase.HEARING, state.overlapping_turn), (Action.INTERRUPT,)


def _reply(state: State, event: ReplyEvent) -> Step:
    """Follow what the current reply reports."""
    listening = State(Phase.LISTENING, state.turn)
    match state.phase, event:
        case Phase.THINKING, FirstAudible():
            return State(Phase.SPEAKING, state.turn), ()
        case Phase.THINKING | Phase.SPEAKING, ReplyEmpty():
            return listening, ()
        case Phase.THINKING | Phase.SPEAKING, ReplyFinished():
            return listening, (Action.COMMIT,)
        case Phase.THINKING | Phase.SPEAKING, ReplyFailed():
            return State(Phase.SPEAKING, state.turn), (Action.COMMIT, Action.APOLOGISE)
        case Phase.PAUSED | Phase.CLASSIFYING, ReplyFinished() | ReplyFailed():
            return _interrupt(state)  # no apology: the person is speaking
        case _:
            return state, ()
