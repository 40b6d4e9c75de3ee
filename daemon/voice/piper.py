"""Piper voices (VITS) in process, through the piper-tts library."""

import json
import os
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import onnxruntime
from piper import PiperVoice, SynthesisConfig
from piper.config import PhonemeType, PiperConfig

from daemon.errors import SetupError
from daemon.graphics import OnCard
from daemon.i18n import tr
from daemon.media import Audio, Samples
from daemon.voice.loudness import fingerprint
from daemon.voice.pauses import SENTENCE_PAUSE_S, pause_after, trim
from daemon.worker import CancelToken

_MAX_THREADS = 4  # a medium voice gains nothing from more, and other models need theirs
CUDA = "CUDAExecutionProvider"
_ERRORS_ONLY = 3  # onnxruntime's log severity


class Piper:
    """Speaks with one Piper voice.

    ``voice`` is a directory with ``voice.onnx`` and ``voice.onnx.json``, or the path of an
    ``.onnx`` file with its ``.onnx.json`` beside it. ``speed`` is 0.5 to 2 times the voice's own
    pace; ``threads`` 0 chooses. Raises ``SetupError``.
    """

    def __init__(self, voice: Path, speed: float = 1.0, threads: int = 0) -> None:
        path = voice / "voice.onnx" if voice.is_dir() else voice
        try:
            config = PiperConfig.from_dict(
                json.loads(path.with_name(path.name + ".json").read_text(encoding="utf-8"))
            )
            self._engine = OnCard(
                "piper",
                partial(_on_cuda, path, config)
                if CUDA in onnxruntime.get_available_providers()
                else None,
                partial(
                    _on_processor, path, config, threads or min(_MAX_THREADS, os.cpu_count() or 1)
                ),
                "CUDA",
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
        self._config = config
        self.fingerprint = fingerprint([path, path.with_name(path.name + ".json")], speed)
        # A full stop before the first sound gives it a clean onset: without one, VITS swallows a
        # consonant now and then ("Python" is heard as "Heighten"). Its silence is trimmed.
        self._lead = [phoneme for phoneme in (".", " ") if phoneme in config.phoneme_id_map]
        self.set_speed(speed)

    @property
    def device(self) -> str:
        """Where it computes."""
        return self._engine.device

    def set_speed(self, speed: float) -> None:
        """Speak at ``speed`` times its own pace from the next sentence on."""
        self._synthesis = SynthesisConfig(length_scale=self._config.length_scale / speed)

    def warm_up(self) -> None:
        """Speak once: the first run allocates what later ones reuse."""
        for _ in self.synthesize("Hello.", CancelToken()):
            pass

    def close(self) -> None:
        """Free the model."""
        del self._engine

    def synthesize(self, text: str, cancel: CancelToken) -> Iterator[Audio]:
        """Yield each sentence at the voice's rate with the pause after it."""
        # Double brackets would be taken for phonemes.
        sentences = [p for p in self._engine.made.phonemize(text.replace("[[", "[ [")) if p]
        for i, phonemes in enumerate(sentences):
            if cancel.cancelled:
                return
            # Step by step instead of by the library's ``synthesize``, which brings every sentence
            # to the same peak, so that one with a loud sound in it is quieter than the next.
            ids = self._engine.made.phonemes_to_ids(self._lead + phonemes)
            samples = self._engine.run(partial(_speak, ids, self._synthesis))
            pause_s = pause_after(text) if i == len(sentences) - 1 else SENTENCE_PAUSE_S
            audio = trim(Audio(np.clip(samples, -1, 1), self._config.sample_rate), pause_s)
            if len(audio.samples):
                yield audio


def _speak(ids: list[int], synthesis: SynthesisConfig, voice: PiperVoice) -> Samples:
    return np.asarray(voice.phoneme_ids_to_audio(ids, synthesis), np.float32)


def _on_cuda(path: Path, config: PiperConfig) -> PiperVoice:
    """Load it for a card, and try; raises ``RuntimeError`` where ONNX Runtime cannot use it."""
    # Each sentence has a length of its own: trying all ways of computing it would take longer.
    providers = [(CUDA, {"cudnn_conv_algo_search": "HEURISTIC"}), "CPUExecutionProvider"]
    voice = _open(path, config, onnxruntime.SessionOptions(), providers)
    if CUDA not in voice.session.get_providers():
        raise RuntimeError("a library of CUDA's is missing")
    voice.phoneme_ids_to_audio(voice.phonemes_to_ids(["."]))
    return voice


def _on_processor(path: Path, config: PiperConfig, threads: int) -> PiperVoice:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    # Idle threads that spin would take the cores from the models that work meanwhile.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # A plan of its memory for every length of sentence would be kept, and made for nothing.
    options.enable_mem_pattern = False
    # To plan which results share a buffer takes 1 s of the 1.3 s that loading did.
    options.enable_mem_reuse = False
    return _open(path, config, options, ["CPUExecutionProvider"])


def _open(
    path: Path,
    config: PiperConfig,
    options: onnxruntime.SessionOptions,
    providers: Sequence[object],
) -> PiperVoice:
    options.log_severity_level = _ERRORS_ONLY
    # By its name, not its bytes: these would stay in memory a second time, 60 MB of them.
    session = onnxruntime.InferenceSession(str(path), options, providers=providers)
    return PiperVoice(session=session, config=config)
