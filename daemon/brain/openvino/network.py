"""A language model's network in OpenVINO, which reads tokens and remembers what it has read."""

import ctypes
import logging
import math
import mmap
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
import openvino as ov
from gguf import GGMLQuantizationType, dequantize
from numpy.typing import NDArray

from daemon.brain.openvino.token_tree import ROOT, TokenTree
from daemon.media import JsonObject
from daemon.worker import CancelToken

log = logging.getLogger(__name__)

Floats = NDArray[np.float32]

COMPILED = "compiled"
"""The folder beside the weights that keeps what was made of the network for this processor."""
BATCH = 128  # tokens read between two looks at whether to go on; 2 s on a slow machine
SPARE_SLOTS = 1024  # beside those of one whole context: for prompts that begin otherwise
NOTHING = np.float32(-np.inf)


class DecoderNetwork:
    """A converted model (``conversion.py``); belongs to one thread.

    ``threads`` 0 leaves their number to OpenVINO. Raises ``RuntimeError`` or ``OSError`` when it
    cannot be loaded.
    """

    def __init__(self, folder: Path, told: JsonObject, context_tokens: int, threads: int) -> None:
        self.context_tokens = context_tokens
        settings: dict[str, object] = {
            "INFERENCE_PRECISION_HINT": "f32",  # bf16 was no faster on a processor that has it
            "PERFORMANCE_HINT": "LATENCY",
            "NUM_STREAMS": 1,
            "KV_CACHE_PRECISION": "f16",
            "ENABLE_CPU_PINNING": False,  # a pinned thread waits where another program computes
        }
        if threads:
            settings["INFERENCE_NUM_THREADS"] = threads
        self._weights = folder / "model.bin"
        self._request = _compiled(folder, settings).create_infer_request()
        self._tree = TokenTree()
        self._limit = context_tokens + SPARE_SLOTS
        words = told["embeddings"]
        self._rows = np.memmap(
            told["model"], np.uint8, "r", words["offset"], (words["rows"], words["bytes"])
        )
        self._kind = GGMLQuantizationType(words["kind"])
        turns = np.arange(0, told["head_size"], 2) / told["head_size"]
        self._speeds = told["rope_base"] ** -turns / np.array(told["rope_factors"] or 1.0)
        self.tokens_read = 0
        """How many tokens were read since it was loaded; what is remembered is not read again."""

    def read(self, tokens: Sequence[int], cancel: CancelToken) -> Floats:
        """Return the scores (vocabulary,) of what may follow ``tokens``, which must be some.

        Raises ``Cancelled`` between two batches; what was read until then is remembered.
        """
        way = self._tree.match(tokens[:-1])
        if len(self._tree) + len(tokens) - len(way) > self._limit:
            self._make_room(len(tokens))
            way = self._tree.match(tokens[:-1])
        rest = tokens[len(way) :]
        for start in range(0, len(rest), BATCH):
            cancel.check()
            scores = self._infer(way, rest[start : start + BATCH])
        return scores

    def settle(self) -> None:
        """Give the file's pages back: OpenVINO has laid the weights out anew by now."""
        with suppress(OSError, ValueError):
            _give_back(self._weights)

    def close(self) -> None:
        """Free the model."""
        del self._request, self._rows

    def _infer(self, way: list[int], tokens: Sequence[int]) -> Floats:
        """Read ``tokens`` after those of the slots ``way``, which grows by them."""
        count, held = len(tokens), len(self._tree)
        mask = np.full((1, 1, count, held + count), NOTHING, np.float32)
        mask[..., way] = 0
        mask[..., held:] = np.triu(mask[0, 0, :, held:], 1) if count > 1 else 0
        angles = np.arange(len(way), len(way) + count)[:, None] * self._speeds
        angles = np.concatenate([angles, angles], 1)[None, None]
        rows = dequantize(self._rows[np.asarray(tokens)], self._kind)
        inputs = {
            "embeddings": rows[None],
            "cos": np.cos(angles).astype(np.float32),
            "sin": np.sin(angles).astype(np.float32),
            "mask": mask,
            "beam": np.zeros(1, np.int32),
        }
        scores: Floats = self._request.infer(inputs, share_inputs=True)["logits"][0, 0].copy()
        way += self._tree.append(way[-1] if way else ROOT, tokens)
        self.tokens_read += count
        return scores

    def _make_room(self, need: int) -> None:
        """Forget what was not used for longest, so that ``need`` tokens fit."""
        stay = self._tree.keep(max(0, self._limit - need))
        for state in self._request.query_state():
            kept = np.ascontiguousarray(state.state.data[:, :, stay])
            state.state = ov.Tensor(kept)


def _compiled(folder: Path, settings: dict[str, object]) -> ov.CompiledModel:
    """Compile the network, or take what was kept of that: 0.45 s of processor time, or 0.06 s.

    What is kept has no weights: one megabyte for half a billion of them. OpenVINO compiles anew
    what was made by another version, for another processor, or is damaged.
    """
    core, network = ov.Core(), str(folder / "model.xml")
    kept = {"CACHE_DIR": str(folder / COMPILED), "CACHE_MODE": "OPTIMIZE_SIZE"}
    try:
        return core.compile_model(network, "CPU", settings | kept)
    except RuntimeError as error:  # the disk is full, or not ours
        log.debug("what was compiled cannot be kept: %s", str(error).partition("\n")[0])
        return core.compile_model(network, "CPU", settings)


def log_softmax(scores: Floats) -> Floats:
    """Return the logarithms of the probabilities."""
    top = float(scores.max())
    total = math.log(float(np.exp(scores - top).sum()))
    return scores - np.float32(top + total)


def _give_back(file: Path) -> None:
    """Drop this process's pages of a file that is mapped for reading: they can be read again."""
    libc = ctypes.CDLL(None, use_errno=True)
    for line in Path("/proc/self/maps").read_text().splitlines():
        span, rights, *_, path = line.split(maxsplit=5)
        if path == str(file) and rights.startswith("r--"):
            start, end = (int(part, 16) for part in span.split("-"))
            libc.madvise(ctypes.c_void_p(start), ctypes.c_size_t(end - start), mmap.MADV_DONTNEED)
