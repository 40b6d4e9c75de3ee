"""A language model's network in OpenVINO, which reads tokens and remembers what it has read."""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import openvino as ov
from gguf import GGMLQuantizationType, dequantize
from numpy.typing import NDArray

from daemon.brain.openvino.graph import PLACES, tells_places, with_places
from daemon.brain.openvino.token_tree import ROOT, TokenTree
from daemon.compiled_network import compile_once
from daemon.media import JsonObject
from daemon.native import give_pages_back
from daemon.worker import CancelToken

Floats = NDArray[np.float32]

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
        self._known: dict[int, Floats] = {}  # by slot, what may follow it; of the last reading
        words = told["embeddings"]
        self._rows = np.memmap(
            told["model"], np.uint8, "r", words["offset"], (words["rows"], words["bytes"])
        )
        self._kind = GGMLQuantizationType(words["kind"])
        turns = np.arange(0, told["head_size"], 2) / told["head_size"]
        self._speeds = told["rope_base"] ** -turns / np.array(told["rope_factors"] or 1.0)
        self.tokens_read = 0
        """How many tokens were read since it was loaded; what is remembered is not read again."""

    def read(self, tokens: Sequence[int], cancel: CancelToken, through: int = 0) -> Floats:
        """Return the scores (vocabulary,) of what may follow ``tokens``, which must be some.

        Those after the first ``through`` tokens, if not 0, are noted as well: until other tokens
        are read, to ask for either again takes no time.
        Raises ``Cancelled`` between two batches; what was read until then is remembered.
        """
        cancel.check()
        places = [place - 1 for place in (through, len(tokens)) if place]
        way = self._tree.match(tokens)
        if len(way) == len(tokens) and all(way[place] in self._known for place in places):
            return self._known[way[-1]]
        del way[places[0] :]
        if len(self._tree) + len(tokens) - len(way) > self._limit:
            self._make_room(len(tokens))
            way = self._tree.match(tokens[: places[0]])
        begin, known = len(way), dict[int, Floats]()
        for start in range(begin, len(tokens), BATCH):
            cancel.check()
            batch = tokens[start : start + BATCH]
            wanted = [place - start for place in places if 0 <= place - start < len(batch)]
            scores = self._infer(way, batch, wanted or [-1])
            known |= {way[start + place]: row for place, row in zip(wanted, scores, strict=False)}
        self._known = known
        return known[way[-1]]

    def settle(self) -> None:
        """Give the file's pages back: OpenVINO has laid the weights out anew by now."""
        give_pages_back(self._weights)

    def close(self) -> None:
        """Free the model."""
        del self._request, self._rows

    def _infer(self, way: list[int], tokens: Sequence[int], places: Sequence[int]) -> Floats:
        """Read ``tokens`` after those of the slots ``way``, which grows by them.

        Returns the scores after those at ``places`` (places, vocabulary).
        """
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
            PLACES: np.array(places, np.int32),
        }
        scores: Floats = self._request.infer(inputs, share_inputs=True)["logits"][0].copy()
        way += self._tree.append(way[-1] if way else ROOT, tokens)
        self.tokens_read += count
        return scores

    def _make_room(self, need: int) -> None:
        """Forget what was not used for longest, so that ``need`` tokens fit."""
        stay = self._tree.keep(max(0, self._limit - need))
        self._known.clear()
        for state in self._request.query_state():
            kept = np.ascontiguousarray(state.state.data[:, :, stay])
            state.state = ov.Tensor(kept)


def _compiled(folder: Path, settings: dict[str, object]) -> ov.CompiledModel:
    core, network = ov.Core(), folder / "model.xml"
    if tells_places(network):
        return compile_once(core, network, settings)
    return core.compile_model(with_places(core.read_model(str(network))), "CPU", settings)


def log_softmax(scores: Floats) -> Floats:
    """Return the logarithms of the probabilities."""
    top = float(scores.max())
    total = math.log(float(np.exp(scores - top).sum()))
    return scores - np.float32(top + total)
