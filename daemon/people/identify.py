"""Whose voice it is, among those who are known.

What is compared are vectors of the speaker encoder, by their cosine. The thresholds come from
``tests/bench/speakers.py``, which chooses on one half of its voices and tries on the other;
docs/performance.md says how far the choice was blind.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from daemon.errors import InputError
from daemon.media import LISTEN_RATE, Samples
from daemon.people.person import Profile, Speaker

Embed = Callable[[Samples], NDArray[np.float32]]
"""The speaker encoder: sound at ``LISTEN_RATE`` to a unit vector."""

MIN_JUDGED_S = 1.0
"""Seconds of voice below which nobody is judged: a "yeah" sounds like many people's."""
THRESHOLD = 0.55
"""From this score on it is the person; one sentence in a hundred is so like another's."""
MARGIN = 0.05
"""How much liker it must be to one person than to any other who is known."""

WINDOW_S = 1.5
"""Seconds of a window in which a change of speaker is looked for."""
SURELY_ANOTHER = 0.4
"""Below this score it is surely not the person, for sounds of ``WINDOW_S`` and more."""

_LEAST_CHANGE_S = 0.25  # how finely the change is looked for
_PAUSE_S = 0.5  # on either side of it, in which the quietest moment is the cut
_QUIET_FRAME = 320  # samples, 20 ms


class TooLittleSpeech(InputError):
    """There is too little of a voice to know it by."""


class TooNoisy(InputError):
    """Noise, or other people's talk, is behind the voice."""


class AnotherVoice(InputError):
    """More than one person speaks."""


def identify(
    embedding: NDArray[np.float32], voiced_s: float, profiles: Sequence[Profile]
) -> Speaker:
    """Return who said it: nobody where it is a stranger, and unjudged where it was too short."""
    if voiced_s < MIN_JUDGED_S or not profiles:
        return Speaker()
    scores = [score(embedding, profile) for profile in profiles]
    best = int(np.argmax(scores))
    second = max((other for at, other in enumerate(scores) if at != best), default=-1.0)
    known = scores[best] >= THRESHOLD and scores[best] - second >= MARGIN
    return Speaker(profiles[best].person if known else None, scores[best])


def score(embedding: NDArray[np.float32], profile: Profile) -> float:
    """Return how like the person's voice it is, -1 to 1: the cosine to the middle of theirs."""
    middle = profile.embeddings.mean(axis=0)
    return float(embedding @ middle / max(float(np.linalg.norm(middle)), 1e-9))


def speaker_change(speech: Samples, begun_by: Profile, embed: Embed) -> int | None:
    """Return the sample from which another voice goes on, or ``None`` unless that is sure.

    ``speech`` (``LISTEN_RATE``) is an utterance that the person began. One change is looked for, by
    halves: where they also end it, or both speak at once, nothing is found. Costs one call of
    ``embed`` where they go on to the end, and about seven otherwise.
    """
    window = int(WINDOW_S * LISTEN_RATE)

    def like(begin: int, end: int) -> float:
        return score(embed(speech[begin:end]), begun_by)

    last = len(speech) - window
    if last < window or like(last, len(speech)) >= SURELY_ANOTHER:
        return None
    if like(0, window) < THRESHOLD:
        return None
    theirs, others = 0, last  # where windows begin
    while others - theirs > _LEAST_CHANGE_S * LISTEN_RATE:
        middle = (theirs + others) // 2
        if like(middle, middle + window) >= (THRESHOLD + SURELY_ANOTHER) / 2:
            theirs = middle
        else:
            others = middle
    cut = _quietest(speech, theirs + window // 2)
    sure = like(0, cut) >= THRESHOLD and like(cut, len(speech)) < SURELY_ANOTHER
    return cut if sure else None


def _quietest(speech: Samples, place: int) -> int:
    """Return the middle of the quietest tenth of a second around ``place``."""
    reach = int(_PAUSE_S * LISTEN_RATE)
    begin = max(0, place - reach)
    around = speech[begin : place + reach]
    frames = around[: len(around) // _QUIET_FRAME * _QUIET_FRAME].reshape(-1, _QUIET_FRAME)
    power = np.convolve(np.mean(np.square(frames), axis=1), np.ones(5), "valid")
    return begin + (int(np.argmin(power)) * 2 + 5) * _QUIET_FRAME // 2
