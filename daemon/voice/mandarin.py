"""A Mandarin voice: FastSpeech 2 makes a mel spectrogram, MB-MelGAN makes sound of it.

FastSpeech 2 (Ren et al., 2021, arXiv:2006.04558) and multi-band MelGAN (Yang et al., 2021,
arXiv:2005.05106) as trained by TensorFlowTTS on the DataBaker corpus, run by LiteRT.
"""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from daemon.errors import SetupError
from daemon.i18n import tr
from daemon.media import Audio, Samples, joined
from daemon.native import quiet_stderr
from daemon.voice.kokoro.mandarin_sounds import ipa
from daemon.voice.loudness import fingerprint
from daemon.voice.mandarin_text import Clause, clauses
from daemon.voice.pacing import Longest, Pace, streamed, until_cancelled
from daemon.voice.pauses import trim
from daemon.voice.phones import GAP, placed
from daemon.voice.vocoder import PiecePlan, Window, in_pieces
from daemon.worker import CancelToken

RATE = 24_000  # Hz

_DEFAULT_THREADS = 2  # both nets are small: more threads wait for each other
_NETS = ("fastspeech2.tflite", "mb_melgan.tflite")
_MIN_FRAMES = 4  # of 12.5 ms: the vocoder mirrors three at each end
# Measured: with 20 frames around a piece, every sample of it is to the bit as in the whole.
_WINDOW = Window(hop=300, context=20)
# Measured where stops are silent: the corpus has most of a stop in the joint between two syllables,
# of which the first half still sounds like the vowel before.
_STILL_VOWEL = 0.5
_NOTHING = Audio(np.zeros(0, np.float32), RATE)


class Mandarin:
    """Speaks Chinese text with numbers; leaves out what is neither.

    ``directory`` holds ``fastspeech2.tflite``, ``mb_melgan.tflite`` and ``baker_mapper.json``;
    ``speed`` is 0.5 to 2 times the voice's own pace; ``threads`` 0 chooses. Raises ``SetupError``.
    """

    def __init__(self, directory: Path, speed: float = 1.0, threads: int = 0) -> None:
        self.set_speed(speed)
        try:
            mapper = json.loads((directory / "baker_mapper.json").read_text(encoding="utf-8"))
            self._ids: dict[str, int] = mapper["symbol_to_id"]
            self._acoustic, self._vocoder = (
                Interpreter(str(directory / name), num_threads=threads or _DEFAULT_THREADS)
                for name in _NETS
            )
            self.fingerprint = fingerprint([directory / name for name in _NETS], speed)
        except (OSError, ValueError, TypeError, KeyError, RuntimeError) as error:
            raise SetupError(
                tr("The Mandarin voice in {directory} cannot be read: {reason}").format(
                    directory=directory, reason=error
                ),
                fix="digital-life models verify",
            ) from error

    def set_speed(self, speed: float) -> None:
        """Speak at ``speed`` times its own pace from the next sentence on."""
        self._speed = speed

    def warm_up(self) -> None:
        """Speak once: the first run of a graph prepares its kernels."""
        with quiet_stderr():  # LiteRT tells of its delegate
            for _ in self.synthesize("你好。", CancelToken()):
                pass

    def close(self) -> None:
        """Free both nets."""
        del self._acoustic, self._vocoder

    def synthesize(self, text: str, cancel: CancelToken) -> Iterator[Audio]:
        """Yield each clause at ``RATE`` with the pause after it; nothing if there is no Chinese."""
        for clause in clauses(text):
            pieces = list(self._pieces(clause, Longest(RATE / _WINDOW.hop), cancel))
            if cancel.cancelled:
                return
            audio = trim(joined([_NOTHING, *pieces]), clause.pause_s)
            if len(audio.samples):
                yield audio

    def stream(self, text: str, cancel: CancelToken) -> Iterator[Audio]:
        """Yield the same at ``SPEAK_RATE``, each clause in pieces that continue each other."""
        for clause in clauses(text):
            pace = Pace(RATE / _WINDOW.hop, _WINDOW.context)
            pieces = self._pieces(clause, pace, cancel)
            yield from until_cancelled(streamed(pieces, RATE, clause.pause_s, pace), cancel)

    def _pieces(self, clause: Clause, plan: PiecePlan, cancel: CancelToken) -> Iterator[Audio]:
        """Yield the sound of a clause, until cancelled; its phones come with the first piece."""
        ids = np.array([[self._ids[symbol] for symbol in clause.symbols]], np.int32)
        one = np.ones(1, np.float32)
        # Input ids, speaker, then ratios of duration, pitch and energy.
        inputs = [ids, np.zeros(1, np.int32), one / np.float32(self._speed), one, one]
        # The second is the refined spectrogram, the third how many frames each symbol lasts.
        _, mel, lengths, *_ = _run(self._acoustic, inputs)
        if mel.shape[1] < _MIN_FRAMES:
            return

        def decode(begin: int, end: int) -> Samples:
            (sound,) = _run(self._vocoder, [np.ascontiguousarray(mel[:, begin:end])])
            return np.asarray(sound[0, :, 0], np.float32)

        symbols = [ipa(symbol) for symbol in clause.symbols]
        phones = placed(symbols, _shared(clause.symbols, lengths[0]), _WINDOW.hop)
        for piece in in_pieces(mel.shape[1], _WINDOW, plan, decode):
            yield Audio(np.clip(piece, -1, 1), RATE, phones)
            phones = ()
            if cancel.cancelled:
                return


def _shared(symbols: Sequence[str], frames: NDArray[np.generic]) -> NDArray[np.float64]:
    """Return frames of which the vowel before a joint has got its share."""
    shared = frames.astype(np.float64)
    for i, symbol in enumerate(symbols[: len(shared)]):
        if ipa(symbol) == GAP and symbol.startswith("#") and i:
            shared[i - 1] += shared[i] * _STILL_VOWEL
            shared[i] *= 1 - _STILL_VOWEL
    return shared


def _run(net: Interpreter, inputs: Sequence[NDArray[np.generic]]) -> list[NDArray[np.generic]]:
    """Run ``net`` on arrays in the order of its inputs; their shapes may change with each call."""
    details = net.get_input_details()
    for detail, array in zip(details, inputs, strict=True):
        net.resize_tensor_input(detail["index"], array.shape)
    net.allocate_tensors()
    for detail, array in zip(details, inputs, strict=True):
        net.set_tensor(detail["index"], array)
    net.invoke()
    return [net.get_tensor(detail["index"]) for detail in net.get_output_details()]
