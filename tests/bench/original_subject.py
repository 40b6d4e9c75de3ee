"""A conversation in the original's way: ``python -m tests.bench.original_subject CONFIG``.

Listen until a fixed silence, then all of the words, all of the answer, all of its speech, and then
play it: one thread, nothing begun before the stage ahead of it has ended. What the original's own
turn ended by is not known; the silence here is SpeechRecognition's default, the usual library of
its time.
"""

import contextlib
import signal
import sys
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np

from daemon.audio.devices import sounddevice
from daemon.audio.loudspeaker import LATENCY_S
from daemon.bench.daemon_under_test import end_with_parent, report
from daemon.components import Components
from daemon.config import Settings, load
from daemon.ears.speech_detection import CHUNK, Silero
from daemon.ears.whisper import WINDOW_SAMPLES
from daemon.media import LISTEN_RATE, SPEAK_RATE, Audio, Message, Samples
from daemon.stages import ChatModel, Recognizer, Synthesizer
from daemon.worker import CancelToken

SILENCE_S = 0.8  # after which the turn is over
REMEMBERED = 20  # messages: what ten questions and their answers take fits the context


class Original:
    """The parts, one after the other."""

    def __init__(
        self, recognizer: Recognizer, brain: ChatModel, voice: Synthesizer, settings: Settings
    ) -> None:
        self._recognizer, self._brain, self._voice = recognizer, brain, voice
        self._persona = Message("system", settings.brain.persona)
        self._chat: deque[Message] = deque(maxlen=REMEMBERED)

    def answer(self, heard: Samples) -> Samples:
        """Return the whole speech of the answer, ``SPEAK_RATE``; nothing where nothing was said."""
        # what is as long as Whisper's window is given to it whole
        window = np.pad(heard[:WINDOW_SAMPLES], (0, max(0, WINDOW_SAMPLES - len(heard))))
        words = self._recognizer.transcribe(Audio(window, LISTEN_RATE), CancelToken()).text
        if not words:
            return np.empty(0, np.float32)
        self._chat.append(Message("user", words))
        text = "".join(self._brain.reply([self._persona, *self._chat], CancelToken()))
        self._chat.append(Message("assistant", text))
        pieces = [
            piece.at_rate(SPEAK_RATE).samples
            for piece in self._voice.synthesize(text, CancelToken())
        ]
        return np.concatenate([np.empty(0, np.float32), *pieces])


def hear(stream: Any, silero: Silero, settings: Settings) -> tuple[Samples, float]:
    """Listen until somebody has spoken and then been silent for ``SILENCE_S``.

    Returns what was heard, and when (``time.monotonic()``) it last was speech.
    """
    ears = settings.ears
    before: deque[Samples] = deque(maxlen=round(ears.pre_roll_s * LISTEN_RATE / CHUNK))
    said: list[Samples] = []
    silent = spoken_at = 0.0
    while silent < SILENCE_S:
        block, _ = stream.read(CHUNK)
        chunk = block[:, 0].copy()
        speech = silero.probability(chunk) >= ears.speech_threshold
        if speech:
            spoken_at = time.monotonic()
        if said or speech:
            said.append(chunk)
            silent = 0.0 if speech else silent + CHUNK / LISTEN_RATE
        else:
            before.append(chunk)
    return np.concatenate([*before, *said]), spoken_at


def converse(original: Original, silero: Silero, settings: Settings) -> None:
    """Listen, answer, and again, until a signal."""
    sd = sounddevice()
    with sd.InputStream(
        samplerate=LISTEN_RATE, channels=1, dtype="float32", latency=LATENCY_S
    ) as microphone:
        report("ready")
        while True:
            heard, spoken_at = hear(microphone, silero, settings)
            microphone.stop()
            speech = original.answer(heard)
            report("speaking", marks={"first_audible": time.monotonic() - spoken_at})
            with sd.OutputStream(
                samplerate=SPEAK_RATE, channels=1, dtype="float32", latency=LATENCY_S
            ) as loudspeaker:
                loudspeaker.write(speech[:, np.newaxis])
            silero.reset()
            microphone.start()
            report("listening")


@contextlib.contextmanager
def loaded(settings: Settings) -> Iterator[tuple[Original, Silero]]:
    """Load the parts as the daemon would, and free them."""
    components = Components(settings)
    with contextlib.ExitStack() as stack:
        recognizer, brain, voice = components.recognizer(), components.brain(), components.voice()
        for part in (recognizer, brain, voice):
            stack.callback(part.close)
        for part in (recognizer, brain, voice):
            part.warm_up()
        yield (
            Original(recognizer, brain, voice, settings),
            Silero(components.store.path("silero-vad") / "silero_vad.onnx"),
        )


def main() -> None:
    """Run until a signal."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)
    end_with_parent()
    settings = load(Path(sys.argv[1])).settings
    with contextlib.suppress(KeyboardInterrupt), loaded(settings) as (original, silero):
        converse(original, silero, settings)


if __name__ == "__main__":
    main()
