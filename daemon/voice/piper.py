"""Piper voices (VITS) in process: phonemes by the piper-tts library, sound by their own network."""

import json
import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from piper import PiperVoice
from piper.config import PhonemeType, PiperConfig

from daemon.errors import SetupError
from daemon.graphics import OnCard
from daemon.i18n import tr
from daemon.media import Audio, Phone, joined
from daemon.voice.loudness import fingerprint
from daemon.voice.pacing import Longest, Pace, streamed, until_cancelled
from daemon.voice.pauses import SENTENCE_PAUSE_S, pause_after, trim
from daemon.voice.phones import GAP, PAUSE, placed
from daemon.voice.piper_network import CUDA, Feeds, Network, on_card, on_processor
from daemon.voice.vocoder import PiecePlan
from daemon.worker import CancelToken

_MAX_THREADS = 4  # a medium voice gains nothing from more, and other models need theirs
_CONTEXT = 16  # frames, to plan with: HiFi-GAN as Piper has it sees 11 to 15 around its own


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
            threads = threads or min(_MAX_THREADS, os.cpu_count() or 1)
            self._engine = OnCard[Network](
                "piper",
                partial(on_card, path, _feeds([1, 2], config, 1.0))
                if CUDA in onnxruntime.get_available_providers()
                else None,
                partial(on_processor, path, threads),
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
        self._phonemizer = PiperVoice(session=None, config=config)  # whose network is not used
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
        self._length_scale = self._config.length_scale / speed

    def warm_up(self) -> None:
        """Speak once: the first run allocates what later ones reuse."""
        for _ in self.synthesize("Hello.", CancelToken()):
            pass

    def close(self) -> None:
        """Free the model."""
        del self._engine

    def synthesize(self, text: str, cancel: CancelToken) -> Iterator[Audio]:
        """Yield each sentence at the voice's rate with the pause after it."""
        for phonemes, pause_s in self._sentences(text):
            pieces = list(self._pieces(phonemes, Longest(self._frames_per_s), cancel))
            if cancel.cancelled:
                return
            audio = trim(joined(pieces), pause_s)
            if len(audio.samples):
                yield audio

    def stream(self, text: str, cancel: CancelToken) -> Iterator[Audio]:
        """Yield the same at ``SPEAK_RATE``, each sentence in pieces that continue each other."""
        for phonemes, pause_s in self._sentences(text):
            pace = Pace(self._frames_per_s, _CONTEXT)
            pieces = self._pieces(phonemes, pace, cancel)
            sound = streamed(pieces, self._config.sample_rate, pause_s, pace)
            yield from until_cancelled(sound, cancel)

    @property
    def _frames_per_s(self) -> float:
        return float(self._config.sample_rate / self._hop)

    @property
    def _hop(self) -> int:
        return int(getattr(self._config, "hop_length", 256))

    def _sentences(self, text: str) -> Iterator[tuple[list[str], float]]:
        """Yield the phonemes of each sentence, and how many seconds of silence follow it."""
        # Double brackets would be taken for phonemes.
        sentences = [p for p in self._phonemizer.phonemize(text.replace("[[", "[ [")) if p]
        for i, phonemes in enumerate(sentences):
            last = i == len(sentences) - 1
            yield phonemes, pause_after(text) if last else SENTENCE_PAUSE_S

    def _pieces(self, phonemes: list[str], plan: PiecePlan, cancel: CancelToken) -> Iterator[Audio]:
        """Yield the sound of a sentence, at the voice's rate, until cancelled.

        Its phones come with the first piece, where the network tells how long each is.

        Not by the library's ``synthesize``, which brings every sentence to the same peak, so that
        one with a loud sound in it is quieter than the next.
        """
        ids = self._phonemizer.phonemes_to_ids(self._lead + phonemes)
        feeds = _feeds(ids, self._config, self._length_scale)
        symbols, hop = self._symbols(self._lead + phonemes), self._hop
        phones: tuple[Phone, ...] = ()

        def tell(frames: NDArray[np.generic]) -> None:
            nonlocal phones
            phones = placed(symbols, frames, hop)

        for piece in self._engine.run(lambda network: network.speak(feeds, plan, tell)):
            yield Audio(np.clip(piece, -1, 1), self._config.sample_rate, phones)
            phones = ()
            if cancel.cancelled:
                return

    def _symbols(self, phonemes: list[str]) -> list[str]:
        """Return what each id that the library makes of phonemes is spoken as.

        It puts the sentence's beginning and end around them, and a gap after each.
        """
        known = self._config.phoneme_id_map
        symbols = [PAUSE] * (len(known.get("^", ())) + len(known.get("_", ())))
        for phoneme in phonemes:
            if phoneme in known:
                symbols.append(phoneme)
                symbols += [GAP] * (len(known[phoneme]) + len(known.get("_", ())) - 1)
        return symbols + [PAUSE] * len(known.get("$", ()))


def _feeds(ids: list[int], config: PiperConfig, length_scale: float) -> Feeds:
    """Return what the network is given: phonemes, how to speak them, and who of its speakers."""
    scales = [config.noise_scale, length_scale, config.noise_w_scale]
    feeds: dict[str, NDArray[np.generic]] = {
        "input": np.array([ids], np.int64),
        "input_lengths": np.array([len(ids)], np.int64),
        "scales": np.array(scales, np.float32),
    }
    if config.num_speakers > 1:
        # older versions of the library do not know a voice's own choice
        feeds["sid"] = np.array([getattr(config, "default_speaker_id", 0)], np.int64)
    return feeds
