"""How loud every plain voice is, and how near they come to each other once they are matched.

``python -m tests.bench.voice_levels [--write FILE]``: each voice says the sentences by which it is
matched, and others; the meter is BS.1770's (``daemon/voice/loudness.py``, which unit tests compare
with FFmpeg's). ``--write`` keeps the levels of Kokoro's voices, which come with the program.
"""

import argparse
import statistics
from pathlib import Path

import numpy as np

from daemon.commands.console import err, out
from daemon.config import load, packaged_config
from daemon.languages import language
from daemon.media import Audio
from daemon.stages import Synthesizer
from daemon.store.model_store import open_store
from daemon.voice.bilingual import SPEECH_LUFS
from daemon.voice.loudness import loudness
from daemon.voice.plain_factory import PlainFactory
from daemon.voice.plain_voices import is_there, plain_voices
from daemon.worker import CancelToken

GOAL_LU = 1.5
HEADER = (
    "# LUFS of each of Kokoro's voices as it comes, measured with sentences of daemon/languages.\n"
    "# Made by: python -m tests.bench.voice_levels --write FILE\n"
)


def level(voice: Synthesizer, text: str) -> float:
    """Return the loudness of a text in a voice, LUFS."""
    pieces = list(voice.synthesize(text, CancelToken()))
    return loudness(Audio(np.concatenate([piece.samples for piece in pieces]), pieces[0].rate))


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
    for found in plain_voices(store):
        if found.engine == "espeak" or not is_there(found, store):
            continue
        voice = factory.make(found)
        said = language(found.language).said
        own[found.name] = level(voice, said.calibration)
        others = level(voice, " ".join((said.preview, said.apology, said.no_answer)))
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
        f"away (goal {GOAL_LU})"
    )
    if arguments.write:
        kokoro = {v.name for v in plain_voices(store) if v.engine == "kokoro"}
        # The best guess is the mean of what it said for the one and for the other.
        levels = {name: own[name] + (matched[name] - SPEECH_LUFS) / 2 for name in own}
        lines = [f"{name} = {value:.2f}\n" for name, value in levels.items() if name in kokoro]
        arguments.write.write_text(HEADER + "".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
