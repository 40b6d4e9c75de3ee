"""How loud every plain voice is, and how near they come to each other once they are matched.

``python -m tests.bench.voice_levels [--write FILE]``: each voice says sentences by which it is
matched, and others, which tell how well that was done; the meter is BS.1770's
(``daemon/voice/loudness.py``, which unit tests compare with FFmpeg's). ``--write`` keeps the levels
of Kokoro's voices, which come with the program.
"""

import argparse
import statistics
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from daemon.commands.console import err, out
from daemon.config import load, packaged_config
from daemon.languages import language as known_language
from daemon.media import Audio
from daemon.stages import Synthesizer
from daemon.store.model_store import open_store
from daemon.voice.bilingual import SPEECH_LUFS
from daemon.voice.loudness import loudness
from daemon.voice.plain_factory import PlainFactory
from daemon.voice.plain_voices import is_there, plain_voices
from daemon.worker import CancelToken
from tests.bench.read_aloud import SENTENCES

GOAL_LU = 1.5
MOST = 10  # sentences of those that are read aloud
HEADER = (
    "# LUFS of each of Kokoro's voices as it comes, by a dozen sentences of its language.\n"
    "# Made by: python -m tests.bench.voice_levels --write FILE\n"
)


def said(voice: Synthesizer, texts: Sequence[str]) -> list[Audio]:
    """Return each text in a voice."""
    return [_joined(list(voice.synthesize(text, CancelToken()))) for text in texts]


def _joined(sounds: Sequence[Audio]) -> Audio:
    return Audio(np.concatenate([sound.samples for sound in sounds]), sounds[0].rate)


def sentences(language: str) -> tuple[list[str], list[str]]:
    """Return what a voice is matched by, and what its level is checked with."""
    texts = known_language(language).said
    path = SENTENCES / f"{language}.txt"
    read = path.read_text(encoding="utf-8").splitlines()[:MOST] if path.exists() else []
    return [texts.calibration, *read[::2]], [texts.preview, *read[1::2]]


def main() -> None:
    """Measure all that are there."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--write", type=Path, metavar="FILE")
    arguments = parser.parse_args()
    settings = load(packaged_config()).settings
    store = open_store(settings.models.directory)
    factory = PlainFactory(settings, store)
    own: dict[str, float] = {}
    matched: dict[str, float] = {}
    single: list[float] = []  # how much one text is louder than all of a voice's together
    for found in plain_voices(store):
        if found.engine == "espeak" or not is_there(found, store):
            continue
        voice = factory.make(found)
        matched_by, checked_with = sentences(found.language)
        heard = said(voice, matched_by)
        own[found.name] = loudness(_joined(heard))
        single += [loudness(one) - own[found.name] for one in heard]
        others = loudness(_joined(said(voice, checked_with)))
        matched[found.name] = others + SPEECH_LUFS - own[found.name]
        out.print(
            f"{found.name:16} {own[found.name]:7.2f} LUFS, {matched[found.name]:7.2f} matched"
        )
        voice.close()
    spread = max(matched.values()) - min(matched.values())
    away = max(abs(found - SPEECH_LUFS) for found in matched.values())
    mean, deviation = statistics.mean(matched.values()), statistics.pstdev(matched.values())
    err.print(
        f"{len(own)} voices: {min(own.values()):.1f} to {max(own.values()):.1f} LUFS as they come; "
        f"matched {mean:.2f} ± {deviation:.2f} LUFS, spread {spread:.2f} LU, at most {away:.2f} LU "
        f"away (goal {GOAL_LU}); single texts ± {statistics.pstdev(single):.2f} LU"
    )
    if arguments.write:
        kokoro = {v.name for v in plain_voices(store) if v.engine == "kokoro"}
        # The best guess is the mean of what it said for the one and for the other.
        levels = {name: own[name] + (matched[name] - SPEECH_LUFS) / 2 for name in own}
        lines = [f"{name} = {value:.2f}\n" for name, value in levels.items() if name in kokoro]
        arguments.write.write_text(HEADER + "".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
