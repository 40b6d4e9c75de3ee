"""Whether a moment of sound is speech: a cheap gate, and a small neural network to confirm it."""

from pathlib import Path

import numpy as np
import onnxruntime
import webrtcvad
from numpy.typing import NDArray

from daemon.media import LISTEN_RATE, Samples

CHUNK = 512  # samples, 32 ms: the only length that Silero takes at 16 kHz
CONTEXT = 64  # samples of the chunk before, wanted in front; without them Silero hears nothing
GATE_FRAME = 320  # samples, 20 ms: webrtcvad takes 10, 20 or 30 ms


def one_thread() -> onnxruntime.SessionOptions:
    """Return how small networks run: in milliseconds, and leaving the cores to others.

    Spinning is off because a thread that waits for work all day must not take a core to do so.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # Without VNNI, products of 8 bits saturate: a pause within a sentence was taken for its end.
    options.add_session_config_entry("session.x64quantprecision", "1")
    options.log_severity_level = 3
    return options


def onnx_session(path: Path) -> onnxruntime.InferenceSession:
    """Open a small network for one thread."""
    return onnxruntime.InferenceSession(
        str(path), sess_options=one_thread(), providers=["CPUExecutionProvider"]
    )


class WebRtcVad:
    """webrtcvad: says within microseconds whether sound could be speech."""

    def __init__(self, aggressiveness: int) -> None:
        """``aggressiveness`` is 0 to 3; 3 lets the least noise through."""
        self._vad = webrtcvad.Vad(aggressiveness)
        self._rest: NDArray[np.int16] = np.empty(0, np.int16)

    def passes(self, samples: Samples) -> bool:
        """Whether any whole 20 ms frame that ends within ``samples`` (any length) could be speech.

        Successive calls continue each other; what is left of a frame waits for the next call.
        """
        pcm = np.concatenate([self._rest, (samples * 32767).astype(np.int16)])
        whole = len(pcm) - len(pcm) % GATE_FRAME
        self._rest = pcm[whole:]
        # No any(): the detector has to see every frame to know the noise.
        heard = [
            self._vad.is_speech(frame.tobytes(), LISTEN_RATE)
            for frame in pcm[:whole].reshape(-1, GATE_FRAME)
        ]
        return True in heard


class Silero:
    """Silero VAD 5 or 6: the probability that a chunk is speech."""

    def __init__(self, path: Path) -> None:
        """``path`` is ``silero_vad.onnx``."""
        self._session = onnx_session(path)
        self._rate = np.array(LISTEN_RATE, np.int64)
        self.reset()

    def reset(self) -> None:
        """Forget what was heard: what comes next does not continue it."""
        self._state = np.zeros((2, 1, 128), np.float32)
        self._context = np.zeros(CONTEXT, np.float32)

    def probability(self, chunk: Samples) -> float:
        """Return 0 to 1 for the next ``CHUNK`` samples."""
        sound = np.concatenate([self._context, chunk])
        self._context = sound[-CONTEXT:]
        probability, self._state = self._session.run(
            None, {"input": sound[np.newaxis], "state": self._state, "sr": self._rate}
        )
        return float(probability[0, 0])
