"""Speech to text: Whisper (Radford et al., 2022, arXiv:2212.04356) through faster-whisper.

faster-whisper loads the model and makes its features; the decoding here is greedy and its own,
because one encoder run then serves both the choice of language and the words.
"""

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import ctranslate2
import numpy as np
from faster_whisper import WhisperModel
from faster_whisper.audio import pad_or_trim
from faster_whisper.tokenizer import Tokenizer
from opencc import OpenCC

from daemon.errors import SetupError
from daemon.graphics import OnCard
from daemon.i18n import tr
from daemon.languages import language as known_language
from daemon.media import LISTEN_RATE, Audio, Samples, Transcript
from daemon.worker import CancelToken

WINDOW_SAMPLES = 30 * LISTEN_RATE  # samples that the encoder takes at once
MAX_THREADS = 8  # beyond that the threads of so small a model wait for each other

# Measured with the base model. Words that were spoken, down to a lone "yes" in noise as loud as the
# voice, had a no-speech probability below 0.5; what it invents from silence, noise or a cough was
# above 0.58, and its mean log probability below -0.9.
NO_SPEECH = 0.55
MIN_LOGPROB = -0.7
# Below this the words are read again with the full window: one utterance in sixteen. Anything from
# -0.35 to -0.55 mends as many; ``MIN_LOGPROB`` was too late for questions of which only half
# was heard.
FULL_WINDOW_LOGPROB = -0.5
UNINTELLIGIBLE = -1.6  # mean log probability of fragments that mean nothing whatever was heard
# More than anybody speaks: five Chinese characters in a second, of which a rare one takes three.
# Text that comes to no end by then goes in circles. (How well it compresses would not tell: people
# repeat themselves.)
TOKENS_PER_S = 16
SPARE_TOKENS = 16
MAX_TOKENS = 224  # half of Whisper's text context; the other half is for a prompt

# The encoder's work grows with what it is fed. Six seconds beyond the words are enough: with three
# it begins to repeat itself.
FRAMES = 3000  # of 10 ms
SPARE_FRAMES = 600
MIN_REPEATED = 3  # tokens at the end that were just there: fewer are said twice by people, too


@dataclass(frozen=True, slots=True)
class _Decoded:
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
        return not self.tokens or self.confidence < MIN_LOGPROB

    @property
    def likelihood(self) -> float:
        """The confidence; none at all in what has no end, no words, or goes in circles."""
        sound = self.ended and self.tokens and not self.repeats
        return self.confidence if sound else -math.inf

    @property
    def meaningless(self) -> bool:
        silence = self.no_speech > NO_SPEECH and self.doubtful
        return not self.tokens or silence or self.confidence < UNINTELLIGIBLE

    @property
    def repeats(self) -> bool:
        """Whether the end is what came just before it once more."""
        tokens = self.tokens
        longest = len(tokens) // 2
        return any(tokens[-n:] == tokens[-2 * n : -n] for n in range(MIN_REPEATED, longest + 1))


class Whisper:
    """A ``Recognizer`` for the languages that are configured."""

    def __init__(self, directory: Path, languages: Sequence[str], threads: int = 0) -> None:
        """Load the CTranslate2 model in ``directory``, on a GPU where there is one.

        ``languages`` are codes of ``daemon/languages``, at least one; ``threads`` 0 takes half
        of the cores, at most 8.
        Raises ``SetupError`` for a missing or damaged model, or one that lacks a language.
        """
        for name in ("model.bin", "config.json", "tokenizer.json"):
            # Without this faster-whisper would look for what is missing on the network.
            if not (directory / name).is_file():
                raise SetupError(
                    tr("The speech recogniser in {directory} has no {file}.").format(
                        directory=directory, file=name
                    ),
                    fix="digital-life models pull",
                )
        try:
            self._engine = OnCard(
                "whisper",
                partial(_on_cuda, directory) if ctranslate2.get_cuda_device_count() else None,
                partial(_on_processor, directory, threads or _threads()),
                "CUDA",
            )
        except Exception as error:  # the tokenizer's errors are of no narrower class
            raise SetupError(
                tr("The speech recogniser in {directory} cannot be loaded: {reason}").format(
                    directory=directory, reason=error
                ),
                fix="digital-life models verify",
            ) from error
        # Whisper writes Chinese in whichever script it saw more of; readers here expect simplified.
        self._simplified = OpenCC("t2s")
        self._directory = directory
        self.understand(languages)

    @property
    def device(self) -> str:
        """Where it computes, and in which numbers."""
        return f"{self._engine.device}, {self._model.model.compute_type}"

    @property
    def _model(self) -> WhisperModel:
        return self._engine.made

    def understand(self, languages: Sequence[str]) -> None:
        """Expect these from now on. Raises ``SetupError`` for one that the model lacks."""
        named = {code: known_language(code).voices.whisper for code in languages}
        unknown = set(named.values()) - set(self._model.supported_languages)
        if unknown:
            raise SetupError(
                tr("The speech recogniser in {directory} does not know: {languages}.").format(
                    directory=self._directory, languages=", ".join(sorted(unknown))
                ),
                fix=tr('Set model = "whisper-base" or languages = ["en"] under [ears].'),
            )
        self._tokenizers = {code: self._tokenizer(name) for code, name in named.items()}
        self._named = named

    def warm_up(self) -> None:
        """Run once over a second of silence, with the window that nearly all questions get.

        ``transcribe`` would doubt what it found in there, and take half a second more to run the
        full window, which few questions need.
        """
        features = self._model.feature_extractor(np.zeros(LISTEN_RATE, np.float32))
        encoded = self._model.encode(pad_or_trim(features, features.shape[-1] + SPARE_FRAMES))
        self._decode(encoded, self._language(encoded), 1.0)

    def close(self) -> None:
        """Free the model."""
        self._model.model.unload_model()

    def transcribe(self, audio: Audio, cancel: CancelToken) -> Transcript:
        """Return the words in ``audio`` (any length); empty text for silence, noise or a cough.

        Raises ``Cancelled`` between two steps of the work once ``cancel`` is set.
        """
        samples = audio.at_rate(LISTEN_RATE).samples
        language = ""
        texts = []
        for start in range(0, max(1, len(samples)), WINDOW_SAMPLES):
            window = samples[start : start + WINDOW_SAMPLES]
            text, language = self._engine.run(partial(self._words, window, language, cancel))
            texts.append(text)
        between = " " if known_language(language).writing.spaced else ""
        return Transcript(between.join(filter(None, texts)), language)

    def _words(
        self, samples: Samples, language: str, cancel: CancelToken, _model: WhisperModel
    ) -> tuple[str, str]:
        """Return the words and their language; ``language`` is used where it is not empty.

        The encoder is fed a little more than was said; what then is not beyond doubt is heard again
        as the model was trained, with silence up to half a minute. That reading tells whether
        anybody spoke; the words are those of the likelier one.
        """
        features = self._model.feature_extractor(samples)
        seconds = len(samples) / LISTEN_RATE
        readings: list[tuple[_Decoded, str]] = []
        for frames in (min(FRAMES, features.shape[-1] + SPARE_FRAMES), FRAMES):
            cancel.check()
            encoded = self._model.encode(pad_or_trim(features, frames))
            cancel.check()
            spoken = language or self._language(encoded)
            heard = self._decode(encoded, spoken, seconds)
            readings.append((heard, spoken))
            if heard.likelihood >= FULL_WINDOW_LOGPROB:
                break
        if not heard.ended:
            heard = self._decode(encoded, spoken, seconds, no_repeat_ngram_size=3)
            readings.append((heard, spoken))
        if not heard.ended or heard.meaningless:
            return "", spoken
        heard, spoken = max(reversed(readings), key=lambda reading: reading[0].likelihood)
        text = str(self._tokenizers[spoken].decode(heard.tokens)).strip()
        return str(self._simplified.convert(text)) if spoken == "zh" else text, spoken

    def _language(self, encoded: ctranslate2.StorageView) -> str:
        """Return the likeliest of the configured languages."""
        if len(self._tokenizers) == 1:
            return next(iter(self._tokenizers))
        (found,) = self._model.model.detect_language(encoded)
        likelihood = {token.strip("<|>"): probability for token, probability in found}
        return max(self._tokenizers, key=lambda code: likelihood.get(self._named[code], 0.0))

    def _decode(
        self, encoded: ctranslate2.StorageView, language: str, seconds: float, **options: object
    ) -> "_Decoded":
        tokenizer = self._tokenizers[language]
        prompt = [*tokenizer.sot_sequence, tokenizer.no_timestamps]
        most = min(MAX_TOKENS, SPARE_TOKENS + round(seconds * TOKENS_PER_S))
        (result,) = self._model.model.generate(
            encoded,
            [prompt],
            beam_size=1,
            max_length=2 * most,  # CTranslate2 leaves half of it to the prompt
            return_scores=True,
            return_no_speech_prob=True,
            **options,
        )
        tokens = result.sequences_ids[0]
        # The score is the sum over the tokens and the end mark, divided by the tokens alone.
        confidence = result.scores[0] * len(tokens) / (len(tokens) + 1)
        return _Decoded(tokens, len(tokens) < most, confidence, result.no_speech_prob)

    def _tokenizer(self, language: str) -> Tokenizer:
        model = self._model
        return Tokenizer(model.hf_tokenizer, model.model.is_multilingual, "transcribe", language)


def _on_cuda(directory: Path) -> WhisperModel:
    """Load it in the quickest numbers that the card has, and try: libraries may be missing."""
    model = WhisperModel(str(directory), device="cuda", compute_type="auto")
    model.encode(np.zeros((model.model.n_mels, FRAMES), np.float32))
    return model


def _on_processor(directory: Path, threads: int) -> WhisperModel:
    return WhisperModel(str(directory), device="cpu", compute_type="int8", cpu_threads=threads)


def _threads() -> int:
    """Return half of the cores: two threads are as quick as one, and slower beside a program."""
    return max(1, min(MAX_THREADS, len(os.sched_getaffinity(0)) // 2))
