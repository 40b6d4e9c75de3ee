"""Kokoro's network and its voices' packs.

StyleTTS 2 (Li et al., 2023, arXiv:2306.07691) with an ISTFTNet (Kaneko et al., 2022,
arXiv:2203.02395) as decoder, in the int8 export that kokoro-onnx publishes.
"""

import json
import shlex
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from daemon.errors import SetupError
from daemon.i18n import tr
from daemon.media import Audio, Samples
from daemon.voice.kokoro.clauses import MAX_TOKENS, style_row
from daemon.voice.kokoro.halves import KokoroRunner, load
from daemon.voice.kokoro.symbols import PAD, SYMBOLS, TABLE_ROWS, TOKENS
from daemon.voice.phones import PAUSE, placed

RATE = 24_000  # Hz
HOP = 600  # samples of a frame, of which the network gives each token some
NETWORK, PACKS, CONFIG = "kokoro.onnx", "voices.npz", "config.json"
# Measured where stops are silent; the authors' own time stamps take 75 ms off the beginning.
EARLY_S = 0.05
STYLE = 256  # numbers of a style
MAX_PACK = 4 << 20  # bytes of a voice's styles; those of Kokoro 1.0 have half a million


class KokoroNetwork:
    """The network, loaded once for all voices; belongs to one thread."""

    def __init__(self, directory: Path, run: KokoroRunner) -> None:
        self.directory = directory
        self._run = run

    def speak(self, tokens: Sequence[int], pack: Samples, speed: float) -> Audio:
        """Return the sound of 1 to ``MAX_TOKENS`` tokens at ``RATE``, with some silence around it.

        It has its phones, where the network was cut in halves.

        ``pack`` is a voice's, float32 (510, 1, 256); ``speed`` is 0.5 to 2 times its own pace.
        """
        if not 0 < len(tokens) <= MAX_TOKENS:
            raise ValueError(f"{len(tokens)} tokens")
        feeds = {
            "tokens": np.array([[PAD, *tokens, PAD]], np.int64),
            "style": pack[style_row(tokens)],
            "speed": np.array([speed], np.float32),
        }
        samples, lengths = self._run(feeds)
        symbols = [PAUSE, *(SYMBOLS[token] for token in tokens), PAUSE]
        return Audio(
            np.clip(samples, -1, 1), RATE, placed(symbols, lengths, HOP, round(EARLY_S * RATE))
        )

    def close(self) -> None:
        """Free the network."""
        del self._run


def open_network(directory: Path, threads: int = 0, engines: Path | None = None) -> KokoroNetwork:
    """Load the network in ``directory``; ``threads`` 0 chooses. Raises ``SetupError``.

    ``engines`` is where what is made of it is kept, with the other engines if not told.
    """
    _check_table(directory)
    try:
        run = load(directory / NETWORK, threads, engines)
    # onnxruntime's errors for damaged files share no base class but Exception.
    except Exception as error:
        raise _unusable(directory / NETWORK, error) from error
    return KokoroNetwork(directory, run)


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
            f"rm {shlex.quote(str(path))}",  # it is none of the files that are fetched
        )


def voice_names(directory: Path) -> tuple[str, ...]:
    """Name the voices whose packs are there. Raises ``SetupError``."""
    try:
        with zipfile.ZipFile(directory / PACKS) as archive:
            names = [Path(name).stem for name in archive.namelist() if name.endswith(".npy")]
    except (OSError, NotImplementedError, ValueError, zipfile.BadZipFile) as error:
        raise _unusable(directory / PACKS, error) from error
    return tuple(sorted(names))


def read_pack(directory: Path, name: str) -> Samples:
    """Return a voice's styles, float32 (510, 1, 256). Raises ``SetupError``."""
    path = directory / PACKS
    try:
        pack = _read_array(path, f"{name}.npy")
    except KeyError as error:
        raise SetupError(
            tr("Kokoro has no voice “{name}”.").format(name=name), "digital-life voices list"
        ) from error
    wanted = (MAX_TOKENS, 1, STYLE)
    if pack.shape != wanted or pack.dtype != np.float32 or not np.isfinite(pack).all():
        raise SetupError(
            tr("The voice {name} in {path} is no pack of Kokoro 1.0: {shape} instead of {wanted}.")
            .format(name=name, path=path, shape=f"{pack.dtype} {pack.shape}", wanted=wanted),
            "digital-life models verify",
        )  # fmt: skip
    return np.asarray(pack, np.float32)


def _read_array(path: Path, name: str) -> NDArray[np.generic]:
    """Return an array of an archive; ``KeyError`` if it has none, ``SetupError`` if it is damaged.

    Nothing is unpickled, and nothing is unpacked that is larger than a pack.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            entry = archive.NameToInfo.get(name)
            if entry is not None and entry.file_size <= MAX_PACK:
                with archive.open(entry) as file:
                    return np.asarray(np.lib.format.read_array(file, allow_pickle=False))
    # Of a damaged archive: errors of zipfile, zlib, and of Python's tokenizer for the array's head.
    except Exception as error:
        raise _unusable(path, error) from error
    if entry is None:
        raise KeyError(name)
    raise _unusable(path, ValueError(f"{name}: {entry.file_size}"))


def _unusable(path: Path, error: Exception) -> SetupError:
    return SetupError(
        tr("Kokoro cannot be used: {path}: {reason}").format(
            path=path, reason=str(error).partition("\n")[0] or type(error).__name__
        ),
        "digital-life models pull kokoro",
    )
