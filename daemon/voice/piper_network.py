"""The networks of a Piper voice: whole, or cut in two where frames become sound.

The two halves are written once, as ONNX Runtime has optimised them and in its own format, which it
maps into memory: they lie with the other engines, and go when the voice goes or is replaced.
"""

import hashlib
import json
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from daemon.errors import StorageError
from daemon.files import atomic_folder, discard
from daemon.media import Samples
from daemon.store.engines import VOICE, engines_directory, prune
from daemon.voice.onnx_graph import Graph
from daemon.voice.vocoder import Decoder, PiecePlan, Window, find_decoder, in_pieces

VERSION = 2  # of what is written
CUDA = "CUDAExecutionProvider"
_PROCESSOR = "CPUExecutionProvider"
_ERRORS_ONLY = 3  # onnxruntime's log severity
_BEFORE, _DECODER = "before.ort", "decoder.ort"

Feeds = Mapping[str, NDArray[np.generic]]
"""What a network is given, by name."""

Tell = Callable[[NDArray[np.generic]], object]
"""Is told how many frames each symbol lasts, before their sound is made."""

log = logging.getLogger(__name__)


def _untold(frames: NDArray[np.generic]) -> None:
    """Whoever asks only for the sound need not know."""


class WholeNetwork:
    """Everything in one run."""

    def __init__(self, session: onnxruntime.InferenceSession) -> None:
        self._session = session

    def speak(self, feeds: Feeds, plan: PiecePlan, tell: Tell = _untold) -> Iterator[Samples]:
        """Yield the sound, in one piece whatever the plan; tell nothing."""
        yield _sound(self._session.run(None, dict(feeds))[0])


class CutNetwork:
    """The frames in one run, and then their sound in as many as wanted."""

    def __init__(
        self,
        before: onnxruntime.InferenceSession,
        decoder: onnxruntime.InferenceSession,
        names: Decoder,
    ) -> None:
        self._before, self._decoder, self._names = before, decoder, names

    def speak(self, feeds: Feeds, plan: PiecePlan, tell: Tell = _untold) -> Iterator[Samples]:
        """Yield the sound in pieces as long as planned."""
        names = self._names
        wanted = [names.latent, names.lengths] if names.lengths else [names.latent]
        latent, *lengths = self._before.run(wanted, _fitting(self._before, feeds))
        for told in lengths:
            tell(told)
        others = _fitting(self._decoder, feeds)

        def decode(begin: int, end: int) -> Samples:
            frames = {self._names.latent: np.ascontiguousarray(latent[:, :, begin:end])}
            return _sound(self._decoder.run([self._names.output], others | frames)[0])

        yield from in_pieces(latent.shape[2], self._names.window, plan, decode)


Network = WholeNetwork | CutNetwork


def on_card(path: Path, trial: Feeds) -> Network:
    """Load it for NVIDIA's cards, and try; raises ``RuntimeError`` where that is not possible."""
    # Each sentence has a length of its own: trying all ways of computing it would take longer.
    providers = [(CUDA, {"cudnn_conv_algo_search": "HEURISTIC"}), _PROCESSOR]
    session = _open(path, onnxruntime.SessionOptions(), providers)
    if CUDA not in session.get_providers():
        raise RuntimeError("a library of CUDA's is missing")
    session.run(None, dict(trial))
    return WholeNetwork(session)


def on_processor(path: Path, threads: int, directory: Path | None = None) -> Network:
    """Load it, in two halves where it can be cut, which are made if they are not there.

    ``directory`` is where they are kept, with the other engines if not told.
    """
    try:
        place = _halves(path, directory or engines_directory())
        if place is not None:
            return _cut_network(place, threads)
    except (ValueError, OSError, StorageError) as error:
        log.debug("%s is run whole: %s", path, error)
    return WholeNetwork(_open(path, _options(threads)))


def _halves(path: Path, directory: Path) -> Path | None:
    """Return the folder with both halves; ``None`` where the network has not the known end."""
    place = directory / f"{VOICE.prefix}{_key(path)}"
    if all((place / name).is_file() for name in (_BEFORE, _DECODER, VOICE.description)):
        return place
    graph = Graph(path)
    decoder = find_decoder(graph)
    if decoder is None:
        return None
    discard(place)  # somebody has taken a file out of it
    prune(directory, path)
    with atomic_folder(place, replace=False) as making:
        wanted = [decoder.latent, *([decoder.lengths] if decoder.lengths else [])]
        _optimise(graph.part(wanted), making / _BEFORE)
        _optimise(graph.part([decoder.output], [decoder.latent]), making / _DECODER)
        told = {
            "model": str(path.resolve()),
            "latent": decoder.latent,
            "output": decoder.output,
            "hop": decoder.window.hop,
            "context": decoder.window.context,
            "lengths": decoder.lengths,
        }
        (making / VOICE.description).write_text(json.dumps(told), encoding="utf-8")
    return place


def _key(path: Path) -> str:
    seen = path.stat()
    # Another version of ONNX Runtime may optimise otherwise, or have another format.
    parts = (path.resolve(), seen.st_size, seen.st_mtime_ns, onnxruntime.__version__, VERSION)
    return hashlib.sha256(repr(tuple(map(str, parts))).encode()).hexdigest()[:32]


def _optimise(network: bytes, to: Path) -> None:
    options = _options(1)
    # What suits only the processor at hand would make nothing quicker here.
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    options.optimized_model_filepath = str(to)
    options.add_session_config_entry("session.save_model_format", "ORT")
    onnxruntime.InferenceSession(network, options, providers=[_PROCESSOR])


def _cut_network(place: Path, threads: int) -> CutNetwork:
    try:
        told = json.loads((place / VOICE.description).read_text(encoding="utf-8"))
        window = Window(int(told["hop"]), int(told["context"]))
        names = Decoder(str(told["latent"]), str(told["output"]), window, str(told["lengths"]))
        before, decoder = (_mapped(place / name, threads) for name in (_BEFORE, _DECODER))
    # onnxruntime's errors for damaged files share no base class but Exception.
    except Exception as error:
        discard(place)  # the next start makes it anew
        raise ValueError(f"{place} is damaged: {error}") from error
    return CutNetwork(before, decoder, names)


def _mapped(path: Path, threads: int) -> onnxruntime.InferenceSession:
    options = _options(threads)
    options.add_session_config_entry("session.use_memory_mapped_ort_model", "1")
    options.add_session_config_entry("session.use_ort_model_bytes_for_initializers", "1")
    return _open(path, options)


def _options(threads: int) -> onnxruntime.SessionOptions:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    # Idle threads that spin would take the cores from the models that work meanwhile.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # A plan of its memory for every length of sentence would be kept, and made for nothing.
    options.enable_mem_pattern = False
    # To plan which results share a buffer takes 1 s of the 1.3 s that loading did.
    options.enable_mem_reuse = False
    options.log_severity_level = _ERRORS_ONLY
    return options


def _open(
    path: Path, options: onnxruntime.SessionOptions, providers: Sequence[object] = (_PROCESSOR,)
) -> onnxruntime.InferenceSession:
    options.log_severity_level = _ERRORS_ONLY
    # By its name, not its bytes: these would stay in memory a second time, 60 MB of them.
    return onnxruntime.InferenceSession(str(path), options, providers=list(providers))


def _fitting(session: onnxruntime.InferenceSession, feeds: Feeds) -> dict[str, NDArray[np.generic]]:
    """Return those of the feeds that a network takes."""
    taken = {one.name for one in session.get_inputs()}
    return {name: value for name, value in feeds.items() if name in taken}


def _sound(output: NDArray[np.generic]) -> Samples:
    return np.asarray(output, np.float32).reshape(-1)
