"""What computes Whisper's network, whichever library does, and what one reading of it finds."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from faster_whisper.tokenizer import Tokenizer
from tokenizers import Tokenizer as Vocabulary

from daemon.media import Samples

FRAMES = 3000  # of 10 ms, that the encoder takes at once

# Measured with the base model. Words that were spoken, down to a lone "yes" in noise as loud as the
# voice, had a no-speech probability below 0.5; what it invents from silence, noise or a cough was
# above 0.58, and its mean log probability below -0.9.
NO_SPEECH = 0.55
MIN_LOGPROB = -0.7
UNINTELLIGIBLE = -1.6  # mean log probability of fragments that mean nothing whatever was heard
MIN_REPEATED = 3  # tokens at the end that were just there: fewer are said twice by people, too


@dataclass(frozen=True, slots=True)
class Decoded:
    """What one run of the decoder found."""

    tokens: list[int]
    ended: bool
    """It came to an end by itself."""
    confidence: float
    """Mean log probability of the tokens and the end."""
    no_speech: float
    """Probability that nobody spoke."""

    @property
    def doubtful(self) -> bool:
        """Whether it may be made up."""
        return not self.tokens or self.confidence < MIN_LOGPROB

    @property
    def likelihood(self) -> float:
        """The confidence; none at all in what has no end, no words, or goes in circles."""
        sound = self.ended and self.tokens and not self.repeats
        return self.confidence if sound else -math.inf

    @property
    def meaningless(self) -> bool:
        """Whether nobody said anything."""
        silence = self.no_speech > NO_SPEECH and self.doubtful
        return not self.tokens or silence or self.confidence < UNINTELLIGIBLE

    @property
    def repeats(self) -> bool:
        """Whether the end is what came just before it once more."""
        tokens = self.tokens
        longest = len(tokens) // 2
        return any(tokens[-n:] == tokens[-2 * n : -n] for n in range(MIN_REPEATED, longest + 1))


class WhisperEngine(Protocol):
    """The network on one device; belongs to one thread. What ``encode`` was given last counts."""

    @property
    def numbers(self) -> str:
        """The library and the numbers that it computes in, as a few words."""

    @property
    def languages(self) -> Sequence[str]:
        """The codes of those that the model knows; English alone for some."""

    @property
    def multilingual(self) -> bool:
        """Whether the model is told a language."""

    @property
    def vocabulary(self) -> Vocabulary:
        """The model's tokens."""

    def features(self, samples: Samples) -> Samples:
        """Return the mel spectrogram, float32 (mels, frames), of sound at ``LISTEN_RATE``."""

    def encode(self, features: Samples) -> None:
        """Run the encoder on at most ``FRAMES`` frames."""

    def languages_heard(self, among: Sequence[str]) -> dict[str, float]:
        """Return how likely each of the languages ``among`` is, in proportion."""

    def decode(
        self,
        tokenizer: Tokenizer,
        most: int,
        no_repeat: int = 0,
        never: Sequence[int] = (),
        *,
        ends: bool = True,
    ) -> Decoded:
        """Write at most ``most`` tokens in the tokenizer's language, always the likeliest one.

        No sequence of ``no_repeat`` tokens comes twice, where that is not 0, and none of ``never``
        at all. Without ``ends`` it writes ``most`` tokens, whatever was said: for measuring.
        """

    def settle(self) -> None:
        """Give back what only loading and the first reading needed."""

    def close(self) -> None:
        """Free the model."""
