"""The voices of those who are known, compared with what is said: a part with its own thread."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from daemon.ears.speaker_id import SpeakerEncoder, voiced_s
from daemon.media import LISTEN_RATE, Audio, Samples
from daemon.people.identify import MIN_JUDGED_S, identify, speaker_change
from daemon.people.person import Embeddings, Profile, Speaker
from daemon.people.recordings import voiceprints_of
from daemon.worker import CancelToken


class KnownVoices:
    """Tells who said something. Nobody is known before ``use``."""

    def __init__(self, encoder: SpeakerEncoder) -> None:
        self._encoder = encoder
        self._profiles: Sequence[Profile] = ()

    def warm_up(self) -> None:
        """Run once: the first run prepares what later ones reuse."""
        noise = np.random.default_rng(0).normal(0, 0.1, LISTEN_RATE).astype(np.float32)
        self._encoder.embed(noise)

    def close(self) -> None:
        """Forget all voices."""
        self._profiles = ()

    def use(self, profiles: Sequence[Profile]) -> None:
        """Know these from now on, and nobody else."""
        self._profiles = tuple(profiles)

    def identify(self, audio: Audio, cancel: CancelToken) -> Speaker:
        """Return who says ``audio`` (``LISTEN_RATE``); raises ``Cancelled``."""
        seconds = voiced_s(audio.samples)
        if not self._profiles or seconds < MIN_JUDGED_S:
            return Speaker()
        cancel.check()
        return identify(self._encoder.embed(audio.samples), seconds, self._profiles)

    def change(self, audio: Audio, begun_by: int, cancel: CancelToken) -> int | None:
        """Return the sample from which another voice goes on, or ``None`` unless that is sure.

        ``begun_by`` is the number of the person who began; raises ``Cancelled``.
        """
        begun = [one for one in self._profiles if one.person.number == begun_by]
        if not begun:
            return None

        def embed(samples: Samples) -> NDArray[np.float32]:
            cancel.check()
            return self._encoder.embed(samples)

        return speaker_change(audio.samples, begun[0], embed)

    def voiceprints(self, recordings: Sequence[Audio], cancel: CancelToken) -> Embeddings:
        """Return what the one voice in ``recordings`` is known by, as ``voiceprints_of`` does."""
        cancel.check()
        return voiceprints_of(recordings, self._encoder)
