"""Word errors: Whisper as the ears run it, beside faster-whisper's own full window.

English is compared by words, Chinese by characters, punctuation and case left out. A doubtful word
turns with the last bit of a sample, in both: so each recording is heard several times.
"""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
from faster_whisper import WhisperModel
from opencc import OpenCC

from daemon.audio.files import read_recording
from daemon.bench.figures import Row
from daemon.bench.speech import load_recordings
from daemon.config import Settings
from daemon.ears.choice import installed, model_folder
from daemon.ears.whisper import Whisper
from daemon.media import LISTEN_RATE, Audio, Samples
from daemon.store.model_store import open_store
from daemon.worker import CancelToken

UNIT = re.compile(r"[\u4e00-\u9fff]|[a-z0-9']+")
POINTS = 0.5  # that ours may be worse
LEADS = 0.0, 0.1, 0.2  # seconds of silence before a recording
AUDIO = Path(__file__).parent.parent / "audio"
RECORDED = {  # what is said in them, as AUDIO/README.md has it
    "question-en.wav": ("en", "What is the capital of France?"),
    "pause-en.wav": ("en", "Can you tell me, why the sky is blue?"),
    "question-zh.wav": ("zh", "中国的首都是哪里？"),
    "lj-unfinished.flac": (
        "en",
        "And it is worth mention in passing that, as an example of fine typography,",
    ),
    "lj-finished.flac": ("en", "has never been surpassed."),
    "jfk.flac": (
        "en",
        "And so, my fellow Americans: ask not what your country can do for you, "
        "ask what you can do for your country.",
    ),
}


Said = list[tuple[str, str, Samples]]
"""Language, text and sound."""
Errors = dict[str, tuple[int, int]]
"""By language: how many units were misheard, of how many."""


def rows(settings: Settings) -> list[Row]:
    """Read all that the bench says, and the recordings of the tests, with both.

    What else is installed reads them, too.
    """
    said = load_recordings(settings)
    for name, (language, text) in RECORDED.items():
        said.append((language, text, read_recording(AUDIO / name, 60).samples))
    silences = [np.zeros(round(lead * LISTEN_RATE), np.float32) for lead in LEADS]
    heard = [(lang, text, np.append(lead, x)) for lang, text, x in said for lead in silences]
    store = open_store(settings.models.directory)
    used = model_folder(settings.ears, store)
    mine = ours(settings, used, heard)
    theirs = full_window(used, heard)
    limit = share(theirs) + POINTS
    others = [folder for folder in installed(settings.ears, store) if folder != used]
    return [
        Row(
            f"hearing: word errors, {len(said)} recordings, each {len(LEADS)} times, {used.name}",
            told(mine),
            f"≤ {limit:.1f} %",
            share(mine) <= limit,
        ),
        Row("hearing: the same, faster-whisper's full window, language told", told(theirs)),
        *(
            Row(f"hearing: the same, {folder.name}", told(ours(settings, folder, heard)))
            for folder in others
        ),
    ]


def ours(settings: Settings, folder: Path, heard: Said) -> Errors:
    """Have the ears hear it with the model in ``folder``."""
    ears = settings.ears
    part = Whisper(folder, ears.languages, ears.threads, ears.engine)
    try:
        return errors(
            heard, lambda sound, _: part.transcribe(Audio(sound, LISTEN_RATE), CancelToken()).text
        )
    finally:
        part.close()


def full_window(folder: Path, heard: Said) -> Errors:
    """Have faster-whisper hear it, which is told the language."""
    simplified = OpenCC("t2s")  # as ours writes Chinese
    plain = WhisperModel(str(folder), device="cpu", compute_type="int8")

    def full(sound: Samples, language: str) -> str:
        segments, _ = plain.transcribe(
            sound, language, beam_size=1, without_timestamps=True, condition_on_previous_text=False
        )
        text = "".join(segment.text for segment in segments)
        return str(simplified.convert(text)) if language == "zh" else text

    return errors(heard, full)


def errors(said: Said, hear: Callable[[Samples, str], str]) -> Errors:
    """Count the units that were misheard."""
    found: Errors = {}
    for language, text, sound in said:
        expected, heard = units(text), units(hear(sound, language))
        wrong, total = found.get(language, (0, 0))
        found[language] = wrong + distance(expected, heard), total + len(expected)
    return found


def share(found: Errors) -> float:
    """Return the share that was misheard in all languages, in per cent."""
    wrong, total = map(sum, zip(*found.values(), strict=True))
    return 100 * wrong / total


def told(found: Errors) -> str:
    """Say it, and for each language by itself."""
    each = ", ".join(f"{code} {100 * wrong / total:.1f}" for code, (wrong, total) in found.items())
    return f"{share(found):.1f} % ({each})"


def units(text: str) -> list[str]:
    """Return the words, or Chinese characters."""
    return UNIT.findall(text.casefold())


def distance(one: list[str], other: list[str]) -> int:
    """How many units have to be put in, taken out or changed (Levenshtein 1965)."""
    row = list(range(len(other) + 1))
    for i, unit in enumerate(one, 1):
        before, row[0] = row[0], i
        for j, candidate in enumerate(other, 1):
            changed = before + (unit != candidate)
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, changed)
    return row[-1]
