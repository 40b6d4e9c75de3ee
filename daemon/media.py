"""The values that travel between the parts. All are frozen; nobody changes what another has sent.

Positions are integer sample counts on a named clock, durations in seconds end in ``_s``.
Two clocks exist. The *microphone clock* counts samples heard since the ears opened, at
``LISTEN_RATE``. The *reply clock* counts samples of one reply's speech, at ``SPEAK_RATE``, and
starts at zero with every reply.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
import soxr
from numpy.typing import NDArray

from daemon.expression import Cue, Felt
from daemon.json_object import JsonObject as JsonObject

LISTEN_RATE = 16_000  # Hz: what webrtcvad, Silero, Smart Turn and Whisper all expect
SPEAK_RATE = 48_000  # Hz: the native rate of most sound hardware, and of video calls

Samples = NDArray[np.float32]
"""Mono sound: float32, shape (n,), in [-1, 1]."""

Image = NDArray[np.uint8]
"""A picture: uint8, shape (height, width, 3), RGB."""

Mouth = Any
"""What a face needs to draw one frame's mouth: a few numbers, or a small painted face. Nobody but
the face that made it looks inside."""


@dataclass(frozen=True, slots=True)
class Phone:
    """A speech sound, and when it is heard."""

    symbol: str
    """Letters of IPA: several share the time. A punctuation mark is a pause; anything else, such as
    a tone or the mark of a long vowel, prolongs what was before it."""
    start: int
    end: int
    """One past its last sample."""

    def moved(self, samples: int) -> "Phone":
        """Return it so many samples later."""
        return Phone(self.symbol, self.start + samples, self.end + samples)


@dataclass(frozen=True, slots=True)
class Audio:
    """A piece of sound."""

    samples: Samples
    rate: int
    """Samples per second."""
    phones: tuple[Phone, ...] = ()
    """What is spoken when, counted from the first sample, in order; empty where nobody knows.

    A sentence that comes in pieces tells all of its phones with the first, so that who moves lips
    can look ahead: they may lie beyond the piece's end.
    """

    @property
    def seconds(self) -> float:
        """The duration."""
        return len(self.samples) / self.rate

    def at_rate(self, rate: int) -> "Audio":
        """Return the same sound at another rate (band-limited, by soxr's high quality)."""
        if rate == self.rate:
            return self
        made = np.asarray(soxr.resample(self.samples, self.rate, rate), np.float32)
        return Audio(made, rate, self.phones_at(rate))

    def phones_at(self, rate: int) -> tuple[Phone, ...]:
        """Return the phones with their places counted at another rate."""
        scaled = rate / self.rate
        return tuple(
            Phone(phone.symbol, round(phone.start * scaled), round(phone.end * scaled))
            for phone in self.phones
        )

    def shaped(self, samples: Samples) -> "Audio":
        """Return other sound for the same words, as long and at the same rate."""
        return replace(self, samples=samples)


def joined(pieces: Sequence[Audio]) -> Audio:
    """Return pieces of one rate, at least one, as one piece."""
    start, phones = 0, list[Phone]()
    for piece in pieces:
        phones += [phone.moved(start) for phone in piece.phones]
        start += len(piece.samples)
    samples = np.concatenate([piece.samples for piece in pieces])
    return Audio(samples, pieces[0].rate, tuple(phones))


@dataclass(frozen=True, slots=True)
class Utterance:
    """What a person said in one turn."""

    turn: int
    audio: Audio
    """At ``LISTEN_RATE``, pre-roll included."""
    start: int
    """Microphone clock: the first sample of ``audio``."""
    end: int
    """Microphone clock: one past the last *voiced* sample; ``audio`` may run a little longer."""


@dataclass(frozen=True, slots=True)
class Transcript:
    """The words of an utterance."""

    text: str
    """Empty when nothing was said."""
    language: str
    """An ISO 639-1 code such as ``en`` or ``zh``."""


@dataclass(frozen=True, slots=True)
class Message:
    """One entry of a chat."""

    role: Literal["system", "user", "assistant", "tool"]
    content: str
    calls: tuple["ToolCall", ...] = ()
    """What the assistant asked to be done."""
    answers: str = ""
    """Of a tool's message: the ``id`` of the call."""
    pictures: "tuple[Picture, ...]" = ()
    """Of a tool's message: what it returned beside words, for models that see."""
    example: bool = False
    """It shows how somebody talks: nobody said it in this conversation."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as a file holds it, for a language model."""

    kind: str
    """Its media type, such as ``image/png``."""
    content: bytes


@dataclass(frozen=True, slots=True)
class Tool:
    """Something that a language model may ask to be done."""

    name: str
    description: str
    parameters: Mapping[str, Any]
    """JSON Schema of its arguments."""


@dataclass(frozen=True, slots=True)
class ToolCall:
    """What a language model asks to be done."""

    id: str
    name: str
    arguments: str
    """JSON, as the model wrote it: it may be none."""


@dataclass(slots=True)
class CalledTool:
    """A tool that was called for an answer."""

    tool: str
    server: str
    """Whose it is; empty for one that there is not."""
    outcome: Literal["calling", "done", "failed", "late", "refused", "cancelled"] = "calling"
    """``late`` is one that did not answer in time."""


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What a tool returned, or why it did not."""

    text: str
    """What the model is told."""
    pictures: tuple[Picture, ...] = ()


@dataclass(frozen=True, slots=True)
class Sentence:
    """A piece of a reply that is spoken in one go: a sentence, or its first clause."""

    index: int
    """Counts from 0 within a reply."""
    text: str
    """As it is to be spoken: no Markdown, no emoji."""
    opener: bool = False
    """Whether it is only the first few words, which the rest has to follow at once."""
    feelings: tuple[Felt, ...] = field(default=(), compare=False)
    """What its words are to be said with, in order."""


@dataclass(frozen=True, slots=True)
class Speech:
    """A spoken sentence, or a part of one, with its place in the reply."""

    turn: int
    sentence: Sentence
    start: int
    """Reply clock: the sum of all earlier speech, so it is known before anything plays."""
    audio: Audio
    """At ``SPEAK_RATE``."""


@dataclass(frozen=True, slots=True)
class FaceFrame:
    """The mouth of one moment of a reply.

    It carries the mouth and not the whole picture: the head goes on breathing and blinking on the
    camera's own clock, so that nothing jumps when a reply begins or ends, and a second of frames
    waiting for their sound weighs kilobytes instead of 70 MB.
    """

    turn: int
    at: int
    """Reply clock: the sample at which it is to be shown."""
    mouth: Mouth
    cue: Cue = field(default_factory=Cue)
    """What it asks of the rest of the face."""
