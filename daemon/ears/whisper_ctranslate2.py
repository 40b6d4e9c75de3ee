"""Whisper's network in CTranslate2, as faster-whisper loads it: on any processor, or a card."""

from collections.abc import Sequence
from pathlib import Path

import ctranslate2
import numpy as np
from faster_whisper import WhisperModel
from faster_whisper.tokenizer import Tokenizer
from tokenizers import Tokenizer as Vocabulary

from daemon.ears.whisper_engine import FRAMES, Decoded
from daemon.media import Samples

MODELS_OWN = -1  # the tokens that the model's config.json forbids


class CTranslate2Engine:
    """A ``WhisperEngine``."""

    def __init__(self, model: WhisperModel) -> None:
        self._model = model
        self._encoded: ctranslate2.StorageView | None = None

    @property
    def numbers(self) -> str:
        """Such as ``int8``."""
        return str(self._model.model.compute_type)

    @property
    def languages(self) -> Sequence[str]:
        """Those of the model."""
        return list(self._model.supported_languages)

    @property
    def multilingual(self) -> bool:
        """Whether the model is told a language."""
        return bool(self._model.model.is_multilingual)

    @property
    def vocabulary(self) -> Vocabulary:
        """The model's tokens."""
        return self._model.hf_tokenizer  # type: ignore[no-any-return]

    def features(self, samples: Samples) -> Samples:
        """Return the mel spectrogram."""
        return self._model.feature_extractor(samples)  # type: ignore[no-any-return]

    def encode(self, features: Samples) -> None:
        """Run the encoder."""
        self._encoded = self._model.encode(features)

    def languages_heard(self, among: Sequence[str]) -> dict[str, float]:
        """Return their probabilities among all languages."""
        (found,) = self._model.model.detect_language(self._encoded)
        likelihood = {token.strip("<|>"): probability for token, probability in found}
        return {code: likelihood.get(code, 0.0) for code in among}

    def decode(
        self,
        tokenizer: Tokenizer,
        most: int,
        no_repeat: int = 0,
        never: Sequence[int] = (),
        *,
        ends: bool = True,
    ) -> Decoded:
        """Write the likeliest tokens."""
        (result,) = self._model.model.generate(
            self._encoded,
            [[*tokenizer.sot_sequence, tokenizer.no_timestamps]],
            beam_size=1,
            max_length=2 * most,  # CTranslate2 leaves half of it to the prompt
            return_scores=True,
            return_no_speech_prob=True,
            no_repeat_ngram_size=no_repeat,
            suppress_tokens=[MODELS_OWN, *never, *(() if ends else (tokenizer.eot,))],
        )
        tokens = result.sequences_ids[0]
        # The score is the sum over the tokens and the end mark, divided by the tokens alone.
        confidence = result.scores[0] * len(tokens) / (len(tokens) + 1)
        return Decoded(tokens, len(tokens) < most, confidence, result.no_speech_prob)

    def settle(self) -> None:
        """Nothing is left over."""

    def close(self) -> None:
        """Free the model."""
        self._model.model.unload_model()


def on_cuda(directory: Path) -> CTranslate2Engine:
    """Load it in the quickest numbers that the card has, and try: libraries may be missing."""
    model = WhisperModel(str(directory), device="cuda", compute_type="auto")
    model.encode(np.zeros((model.model.n_mels, FRAMES), np.float32))
    return CTranslate2Engine(model)


def on_processor(directory: Path, threads: int) -> CTranslate2Engine:
    """Load it in 8 bits."""
    return CTranslate2Engine(
        WhisperModel(str(directory), device="cpu", compute_type="int8", cpu_threads=threads)
    )
