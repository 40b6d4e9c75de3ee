"""Who speaks: a vector per piece of speech, near for one person and far for two.

The network is the speaker encoder of "Generalized End-to-End Loss for Speaker Verification" (Wan et
al., 2018) with Resemblyzer's weights.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from daemon.errors import SetupError
from daemon.extras import install_command
from daemon.i18n import tr
from daemon.media import LISTEN_RATE, Samples
from daemon.voice.sovits_files import why

WEIGHT = "speaker-encoder"
FILE = "speaker-encoder.pt"

_MELS, _UNITS, _LAYERS = 40, 256, 3
_WINDOW, _HOP = 400, 160  # samples at LISTEN_RATE: 25 and 10 ms
_FRAMES = 160  # in a window of the network, 1.6 s
_LEVEL = 10 ** (-30 / 20)  # RMS that the weights were trained with


class VoiceEncoder:
    """Embeds speech. ``SetupError`` when the weights are damaged or torch is not installed."""

    def __init__(self, path: Path) -> None:
        """``path`` is Resemblyzer's ``pretrained.pt``."""
        try:
            import torch
        except ImportError as error:
            raise SetupError(
                tr(
                    "Telling speakers apart needs an extra that is not installed ({reason})."
                ).format(reason=error),
                install_command("sovits"),
            ) from error
        try:
            state = torch.load(path, map_location="cpu", weights_only=True)["model_state"]
            self._lstm = torch.nn.LSTM(_MELS, _UNITS, _LAYERS, batch_first=True)
            self._linear = torch.nn.Linear(_UNITS, _UNITS)
            for module, name in ((self._lstm, "lstm."), (self._linear, "linear.")):
                module.load_state_dict(
                    {k.removeprefix(name): v for k, v in state.items() if k.startswith(name)}
                )
        # torch's errors for damaged files share no base class but Exception.
        except Exception as error:
            raise SetupError(
                tr("The model {name} is damaged: {files}.").format(name=WEIGHT, files=why(error)),
                "digital-life models verify speaker-encoder",
            ) from error

    def embed(self, speech: Samples) -> NDArray[np.float32]:
        """Return the speaker of ``speech`` (``LISTEN_RATE``): a unit vector, shape (256,)."""
        import torch

        mel = self._mel(speech)
        mel = np.pad(mel, ((0, max(0, _FRAMES - len(mel))), (0, 0)))
        starts = range(0, len(mel) - _FRAMES + 1, _FRAMES // 2)
        windows = np.stack([mel[start : start + _FRAMES] for start in starts])
        with torch.inference_mode():
            _, (hidden, _) = self._lstm(torch.from_numpy(windows))
            found = torch.relu(self._linear(hidden[-1]))
            mean = torch.nn.functional.normalize(found, dim=1).mean(dim=0)
            unit = torch.nn.functional.normalize(mean, dim=0)
        return np.asarray(unit.numpy(), np.float32)

    def _mel(self, speech: Samples) -> NDArray[np.float32]:
        from faster_whisper.feature_extractor import FeatureExtractor

        loud = speech * (_LEVEL / max(float(np.sqrt(np.mean(np.square(speech)))), 1e-9))
        padded = np.pad(loud, _WINDOW // 2)
        frames = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW)[::_HOP]
        window = np.hanning(_WINDOW + 1)[:-1]
        power = np.square(np.abs(np.fft.rfft(frames * window)))
        filters = FeatureExtractor.get_mel_filters(LISTEN_RATE, _WINDOW, _MELS)
        return np.asarray(power @ filters.T, np.float32)
