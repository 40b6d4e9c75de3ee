"""Piper voices (VITS) in process, through the piper-tts library."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnxruntime
from piper import PiperVoice, SynthesisConfig
from piper.config import PhonemeType, PiperConfig

from daemon.errors import SetupError
from daemon.i18n import tr
from daemon.media import Audio
from daemon.voice.pauses import SENTENCE_PAUSE_S, pause_after, trim
from daemon.worker import CancelToken

_MOST_THREADS = 4  # a medium voice gains nothing from more, and other models need theirs
_ERRORS_ONLY = 3  # onnxruntime's log severity


class Piper:
    """Speaks with one Piper voice.

    ``voice`` is a directory with ``voice.onnx`` and ``voice.onnx.json``, or the path of an
    ``.onnx`` file with its ``.onnx.json`` beside it. ``speed`` is 0.5 to 2 times the voice's own
    pace; ``threads`` 0 chooses. Raises ``SetupError``.
    """

    def __init__(self, voice: Path, speed: float = 1.0, threads: int = 0) -> None:
        path = voice / "voice.onnx" if voice.is_dir() else voice
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads or min(_MOST_THREADS, os.cpu_count() or 1)
        # Idle threads that spin would take the cores from the models that work meanwhile.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = _ERRORS_ONLY
        # A plan of its memory for every length of sentence would be kept, and made for nothing.
        options.enable_mem_pattern = False
        try:
            config = PiperConfig.from_dict(
                json.loads(path.with_name(path.name + ".json").read_text(encoding="utf-8"))
            )
            # By its name, not its bytes: these would stay in memory a second time, 60 MB of them.
            session = onnxruntime.InferenceSession(
                str(path), options, providers=["CPUExecutionProvider"]
            )
        # onnxruntime's errors for damaged files share no base class but Exception.
        except Exception as error:
            raise SetupError(
                tr("The Piper voice {path} cannot be read: {reason}").format(
                    path=path, reason=error
                ),
                fix="digital-life models verify",
            ) from error
        if config.phoneme_type not in (PhonemeType.ESPEAK, PhonemeType.TEXT):
            # The library would fetch a further model from the network in the middle of a reply.
            raise SetupError(
                tr(
                    "The Piper voice {path} needs phonemes of the kind {kind}; "
                    "only voices with espeak phonemes can be used."
                ).format(path=path, kind=config.phoneme_type.value)
            )
        self._voice = PiperVoice(session=session, config=config)
        # A full stop before the first sound gives it a clean onset: without one, VITS swallows a
        # consonant now and then ("Python" is heard as "Heighten"). Its silence is trimmed.
        self._lead = [phoneme for phoneme in (".", " ") if phoneme in config.phoneme_id_map]
        self._synthesis = SynthesisConfig(length_scale=config.length_scale / speed)

    def warm_up(self) -> None:
        """Speak once: the first run allocates what later ones reuse."""
        for _ in self.synthesize("Hello.", CancelToken()):
            pass

    def close(self) -> None:
        """Free the model."""
        del self._voice

    def synthesize(self, text: str, cancel: CancelToken) -> Iterator[Audio]:
        """Yield each sentence at the voice's rate with the pause after it."""
        # Double brackets would be taken for phonemes.
        sentences = [p for p in self._voice.phonemize(text.replace("[[", "[ [")) if p]
        for i, phonemes in enumerate(sentences):
            if cancel.cancelled:
                return
            # Step by step instead of by the library's ``synthesize``, which brings every sentence
            # to the same peak, so that one with a loud sound in it is quieter than the next.
            ids = self._voice.phonemes_to_ids(self._lead + phonemes)
            samples = np.asarray(self._voice.phoneme_ids_to_audio(ids, self._synthesis), np.float32)
            pause_s = pause_after(text) if i == len(sentences) - 1 else SENTENCE_PAUSE_S
            audio = trim(Audio(np.clip(samples, -1, 1), self._voice.config.sample_rate), pause_s)
            if len(audio.samples):
                yield audio
