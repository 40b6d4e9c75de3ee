"""How well voices are understood: Whisper base reads them back, Kokoro's beside the others.

English and the like are compared by words, Chinese by characters, Japanese by what is heard (kana);
marks and case are left out. The sentences are in ``tests/golden/read_aloud``.
"""

import re
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from daemon.bench.figures import Row
from daemon.commands.console import err, out
from daemon.config import Settings
from daemon.ears.whisper import Whisper
from daemon.media import LISTEN_RATE, Audio
from daemon.stages import Synthesizer
from daemon.store.model_store import ModelStore, open_store
from daemon.voice.kokoro.network import open_network
from daemon.voice.kokoro.voice import Kokoro, language_of_voice
from daemon.voice.mandarin import Mandarin
from daemon.voice.piper import Piper
from daemon.worker import CancelToken
from tests.bench.words import distance

SENTENCES = Path(__file__).parent.parent / "golden" / "read_aloud"
VOICES = (
    "af_heart", "am_michael", "bf_emma", "bm_george", "zf_xiaoxiao", "zm_yunxi", "ef_dora",
    "ff_siwis", "if_sara", "pf_dora", "hf_alpha", "jf_alpha",
)  # fmt: skip
GOALS = {"en": 3.0, "zh": 6.0}  # per cent


def units(text: str, language: str) -> list[str]:
    """Return what is compared."""
    if language == "zh":
        return re.findall(r"[\u4e00-\u9fff]", text)
    if language == "ja":
        import pyopenjtalk

        read = pyopenjtalk.run_frontend(text, use_sudachi_kanji_yomi=False)
        return list(re.sub(r"[^\u30a1-\u30fc]", "", "".join(word["pron"] for word in read)))
    return re.findall(r"[^\W\d_][\w\u0900-\u097f]*", text.casefold().replace("’", "'"))


def errors(
    voice: Synthesizer, language: str, ears: Whisper, told: Callable[[str], None]
) -> tuple[float, int]:
    """Return the share of units that were misheard, in per cent, and the number of sentences."""
    wrong = total = 0
    sentences = (SENTENCES / f"{language}.txt").read_text(encoding="utf-8").splitlines()
    for text in sentences:
        pieces = list(voice.synthesize(text, CancelToken()))
        sound = Audio(np.concatenate([piece.samples for piece in pieces]), pieces[0].rate)
        heard = ears.transcribe(sound.at_rate(LISTEN_RATE), CancelToken()).text
        expected = units(text, language)
        missed = distance(expected, units(heard, language))
        if missed:
            told(f"{language} {missed} {text} → {heard}")
        wrong, total = wrong + missed, total + len(expected)
    return 100 * wrong / total, len(sentences)


def rows(settings: Settings, names: tuple[str, ...] = VOICES) -> list[Row]:
    """Have all voices read, those of other engines first."""
    store = open_store(settings.models.directory)
    network = open_network(store.path("kokoro"))
    voices: list[tuple[str, str, Synthesizer]] = [*_others(store)]
    voices += [(f"Kokoro {name}", language_of_voice(name), Kokoro(network, name)) for name in names]
    ears: dict[str, Whisper] = {}
    found = []
    for title, language, voice in voices:
        if language not in ears:
            ears[language] = Whisper(store.path("whisper-base"), [language])
        begin = time.monotonic()
        share, count = errors(voice, language, ears[language], err.print)
        goal = GOALS.get(language)
        found.append(
            Row(
                f"read aloud, {language}, {count} sentences: {title}",
                f"{share:.1f} % misheard",
                f"≤ {goal:g} %" if goal and title.startswith("Kokoro") else "",
            )
        )
        err.print(f"{title}: {share:.1f} % ({time.monotonic() - begin:.0f} s)")
    network.close()
    return found


def _others(store: ModelStore) -> list[tuple[str, str, Synthesizer]]:
    return [
        ("Piper joe", "en", Piper(store.path("piper-joe"))),
        ("DataBaker", "zh", Mandarin(store.path("mandarin-baker"))),
    ]


if __name__ == "__main__":
    from daemon.bench.figures import table

    out.print(table(rows(Settings(), tuple(sys.argv[1:]) or VOICES)))
