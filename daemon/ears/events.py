"""What the ears notice. Positions are samples on the microphone's clock."""

from dataclasses import dataclass

from daemon.media import Utterance


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    """Enough speech was heard for a turn to begin."""

    turn: int
    at: int
    """Microphone clock: where the speech began, ``min_speech_s`` and more ago."""
    voiced_s: float
    """Seconds of speech so far, pauses left out."""


@dataclass(frozen=True, slots=True)
class SpeechContinued:
    """One more chunk of speech in a turn that has started."""

    turn: int
    at: int
    """Microphone clock: one past the chunk."""
    voiced_s: float
    """Seconds of speech so far, pauses left out."""
    so_far: Utterance | None = None
    """Now and then, what was said so far, where whose voice it is has to be known meanwhile."""


@dataclass(frozen=True, slots=True)
class SpeechFaded:
    """A moment of silence: too short to tell an end from a breath, long enough to begin reading."""

    utterance: Utterance
    """What was said so far; if nothing follows, it ends where ``SpeechEnded`` will say."""
    at: int
    """Microphone clock: where this was noticed."""


@dataclass(frozen=True, slots=True)
class SpeechPaused:
    """The person has been silent for ``pause_s``, and may go on or may have finished."""

    utterance: Utterance
    """What was said so far."""
    at: int
    """Microphone clock: where this was noticed."""
    voiced_s: float
    """Seconds of speech so far, pauses left out."""


@dataclass(frozen=True, slots=True)
class SpeechTooShort:
    """The turn that had started is over and was shorter than a word: a cough, a door."""

    turn: int
    at: int
    """Microphone clock: one past its last voiced sample."""


@dataclass(frozen=True, slots=True)
class SpeechEnded:
    """The person has finished."""

    utterance: Utterance
    at: int
    """Microphone clock: where this was noticed; the silence since its end was waited for."""
    sure: bool = True
    """It sounded finished; else only the silence says so, and the words have to tell."""


EarEvent = (
    SpeechStarted | SpeechContinued | SpeechFaded | SpeechPaused | SpeechTooShort | SpeechEnded
)
