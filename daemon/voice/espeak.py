"""espeak-ng as a command: the last resort for Mandarin when the neural voice is missing."""

import io
import logging
import shutil
import subprocess
import time
import wave
from collections.abc import Iterator

import numpy as np

from daemon.errors import SetupError, StageError
from daemon.i18n import tr
from daemon.media import Audio
from daemon.voice.mandarin_numbers import spoken
from daemon.voice.pauses import pause_after, trim
from daemon.worker import CancelToken

log = logging.getLogger(__name__)

_WORDS_PER_MINUTE = 175  # espeak-ng's own pace
_TIMEOUT_S = 10.0  # it makes a minute of speech in well under a second
_POLL_S = 0.05  # how soon a cancellation is noticed


class Espeak:
    """Speaks Mandarin with espeak-ng; ``speed`` is 0.5 to 2 times its own pace.

    Raises ``SetupError`` when espeak-ng is not installed.
    """

    def __init__(self, speed: float = 1.0) -> None:
        command = shutil.which("espeak-ng")
        if command is None:
            raise SetupError(
                tr("espeak-ng, which stands in for the Mandarin voice, is not installed."),
                fix="digital-life models pull kokoro",
            )
        self._program = command
        self.set_speed(speed)

    def set_speed(self, speed: float) -> None:
        """Speak at ``speed`` times its own pace from the next sentence on."""
        pace = str(round(_WORDS_PER_MINUTE * speed))
        self._command = [self._program, "-v", "cmn", "-s", pace, "--stdin", "--stdout"]

    def warm_up(self) -> None:
        """Say in the log what to expect of it."""
        log.warning(tr("Chinese is spoken by espeak-ng, which is barely intelligible."))

    def close(self) -> None:
        """Nothing to free: each synthesis is a process of its own."""

    def synthesize(self, text: str, cancel: CancelToken) -> Iterator[Audio]:
        """Yield the speech of ``text`` in one piece; raises ``StageError`` if the command fails."""
        sound = self._run(spoken(text), cancel)
        if not sound:
            return
        with wave.open(io.BytesIO(sound)) as wav:
            rate = wav.getframerate()
            samples = np.frombuffer(wav.readframes(len(sound)), "<i2") / np.float32(32768)
        audio = trim(Audio(samples.astype(np.float32), rate), pause_after(text))
        if len(audio.samples):
            yield audio

    def _run(self, text: str, cancel: CancelToken) -> bytes:
        """Return a WAV file, empty when cancelled."""
        deadline = time.monotonic() + _TIMEOUT_S
        with subprocess.Popen(
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as process:
            waiting: bytes | None = text.encode()
            while True:
                try:
                    sound, complaint = process.communicate(waiting, timeout=_POLL_S)
                    break
                except subprocess.TimeoutExpired:
                    waiting = None  # it has been handed over
                    if cancel.cancelled or time.monotonic() > deadline:
                        process.kill()
                        process.communicate()
                        if cancel.cancelled:
                            return b""
                        raise StageError("espeak", tr("espeak-ng took too long.")) from None
        if process.returncode:
            reason = complaint.decode(errors="replace").strip()
            raise StageError("espeak", tr("espeak-ng failed."), said=reason)
        return sound
