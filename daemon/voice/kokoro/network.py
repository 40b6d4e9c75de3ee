"""Kokoro's network and its voices' packs.

StyleTTS 2 (Li et al., 2023, arXiv:2306.07691) with an ISTFTNet (Kaneko et al., 2022,
arXiv:2203.02395) as decoder, in the int8 export that kokoro-onnx publishes.
"""

import json
import os
import zipfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from daemon.errors import SetupError
from daemon.i18n import tr
from daemon.media import Samples
from daemon.voice.kokoro.clauses import MAX_TOKENS, style_row
from daemon.voice.kokoro.symbols import PAD, TABLE_ROWS, TOKENS

RATE = 24_000  # Hz
NETWORK, PACKS, CONFIG = "kokoro.onnx", "voices.npz", "config.json"
STYLE = 256  # numbers of a style
Engine = Literal["auto", "onnxruntime", "openvino"]

_MAX_THREADS = 4  # other models need theirs
_INPUTS = {"tokens", "style", "speed"}
_ERRORS_ONLY = 3  # onnxruntime's log severity


class _Runner(Protocol):
    """An engine with the network in it."""

    def __call__(
        self, tokens: NDArray[np.int64], style: Samples, speed: Samples, /
    ) -> NDArray[np.float32]: ...


class KokoroNetwork:
    """The network, loaded once for all voices; belongs to one thread."""

    def __init__(self, directory: Path, run: _Runner, engine: str) -> None:
        self.directory = directory
        self.engine = engine
        """Which library computes it, and with what numbers."""
        self._run = run

    def speak(self, tokens: Sequence[int], pack: Samples, speed: float) -> Samples:
        """Return the sound of 1 to ``MAX_TOKENS`` tokens at ``RATE``, silence around it included.

        ``pack`` is a voice's, float32 (510, 1, 256); ``speed`` is 0.5 to 2 times its own pace.
        """
        if not 0 < len(tokens) <= MAX_TOKENS:
            raise ValueError(f"{len(tokens)} tokens")
        padded = np.array([[PAD, *tokens, PAD]], np.int64)
        style = pack[style_row(tokens)]
        sound = self._run(padded, style, np.array([speed], np.float32))
        return np.asarray(sound, np.float32).reshape(-1)

    def close(self) -> None:
        """Free the network."""
        del self._run


def open_network(
    directory: Path,
    engine: Engine = "auto",  # noqa: ARG001 (there is only one so far)
    threads: int = 0,
) -> KokoroNetwork:
    """Load the network in ``directory``; ``threads`` 0 chooses. Raises ``SetupError``."""
    _check_table(directory)
    threads = threads or min(_MAX_THREADS, os.cpu_count() or 1)
    try:
        run = _with_onnxruntime(directory / NETWORK, threads)
    # onnxruntime's errors for damaged files share no base class but Exception.
    except Exception as error:
        raise _unusable(directory / NETWORK, error) from error
    return KokoroNetwork(directory, run, "onnxruntime int8")


def _with_onnxruntime(path: Path, threads: int) -> _Runner:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = _ERRORS_ONLY
    options.intra_op_num_threads = threads
    # Idle threads that spin would take the cores from the models that work meanwhile.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # A plan of its memory for every length of clause would be kept, and made for nothing.
    options.enable_mem_pattern = False
    session = onnxruntime.InferenceSession(str(path), options, ["CPUExecutionProvider"])
    names = {entry.name for entry in session.get_inputs()}
    if names != _INPUTS:
        raise ValueError(f"its inputs are {', '.join(sorted(names))}")
    return partial(_run_session, session)


def _run_session(
    session: onnxruntime.InferenceSession,
    tokens: NDArray[np.int64],
    style: Samples,
    speed: Samples,
) -> NDArray[np.float32]:
    (sound, *_rest) = session.run(None, {"tokens": tokens, "style": style, "speed": speed})
    return np.asarray(sound, np.float32)


def _check_table(directory: Path) -> None:
    """Compare the symbols in the authors' ``config.json``, where somebody has put it, with ours."""
    path = directory / CONFIG
    if not path.exists():
        return
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
        table, rows = config["vocab"], config.get("n_token", TABLE_ROWS)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _unusable(path, error) from error
    if table != TOKENS or rows != TABLE_ROWS:
        raise SetupError(
            tr("{path} belongs to another version of Kokoro: its symbols differ.").format(
                path=path
            ),
            "digital-life models pull kokoro",
        )


def voice_names(directory: Path) -> tuple[str, ...]:
    """Name the voices whose packs are there. Raises ``SetupError``."""
    try:
        with zipfile.ZipFile(directory / PACKS) as archive:
            names = [Path(name).stem for name in archive.namelist() if name.endswith(".npy")]
    except (OSError, zipfile.BadZipFile) as error:
        raise _unusable(directory / PACKS, error) from error
    return tuple(sorted(names))


def read_pack(directory: Path, name: str) -> Samples:
    """Return a voice's styles, float32 (510, 1, 256). Raises ``SetupError``."""
    path = directory / PACKS
    try:
        with np.load(path, allow_pickle=False) as packs:
            pack = packs[name]
    except KeyError as error:
        raise SetupError(
            tr("Kokoro has no voice “{name}”.").format(name=name), "digital-life voices list"
        ) from error
    except (OSError, ValueError, zipfile.BadZipFile, EOFError) as error:
        raise _unusable(path, error) from error
    wanted = (MAX_TOKENS, 1, STYLE)
    if pack.shape != wanted or pack.dtype != np.float32 or not np.isfinite(pack).all():
        raise SetupError(
            tr("The voice {name} in {path} is no pack of Kokoro 1.0: {shape} instead of {wanted}.")
            .format(name=name, path=path, shape=f"{pack.dtype} {pack.shape}", wanted=wanted),
            "digital-life models verify",
        )  # fmt: skip
    return np.asarray(pack, np.float32)


def _unusable(path: Path, error: Exception) -> SetupError:
    return SetupError(
        tr("Kokoro cannot be used: {path}: {reason}").format(
            path=path, reason=str(error).partition("\n")[0] or type(error).__name__
        ),
        "digital-life models pull kokoro",
    )
