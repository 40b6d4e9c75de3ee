"""Speech to text: Whisper (Radford et al., 2022, arXiv:2212.04356).

faster-whisper makes the features and the tokens; the network runs in OpenVINO or CTranslate2
(``WhisperEngine``). The decoding is greedy, because one encoder run then serves both the choice of
language and the words.
"""

import logging
import os
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import ctranslate2
import numpy as np
from faster_whisper.audio import pad_or_trim
from faster_whisper.tokenizer import Tokenizer
from opencc import OpenCC

from daemon.config import EarsEngine
from daemon.ears.foreign_tokens import foreign_tokens
from daemon.ears.whisper_ctranslate2 import on_cuda, on_processor
from daemon.ears.whisper_engine import FRAMES, Decoded, WhisperEngine
from daemon.errors import SetupError
from daemon.graphics import OnCard
from daemon.i18n import tr
from daemon.languages import language as known_language
from daemon.media import LISTEN_RATE, Audio, Samples, Transcript
from daemon.processor_load import physical_cores
from daemon.worker import CancelToken

WINDOW_SAMPLES = 30 * LISTEN_RATE  # samples that the encoder takes at once
MAX_THREADS = 8  # beyond that the threads of so small a model wait for each other

# Below this the words are read again with the full window: one utterance in sixteen. Anything from
# -0.35 to -0.55 mends as many; ``MIN_LOGPROB`` was too late for questions of which only half
# was heard.
FULL_WINDOW_LOGPROB = -0.5
# How many languages are read at most, and from which share of the likeliest one's probability on:
# at first, and where the words are in doubt. Of 120 short questions by Kokoro's voices, with eight
# languages configured, 9 were then taken for another language, and 12 with the first for both.
AT_FIRST, IN_DOUBT = (2, 0.1), (3, 0.02)
# How much likelier the language is that was spoken last. In a conversation 7 of those were then
# taken for another language, not 9; after a question in another language 9 of a hundred, not 8.
STAYING = 4.0
# More than anybody speaks: five Chinese characters in a second, of which a rare one takes three.
# Text that comes to no end by then goes in circles. (How well it compresses would not tell: people
# repeat themselves.)
TOKENS_PER_S = 16
SPARE_TOKENS = 16
MAX_TOKENS = 224  # half of Whisper's text context; the other half is for a prompt

# The encoder's work grows with what it is fed. Six seconds beyond the words are enough: with three
# it begins to repeat itself.
SPARE_FRAMES = 600  # of 10 ms

MEASURED_S, MEASURED_TIMES = 4.0, 4  # of speech; the first time also lays weights out
SPOKEN_TOKENS_PER_S = 4  # at the mean of the bench's recordings, in both languages

log = logging.getLogger(__name__)


class Whisper:
    """A ``Recognizer`` for the languages that are configured."""

    def __init__(
        self,
        directory: Path,
        languages: Sequence[str],
        threads: int = 0,
        engine: EarsEngine = "auto",
    ) -> None:
        """Load the CTranslate2 model in ``directory``, on a GPU where there is one.

        ``languages`` are codes of ``daemon/languages``, at least one; ``threads`` 0 takes what is
        best for the engine, at most 8; ``engine`` "auto" is OpenVINO where the processor multiplies
        bfloat16.
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
            self._engine: OnCard[WhisperEngine] = OnCard(
                "whisper",
                partial(on_cuda, directory) if ctranslate2.get_cuda_device_count() else None,
                partial(_on_processor, directory, threads, engine),
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
        return f"{self._engine.device}, {self._network.numbers}"

    @property
    def _network(self) -> WhisperEngine:
        return self._engine.made

    def understand(self, languages: Sequence[str]) -> None:
        """Expect these from now on. Raises ``SetupError`` for one that the model lacks."""
        named = {code: known_language(code).voices.whisper for code in languages}
        unknown = set(named.values()) - set(self._network.languages)
        if unknown:
            raise SetupError(
                tr("The speech recogniser in {directory} does not know: {languages}.").format(
                    directory=self._directory, languages=", ".join(sorted(unknown))
                ),
                fix=tr('Set model = "whisper-base" or languages = ["en"] under [ears].'),
            )
        self._tokenizers = {code: self._tokenizer(name) for code, name in named.items()}
        self._named = named
        self._never = {
            code: foreign_tokens(self._network.vocabulary, known_language(code).writing.only)
            for code in languages
            if known_language(code).writing.only
        }
        self._before = ""  # the language of what was said last

    def warm_up(self) -> None:
        """Run once over a second of silence, with the window that nearly all questions get.

        ``transcribe`` would doubt what it found in there, and take half a second more to run the
        full window, which few questions need.
        """
        network = self._network
        features = network.features(np.zeros(LISTEN_RATE, np.float32))
        network.encode(pad_or_trim(features, features.shape[-1] + SPARE_FRAMES))
        self._decode(self._languages()[0], 1.0)
        network.settle()

    def reading_s(self) -> float:
        """Return the seconds that ``MEASURED_S`` of speech take here: the quickest of some."""
        network = self._network
        noise = np.random.default_rng(0).standard_normal(round(MEASURED_S * LISTEN_RATE))
        samples = (noise * 0.01).astype(np.float32)
        taken = []
        for _ in range(MEASURED_TIMES):
            begin = time.perf_counter()
            features = network.features(samples)
            network.encode(pad_or_trim(features, features.shape[-1] + SPARE_FRAMES))
            tokenizer = self._tokenizers[self._languages()[0]]
            network.decode(tokenizer, round(MEASURED_S * SPOKEN_TOKENS_PER_S), ends=False)
            taken.append(time.perf_counter() - begin)
        return min(taken)

    def close(self) -> None:
        """Free the model."""
        self._network.close()

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
            self._before = language if text else self._before
        between = " " if known_language(language).writing.spaced else ""
        return Transcript(between.join(filter(None, texts)), language)

    def _words(
        self, samples: Samples, language: str, cancel: CancelToken, network: WhisperEngine
    ) -> tuple[str, str]:
        """Return the words and their language; ``language`` is used where it is not empty.

        The encoder is fed a little more than was said; what then is not beyond doubt is heard again
        as the model was trained, with silence up to half a minute. That reading tells whether
        anybody spoke; the words are those of the likelier one.
        """
        features = network.features(samples)
        seconds = len(samples) / LISTEN_RATE
        readings: list[tuple[Decoded, str]] = []
        little = min(FRAMES, features.shape[-1] + SPARE_FRAMES)
        for frames, reach in ((little, AT_FIRST), (FRAMES, IN_DOUBT)):
            cancel.check()
            network.encode(pad_or_trim(features, frames))
            cancel.check()
            candidates = [language] if language else self._languages(*reach)
            window = [(self._decode(code, seconds), code) for code in candidates]
            heard, spoken = max(window, key=lambda reading: reading[0].likelihood)
            readings += window
            if heard.likelihood >= FULL_WINDOW_LOGPROB:
                break
        if not heard.ended:
            heard = self._decode(spoken, seconds, no_repeat=3)
            readings.append((heard, spoken))
        if not heard.ended or heard.meaningless:
            return "", spoken
        heard, spoken = max(reversed(readings), key=lambda reading: reading[0].likelihood)
        text = str(self._tokenizers[spoken].decode(heard.tokens)).strip()
        return str(self._simplified.convert(text)) if spoken == "zh" else text, spoken

    def _languages(self, most: int = 1, share: float = 1.0) -> list[str]:
        """Return the likeliest of the configured languages, and those that it may be instead.

        They are ``most`` at most, each at least ``share`` as likely as the first. Between English
        and Chinese there is no doubt; between Spanish, Italian and Portuguese a short question
        leaves some, and its words read best in its own language. The language that was spoken last
        is the likeliest from the start.
        """
        known = list(self._tokenizers)
        if len(known) == 1:
            return known
        heard = self._network.languages_heard([self._named[code] for code in known])
        likely = {
            code: heard[self._named[code]] * (STAYING if code == self._before else 1.0)
            for code in known
        }
        known.sort(key=lambda code: -likely[code])
        if set(known[:2]) == {"en", "zh"}:
            return known[:1]
        return [code for code in known[:most] if likely[code] >= share * likely[known[0]]]

    def _decode(self, language: str, seconds: float, no_repeat: int = 0) -> Decoded:
        most = min(MAX_TOKENS, SPARE_TOKENS + round(seconds * TOKENS_PER_S))
        never = self._never.get(language, ())
        return self._network.decode(self._tokenizers[language], most, no_repeat, never)

    def _tokenizer(self, language: str) -> Tokenizer:
        network = self._network
        return Tokenizer(network.vocabulary, network.multilingual, "transcribe", language)


def _on_processor(directory: Path, threads: int, engine: EarsEngine) -> WhisperEngine:
    """Load it in the library that is set; in CTranslate2 where ``auto`` cannot have OpenVINO."""
    from daemon.ears.openvino.support import supports_bf16

    if engine == "openvino" or (engine == "auto" and supports_bf16()):
        from daemon.ears.openvino.engine import OpenVinoWhisper

        precision = "bf16" if supports_bf16() else "f32"
        try:
            return OpenVinoWhisper(
                directory, threads or min(MAX_THREADS, physical_cores()), precision
            )
        except (ValueError, KeyError, RuntimeError) as error:
            if engine == "openvino":
                raise
            log.info("the speech recogniser in %s is not for OpenVINO: %s", directory, error)
    return on_processor(directory, threads or _half_of_the_cores())


def _half_of_the_cores() -> int:
    """Return what suits CTranslate2: two are as quick as one, and slower beside a program."""
    return max(1, min(MAX_THREADS, len(os.sched_getaffinity(0)) // 2))
