"""Kokoro's network in ONNX Runtime, cut in two, so that no time goes into silence.

The first half predicts how many frames each token lasts, the pitch, and the tone. The second, the
decoder, makes sound of these and takes nine tenths of the time. Before the first sound and after
the last there is silence, a quarter of a clause of one second. Its frames are left out between the
halves, but for a few, so that the first sound begins as it would.

The halves are written once; they lie with the other engines, and go with the weight.
"""

import hashlib
import json
import logging
import os
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from daemon.errors import StorageError
from daemon.files import atomic_folder, discard
from daemon.media import Samples
from daemon.store.engines import VOICE, engines_directory, prune
from daemon.voice.onnx_graph import Graph

log = logging.getLogger(__name__)

VERSION = 1  # of what is written
BEFORE, DECODER = "before.onnx", "decoder.onnx"
INPUTS = {"tokens", "style", "speed"}
OUTPUT = "audio"

SOUNDS = "/encoder/MatMul_1_output_0"  # (1, 512, frames): what is said in each frame
PITCH = "/encoder/Reshape_output_0"  # (1, 2 · frames)
LOUDNESS = "/encoder/Reshape_1_output_0"  # (1, 2 · frames)
TONE = "/decoder/decoder/generator/Concat_3_output_0"  # (1, 22, 120 · frames + 1)
LENGTHS = "/encoder/Clip_output_0"  # frames of each token
_PASSED = (SOUNDS, PITCH, LOUDNESS, TONE)
_TONE_STEPS = 120  # of the tone's spectrum in a frame, which is 25 ms
KEPT_FRAMES = 4  # of silence at each end: 100 ms, more than the decoder looks ahead

Lengths = NDArray[np.int64]
"""How many frames each token lasts, (tokens,); empty where nobody knows."""

_MAX_THREADS = 4  # other models need theirs
_ERRORS_ONLY = 3  # onnxruntime's log severity


class WholeKokoro:
    """Everything in one run."""

    def __init__(self, path: Path, threads: int) -> None:
        """Load the network in ``path``. Raises ``ValueError``, or an error of onnxruntime's."""
        self._session = _open(path, threads)
        names = {entry.name for entry in self._session.get_inputs()}
        if names != INPUTS:
            raise ValueError(f"its inputs are {', '.join(sorted(names))}")

    def __call__(self, feeds: dict[str, NDArray[np.generic]]) -> tuple[Samples, Lengths]:
        """Return the sound of tokens; how long each is, this cannot tell."""
        sound = np.asarray(self._session.run([OUTPUT], feeds)[0], np.float32).reshape(-1)
        return sound, np.zeros(0, np.int64)


class HalvedKokoro:
    """The frames in one run, and the sound of those that are not silence in another."""

    def __init__(self, folder: Path, threads: int) -> None:
        """Load the halves. Raises ``ValueError`` for other ones, and errors of onnxruntime's."""
        self._before = _open(folder / BEFORE, threads)
        self._decoder = _open(folder / DECODER, threads)
        made = {entry.name for entry in self._before.get_outputs()}
        fed = {entry.name for entry in self._decoder.get_inputs()}
        heard = {entry.name for entry in self._decoder.get_outputs()}
        if made != {*_PASSED, LENGTHS} or fed != {*_PASSED, "style"} or heard != {OUTPUT}:
            raise ValueError("they are no halves of Kokoro")

    def __call__(self, feeds: dict[str, NDArray[np.generic]]) -> tuple[Samples, Lengths]:
        """Return the sound of tokens, without most of the silence around it, and their frames."""
        *passed, told = self._before.run([*_PASSED, LENGTHS], feeds)
        lengths = np.ravel(told).astype(np.int64)
        begin, end = heard_frames(lengths)
        sounds, pitch, loudness, tone = passed
        cut = {
            SOUNDS: np.ascontiguousarray(sounds[:, :, begin:end]),
            PITCH: np.ascontiguousarray(pitch[:, 2 * begin : 2 * end]),
            LOUDNESS: np.ascontiguousarray(loudness[:, 2 * begin : 2 * end]),
            TONE: np.ascontiguousarray(tone[:, :, _TONE_STEPS * begin : _TONE_STEPS * end + 1]),
            "style": feeds["style"],
        }
        sound = np.asarray(self._decoder.run([OUTPUT], cut)[0], np.float32).reshape(-1)
        lengths[-1] -= int(lengths.sum()) - end
        lengths[0] -= begin
        return sound, lengths


KokoroRunner = WholeKokoro | HalvedKokoro


def heard_frames(lengths: NDArray[np.generic]) -> tuple[int, int]:
    """Return which frames the decoder is to make sound of, by how many each token lasts.

    The first token and the last are the silence around the text.
    """
    total = int(lengths.sum())
    begin = max(0, int(lengths[0]) - KEPT_FRAMES)
    end = total - max(0, int(lengths[-1]) - KEPT_FRAMES)
    return (begin, end) if begin < end else (0, total)


def load(path: Path, threads: int = 0, directory: Path | None = None) -> KokoroRunner:
    """Load the network, in two halves if it can be cut; ``threads`` 0 chooses.

    ``directory`` is where the halves are kept, with the other engines if not told. Raises
    ``ValueError``, ``OSError``, or an error of onnxruntime's.
    """
    threads = threads or min(_MAX_THREADS, os.cpu_count() or 1)
    try:
        place = _halves(path, directory or engines_directory())
        if place is not None:
            return _opened(place, threads)
    except (StorageError, ValueError, OSError) as error:
        log.debug("%s is run whole: %s", path, error)
    return WholeKokoro(path, threads)


def _opened(place: Path, threads: int) -> HalvedKokoro:
    try:
        return HalvedKokoro(place, threads)
    # onnxruntime's errors for damaged files share no base class but Exception.
    except Exception as error:
        discard(place)  # the next start makes it anew
        raise ValueError(f"{place} is damaged: {error}") from error


def _halves(path: Path, directory: Path) -> Path | None:
    """Return the folder with both halves; ``None`` where the network is another one."""
    place = directory / f"{VOICE.prefix}{_key(path)}"
    if all((place / name).is_file() for name in (BEFORE, DECODER, VOICE.description)):
        return place
    graph = Graph(path)
    if not {*_PASSED, LENGTHS} <= graph.maker().keys():
        return None
    discard(place)  # somebody has taken a file out of it
    prune(directory, path)
    with atomic_folder(place, replace=False) as making:
        (making / BEFORE).write_bytes(graph.part([*_PASSED, LENGTHS]))
        (making / DECODER).write_bytes(graph.part([OUTPUT], _PASSED))
        told = {"model": str(path.resolve())}
        (making / VOICE.description).write_text(json.dumps(told), encoding="utf-8")
    return place


def _key(path: Path) -> str:
    seen = path.stat()
    parts = (path.resolve(), seen.st_size, seen.st_mtime_ns, "kokoro", VERSION)
    return hashlib.sha256(repr(tuple(map(str, parts))).encode()).hexdigest()[:32]


def _open(path: Path, threads: int) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = _ERRORS_ONLY
    options.intra_op_num_threads = threads
    # Idle threads that spin would take the cores from the models that work meanwhile.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # A plan of its memory for every length of clause would be kept, and made for nothing.
    options.enable_mem_pattern = False
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
