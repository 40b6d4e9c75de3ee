"""Who speaks: a vector per utterance, near for one person and far for two.

The network is CAM++ with 3D-Speaker's weights, trained on people who speak Chinese and English. It
runs on one thread: it works beside the speech recogniser, which is waited for.
"""

from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from daemon.ears.campplus.features import WINDOW, log_bands
from daemon.ears.campplus.network import network
from daemon.ears.speech_detection import one_thread
from daemon.errors import SetupError
from daemon.i18n import tr
from daemon.media import LISTEN_RATE, Samples
from daemon.torch_file import read_tensors

WEIGHT = "campplus"
"""The weight, and what tells its vectors from those of another network."""
FILE = "campplus.pt"

MOST_S = 6.0
"""Seconds of voice that are looked at, the first of them: more tell no better who it is, and so
much is there before a long question has ended."""

_LEVEL = 10 ** (-26 / 20)  # RMS: how loud somebody speaks is nothing to know them by
_FRAME = 320  # samples, 20 ms
_AROUND = 5  # frames on either side of a voice that belong to it: soft consonants
_QUIETEST_DB, _PAUSE, _VOICE = -70.0, 10, 95  # dB; percentiles of the frames' levels
_ABOVE = 0.3  # of the way from the level of the pauses to that of the voice
_LEAST_DB, _MOST_DB = 6.0, 30.0  # below the level of the voice


class SpeakerEncoder:
    """Embeds speech. Not to be called from two threads at once."""

    def __init__(self, path: Path) -> None:
        """``path`` is 3D-Speaker's file. Raises ``SetupError`` when it is damaged."""
        try:
            self._session = onnxruntime.InferenceSession(
                network(read_tensors(path)), one_thread(), providers=["CPUExecutionProvider"]
            )
        # ONNX Runtime's errors share no base class but Exception.
        except Exception as error:
            raise SetupError(
                tr("The model {name} is damaged: {files}.").format(name=WEIGHT, files=error),
                f"digital-life models verify {WEIGHT}",
            ) from error

    def embed(self, speech: Samples) -> NDArray[np.float32]:
        """Return who speaks in ``speech`` (``LISTEN_RATE``): a unit vector, shape (192,).

        Pauses are left out, and no more than ``MOST_S`` are looked at. Raises ``ValueError`` where
        there is not a tenth of a second of sound.
        """
        voice = voice_of(speech)[: int(MOST_S * LISTEN_RATE)]
        if len(voice) < 4 * WINDOW:
            raise ValueError("too little of a voice to tell anything by")
        level = float(np.sqrt(np.mean(np.square(voice), dtype=np.float64)))
        loud = voice * np.float32(_LEVEL / max(level, 1e-9))
        (found,) = self._session.run(None, {"bands": log_bands(loud)[np.newaxis]})
        return np.asarray(found[0] / np.linalg.norm(found[0]), np.float32)


def voice_of(speech: Samples) -> Samples:
    """Return ``speech`` (``LISTEN_RATE``) without its pauses."""
    loud = np.flatnonzero(_loud(_levels(speech)))
    near = np.zeros(len(speech) // _FRAME + 2 * _AROUND, np.bool_)
    near[loud[:, np.newaxis] + np.arange(2 * _AROUND + 1)] = True
    near = near[_AROUND : len(near) - _AROUND]
    return speech[: len(near) * _FRAME][np.repeat(near, _FRAME)]


def voiced_s(speech: Samples) -> float:
    """Return how many seconds of ``speech`` (``LISTEN_RATE``) are voice and no pause.

    By level: noise as loud as the voice counts as voice.
    """
    return int(np.count_nonzero(_loud(_levels(speech)))) * _FRAME / LISTEN_RATE


def clearness_db(speech: Samples) -> float:
    """Return by how much the voice in ``speech`` (``LISTEN_RATE``) is above its pauses, in dB."""
    pause, voice = _pause_and_voice(_levels(speech))
    return voice - pause


def _levels(speech: Samples) -> NDArray[np.float64]:
    """Return the level of each whole frame of 20 ms, in dB of full scale."""
    frames = speech[: len(speech) // _FRAME * _FRAME].reshape(-1, _FRAME)
    power = np.mean(np.square(frames), axis=1, dtype=np.float64)
    return np.asarray(np.maximum(10 * np.log10(power + 1e-12), _QUIETEST_DB))


def _pause_and_voice(levels: NDArray[np.float64]) -> tuple[float, float]:
    if not len(levels):
        return _QUIETEST_DB, _QUIETEST_DB
    pause, voice = np.percentile(levels, (_PAUSE, _VOICE))
    return float(pause), float(voice)


def _loud(levels: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return for each frame whether it is as loud as the voice."""
    pause, voice = _pause_and_voice(levels)
    below = min(max((voice - pause) * (1 - _ABOVE), _LEAST_DB), _MOST_DB)
    return (levels > voice - below) & (levels > _QUIETEST_DB)
