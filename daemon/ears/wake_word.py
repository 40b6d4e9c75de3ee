"""A wake word, by microWakeWord's small networks (Kevin Ahrendt's, through pymicro-wakeword).

Each looks at 10 ms of sound at a time and takes about a hundredth of what Whisper's first look
would. Imported only when one is wanted: the package is an extra.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from daemon.errors import SetupError
from daemon.extras import install_command
from daemon.i18n import tr
from daemon.media import Samples

if TYPE_CHECKING:
    from pymicro_wakeword import MicroWakeWord


class MicroWakeWords:
    """A ``WakeWordDetector``."""

    def __init__(self, name: str) -> None:
        """``name``: one that comes with the package, or the path of a model's ``.json``.

        Raises ``SetupError``.
        """
        try:
            from pymicro_wakeword import MicroWakeWordFeatures
        except ImportError:
            raise SetupError(
                tr("A wake word needs the package pymicro-wakeword, which is not installed."),
                install_command("wakeword"),
            ) from None
        self._model = _load(name)
        self._features = MicroWakeWordFeatures()

    @property
    def phrase(self) -> str:
        """What is to be said."""
        return str(self._model.wake_word)

    def detects(self, samples: Samples) -> bool:
        """Whether the phrase ends in these samples (``LISTEN_RATE``)."""
        sound = (np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes()
        found = False
        for features in self._features.process_streaming(sound):
            found = bool(self._model.process_streaming(features)) or found
        if found:  # one saying of it is one waking
            self._model.reset()
        return found

    def close(self) -> None:
        """Free the network."""
        self._model.close()


def _load(name: str) -> "MicroWakeWord":
    from pymicro_wakeword import MicroWakeWord, Model

    known = [model.value for model in Model]
    path = Path(name).expanduser()
    try:
        if name in known:
            return MicroWakeWord.from_builtin(Model(name))
        if path.is_file():
            return MicroWakeWord.from_config(path)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SetupError(
            tr("The wake word {name} cannot be used: {reason}").format(name=name, reason=error)
        ) from error
    raise SetupError(
        tr("There is no wake word {name}.").format(name=name),
        tr("known here: {names}").format(names=", ".join(known)),
    )
