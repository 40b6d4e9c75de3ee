"""What a sentence means, as a vector: alike in English and Chinese, and in other words.

Google's Universal Sentence Encoder in its multilingual edition, the quick one of convolutions (Yang
et al. 2019, "Multilingual Universal Sentence Encoder for Semantic Retrieval"), in numpy: the words
that stand together in twos, threes and fives, summed over the sentence. Its table of 128 000 word
pieces is kept as bytes, as it comes, and only the rows of a sentence are made numbers of.
"""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

WEIGHT = "sentence-encoder"
WIDTH = 512  # of a vector
MAX_PIECES = 128  # of a text, some 90 words: what follows says little more
_TABLES = 17  # over which the rows of the pieces are spread, each with a scale of its own
_CHANNELS = 256
# Pieces that are looked at together, and how many of them come before the one in question.
_WINDOWS = ((2, 0), (3, 1), (5, 2))

Vector: TypeAlias = NDArray[np.float32]


class SentenceEncoder:
    """Belongs to one thread."""

    def __init__(self, folder: Path) -> None:
        """Read ``weights.npz`` and ``sp.model``: half a second, 75 MB."""
        from sentencepiece import SentencePieceProcessor

        self._pieces = SentencePieceProcessor(model_file=str(folder / "sp.model"))
        with np.load(folder / "weights.npz", allow_pickle=False) as found:
            tables = [found[f"q{number + 1}"] for number in range(_TABLES)]
            self._table = np.stack(tables, axis=1).reshape(-1, WIDTH)
            weights = {name: found[name] for name in found.files if not name.startswith("q")}
        self._weights: Mapping[str, Vector] = weights
        self._tiny = float(weights["eps"])

    def encode(self, text: str) -> Vector:
        """Return what ``text`` means: (512,), of length 1; the cosine of two is their product."""
        ids = self._pieces.encode(text, add_bos=True, add_eos=True)[:MAX_PIECES]
        words = self._words(np.array(ids))
        w = self._weights
        features = self._normed(np.concatenate((words, *self._context(words)), axis=1), "")
        count = len(ids)
        summed = (features.sum(axis=0) @ w["cnn_W"] + count * w["cnn_b"]) / math.sqrt(count)
        first = np.maximum(summed @ w["d0"], 0)
        second = np.maximum(summed @ w["p1"] + first @ w["d1"], 0)
        third = np.maximum(second @ w["d2"], 0)
        vector: Vector = np.tanh(second @ w["p3"] + third @ w["d3"])
        return vector / max(float(np.linalg.norm(vector)), self._tiny)

    def _words(self, ids: NDArray[np.int64]) -> Vector:
        """Return the pieces' own vectors, (pieces, 512)."""
        table = ids % _TABLES
        scale, lowest = self._weights["scale"][table], self._weights["lo"][table]
        words: Vector = self._table[ids] * scale[:, None] + lowest[:, None]
        return words

    def _context(self, words: Vector) -> Sequence[Vector]:
        """Return what each piece means among its neighbours, (pieces, 256) for each window."""
        w, found = self._weights, []
        shown = [words @ w[f"proj{size}"] + w[f"proj_b{size}"] for size, _ in _WINDOWS]
        gain, bias = (
            np.concatenate([w[f"{part}{size}"] for size, _ in _WINDOWS])
            for part in ("ln_g", "ln_b")
        )
        shown = np.split(self._layer_norm(np.concatenate(shown, axis=1), gain, bias), 3, axis=1)
        for x, (size, before) in zip(shown, _WINDOWS, strict=True):
            for layer in (1, 2):
                near = _neighbours(x, size, before)
                x = x + np.maximum(near @ w[f"w{layer}_{size}"] + w[f"b{layer}_{size}"], 0)
            found.append(x)
        return found

    def _normed(self, x: Vector, name: str) -> Vector:
        return self._layer_norm(x, self._weights[f"ln_g{name}"], self._weights[f"ln_b{name}"])

    def _layer_norm(self, x: Vector, gain: Vector, bias: Vector) -> Vector:
        x = x - x.mean(axis=1, keepdims=True)
        normed: Vector = x / np.sqrt(np.square(x).mean(axis=1, keepdims=True) + self._tiny)
        return normed * gain + bias


def _neighbours(x: Vector, size: int, before: int) -> Vector:
    """Return each row with those around it, (rows, size · width); zeros beyond both ends."""
    padded = np.pad(x, ((before, size - 1 - before), (0, 0)))
    return np.concatenate([padded[shift : shift + len(x)] for shift in range(size)], axis=1)
