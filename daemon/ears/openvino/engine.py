"""Whisper's network in OpenVINO: a ``WhisperEngine`` for processors that multiply bfloat16.

Beside CTranslate2 it saves a run of the decoder, as the language is told by the first of its
steps, and it uses a second thread without waiting for one that is held up.
"""

import json
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import openvino as ov
from faster_whisper.feature_extractor import FeatureExtractor
from faster_whisper.tokenizer import _LANGUAGE_CODES, Tokenizer
from numpy.typing import NDArray
from tokenizers import Tokenizer as Vocabulary

from daemon.compiled_network import compile_once
from daemon.ears.openvino.kept import GRAPHS, kept_graphs
from daemon.ears.openvino.model_file import ModelFile
from daemon.ears.whisper_engine import Decoded
from daemon.files import discard
from daemon.media import Samples
from daemon.native import give_pages_back

MULTILINGUAL_TOKENS = 51865  # from so many on; English models have one fewer
NOTHING = np.float32(-np.inf)
NEVER = 1e-30  # a probability whose logarithm is small enough


class OpenVinoWhisper:
    """Loads a CTranslate2 model whose weights are not quantised."""

    def __init__(
        self, directory: Path, threads: int, precision: str = "bf16", keep: Path | None = None
    ) -> None:
        """``threads`` 0 leaves their number to OpenVINO; ``precision``: that of the encoder.

        ``keep`` is where what is made of the weights lies, with the other engines if not told.
        Raises ``ValueError`` for a model that this cannot run, ``OSError`` and ``RuntimeError``.
        """
        model = directory / "model.bin"
        file = ModelFile(model)
        self._layers = file.layers("decoder")
        self._words = file.mapped("decoder/embeddings/weight")
        self._places = file["decoder/position_encodings/encodings"]
        self._precision = precision
        core = ov.Core()
        settings: dict[str, object] = {
            "PERFORMANCE_HINT": "LATENCY",
            "NUM_STREAMS": 1,
            "ENABLE_CPU_PINNING": False,  # a pinned thread waits where another program computes
        }
        if threads:
            settings["INFERENCE_NUM_THREADS"] = threads
        self._kept = kept_graphs(model, file, keep)

        def compiled(name: str, precision: str) -> ov.InferRequest:
            told = {**settings, "INFERENCE_PRECISION_HINT": precision}
            if self._kept:
                network = compile_once(core, self._kept / f"{name}.xml", told)
            else:
                network = core.compile_model(GRAPHS[name](file), "CPU", told)
            return network.create_infer_request()

        try:
            self._encoder, self._decoder = (
                compiled("encoder", precision),
                compiled("decoder", "f32"),
            )
        except RuntimeError:
            if self._kept is None:
                raise
            discard(self._kept)  # damaged: the next start makes it anew
            self._kept = None
            self._encoder, self._decoder = (
                compiled("encoder", precision),
                compiled("decoder", "f32"),
            )
        self.vocabulary = Vocabulary.from_file(str(directory / "tokenizer.json"))
        self.multilingual = len(self._words) >= MULTILINGUAL_TOKENS
        self.features = FeatureExtractor(file.mapped("encoder/conv1/weight").shape[1])
        told = json.loads((directory / "config.json").read_text(encoding="utf-8"))
        self._suppressed = np.array(told["suppress_ids"] or [], np.int64)
        self._suppressed_first = np.array(told["suppress_ids_begin"] or [], np.int64)
        file.give_back()
        self._start = self._token("<|startoftranscript|>")
        self._read = 0  # tokens since the encoder ran
        self._opening: NDArray[np.float32] | None = None  # the scores after the very first of them

    @property
    def numbers(self) -> str:
        """Such as ``OpenVINO, bf16``."""
        return f"OpenVINO, {self._precision}"

    @property
    def languages(self) -> Sequence[str]:
        """Those that Whisper was trained on."""
        known = [code for code in _LANGUAGE_CODES if self.vocabulary.token_to_id(f"<|{code}|>")]
        return known if self.multilingual else ["en"]

    def encode(self, features: Samples) -> None:
        """Run the encoder; the decoder reads its results where they lie."""
        even = features[:, : features.shape[1] // 2 * 2]
        self._encoder.infer({"features": even[None]}, share_inputs=True)
        for layer in range(self._layers):
            for name in (f"keys_{layer}", f"values_{layer}"):
                self._decoder.set_tensor(name, self._encoder.get_tensor(name))
        self._forget()

    def languages_heard(self, among: Sequence[str]) -> dict[str, float]:
        """Return how likely the decoder would write each first."""
        opening = _probabilities(self._open())
        return {code: float(opening[self._token(f"<|{code}|>")]) for code in among}

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
        opening = _probabilities(self._open())
        no_speech = float(opening[tokenizer.no_speech]) if tokenizer.no_speech else 0.0
        if self._read > 1:  # it has written something already
            self._forget()
            self._open()
        scores = self._step([*tokenizer.sot_sequence[1:], tokenizer.no_timestamps])
        tokens: list[int] = []
        forbidden = list(never)
        total = 0.0
        while len(tokens) < most:
            scores[self._suppressed] = NOTHING
            scores[tokenizer.timestamp_begin :] = NOTHING
            if not tokens:
                scores[self._suppressed_first] = NOTHING
            scores[_would_repeat(tokens, no_repeat)] = NOTHING
            scores[forbidden] = NOTHING
            if not ends:
                scores[tokenizer.eot] = NOTHING
            token = int(scores.argmax())
            total += math.log(max(float(_probabilities(scores)[token]), NEVER))
            if token == tokenizer.eot:
                break
            tokens.append(token)
            if len(tokens) < most:
                scores = self._step([token])
        return Decoded(tokens, len(tokens) < most, total / (len(tokens) + 1), no_speech)

    def settle(self) -> None:
        """Give the files' pages back: OpenVINO has laid the weights out anew by now."""
        if self._kept:
            for name in GRAPHS:
                give_pages_back(self._kept / f"{name}.bin")

    def close(self) -> None:
        """Free the model."""
        del self._encoder, self._decoder

    def _forget(self) -> None:
        self._decoder.reset_state()
        self._read, self._opening = 0, None

    def _open(self) -> NDArray[np.float32]:
        """Return the scores after the token that begins every text."""
        if self._opening is None:
            self._opening = self._step([self._start])
        return self._opening

    def _step(self, tokens: Sequence[int]) -> NDArray[np.float32]:
        """Read ``tokens``; return the scores (vocabulary,) of what may follow the last."""
        count, read = len(tokens), self._read
        rows = self._words[tokens].astype(np.float32) + self._places[read : read + count]
        mask = np.triu(np.full((count, read + count), NOTHING), read + 1)
        inputs = {
            "embeddings": rows[None],
            "mask": mask[None, None],
            "beam": np.zeros(1, np.int32),
        }
        found = self._decoder.infer(inputs, share_inputs=True)["logits"]
        self._read += count
        scores: NDArray[np.float32] = found[0, -1].copy()
        return scores

    def _token(self, name: str) -> int:
        """Return its number; ``ValueError`` if the model has none of that name."""
        number = self.vocabulary.token_to_id(name)
        if number is None:
            raise ValueError(f"no token {name}")
        return int(number)


def _probabilities(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    exponents = np.exp(scores - scores.max())
    return np.asarray(exponents / exponents.sum(), np.float32)


def _would_repeat(tokens: list[int], length: int) -> list[int]:
    """Return what may not follow, so that no ``length`` tokens come twice; 0 forbids nothing."""
    if not 0 < length <= len(tokens):
        return []
    last = tokens[len(tokens) - length + 1 :]
    places = range(len(tokens) - length + 1)
    return [tokens[at + length - 1] for at in places if tokens[at : at + length - 1] == last]
