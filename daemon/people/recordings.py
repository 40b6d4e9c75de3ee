"""Recordings by which somebody is to be known: what can be learnt from them, and what is wrong."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from daemon.audio.files import read_recording
from daemon.ears.speaker_id import SpeakerEncoder, clearness_db, voice_of
from daemon.i18n import tr
from daemon.media import LISTEN_RATE, Audio, Samples
from daemon.people.identify import MIN_JUDGED_S, AnotherVoice, TooLittleSpeech, TooNoisy
from daemon.people.person import Embeddings

MAX_FILE_S = 600.0
LEAST_S = 4.0
"""Seconds of voice by which somebody can be known: about two short sentences."""
SAME = 0.35
"""The cosine from which on two pieces are one person's."""

_PIECE_S = 3.0  # of voice, for each vector
_MOST_PIECES = 10  # of them, spread over all that there is
_CLEAR_DB = 10.0  # between voice and pauses; less is noise or other people's talk


def embeddings_of(path: Path, encoder: SpeakerEncoder) -> Embeddings:
    """Return what the voice in a recording is known by. Raises ``InputError``, as below."""
    return voiceprints_of([read_recording(path, MAX_FILE_S)], encoder)


def voiceprints_of(recordings: Sequence[Audio], encoder: SpeakerEncoder) -> Embeddings:
    """Return what one person's voice is known by: a row for each three seconds, ten at most.

    ``recordings`` are at ``LISTEN_RATE``; of one with less than a second of voice nothing is taken.
    Raises ``TooLittleSpeech``, ``TooNoisy`` and ``AnotherVoice``.
    """
    least = int(MIN_JUDGED_S * LISTEN_RATE)
    voices = [voice_of(recording.samples) for recording in recordings]
    voices = [voice for voice in voices if len(voice) >= least]
    seconds = sum(map(len, voices)) / LISTEN_RATE
    if seconds < LEAST_S:
        raise TooLittleSpeech(
            tr("That is {seconds:.1f} s of speech; learning a voice takes {least:.0f} s.").format(
                seconds=seconds, least=LEAST_S
            )
        )
    if any(clearness_db(recording.samples) < _CLEAR_DB for recording in recordings):
        raise TooNoisy(tr("There is too much noise behind the voice: try somewhere quieter."))
    found = np.stack([encoder.embed(piece) for piece in _pieces(voices)])
    if float(np.min(found @ found.T)) < SAME:
        raise AnotherVoice(tr("There is more than one voice: only one person may speak."))
    return found


def _pieces(voices: Sequence[Samples]) -> list[Samples]:
    """Cut voices into pieces of three seconds and more, or one where there is less than that."""
    size = int(_PIECE_S * LISTEN_RATE)
    pieces = [
        piece for voice in voices for piece in np.array_split(voice, max(1, len(voice) // size))
    ]
    chosen = np.unique(np.linspace(0, len(pieces) - 1, _MOST_PIECES).astype(int))
    return [pieces[i] for i in chosen]
