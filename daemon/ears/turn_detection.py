"""Whether a person has finished or only paused, from how it sounds: Smart Turn 3."""

from pathlib import Path

import numpy as np
from faster_whisper.feature_extractor import FeatureExtractor

from daemon.ears.speech_detection import onnx_session
from daemon.media import LISTEN_RATE, Samples

WINDOW_S = 8  # seconds that the network looks at


class SmartTurn:
    """Smart Turn v3 (Daily): a Whisper-tiny encoder that tells a finished turn from a pause."""

    def __init__(self, path: Path) -> None:
        """``path`` is ``smart-turn.onnx``."""
        self._session = onnx_session(path)
        self._log_mel = FeatureExtractor(chunk_length=WINDOW_S)

    def finished(self, samples: Samples) -> float:
        """Return the probability, 0 to 1, that the speaker has finished.

        ``samples`` (``LISTEN_RATE``, any length) is what was said so far and a little of the
        silence after it; only the last 8 s count. The network was trained on sound that ends where
        the window ends, so shorter sound has its silence in front, and on the whole window scaled
        to zero mean and unit variance.
        """
        window = np.zeros(WINDOW_S * LISTEN_RATE, np.float32)
        recent = samples[-len(window) :]
        window[len(window) - len(recent) :] = recent
        window = (window - window.mean()) / np.sqrt(window.var() + 1e-7)
        features = self._log_mel(window, padding=0).astype(np.float32)
        (probability,) = self._session.run(None, {"input_features": features[np.newaxis]})
        return float(probability[0, 0])
