"""Makes the converter of a voice, of whichever kind."""

import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from daemon.config import Settings
from daemon.errors import InputError
from daemon.languages import language
from daemon.media import Audio
from daemon.stages import Synthesizer, VoiceConverter
from daemon.store.model_store import open_store
from daemon.voice.catalogue import TIMBRE, Voice
from daemon.worker import CancelToken

log = logging.getLogger(__name__)


def make_converter(voice: Voice, known: Sequence[Audio], settings: Settings) -> VoiceConverter:
    """Make the converter of a voice, of whichever kind.

    A WORLD voice learns from ``known``, one example of each voice that it will be given; without
    any it takes every sound for a voice of its own.
    """
    if voice.settings.kind == "sovits":
        from daemon.voice.sovits import SoVits

        return SoVits(voice, content_directory(settings))
    from daemon.voice.world import Timbre, World, measure

    target = Timbre.load(voice.directory / TIMBRE)
    sources = []
    for example in known:
        try:
            sources.append(measure([example], CancelToken()))
        except InputError:
            log.warning("Too little voice to learn from; every piece is taken for itself.")
    return World(target, sources)


def content_directory(settings: Settings) -> Path:
    """Return the folder of ContentVec. Raises ``SetupError`` when the weight is not there."""
    name = settings.voice.content_vec
    if "/" in name:
        return Path(name).expanduser()
    return open_store(settings.models.directory).path(name)


def examples(voice: Synthesizer, cancel: CancelToken) -> list[Audio]:
    """Let the plain voice speak some sentences of each language."""
    spoken: list[Audio] = []
    for code in ("en", "zh"):
        pieces = list(voice.synthesize(language(code).said.calibration, cancel))
        cancel.check()
        if pieces:
            sound = np.concatenate([piece.samples for piece in pieces])
            spoken.append(Audio(sound, pieces[0].rate))
    return spoken
