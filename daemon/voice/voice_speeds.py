"""How quick each engine speaks on this machine: measured once, beside a working brain.

Whoever waits for an answer waits for its first clause to be made. Kokoro sounds better than Piper
and takes several times as long; whether that is soon enough, nothing but a measurement tells. It
takes some seconds, so ``digital-life setup`` and ``voices`` measure, and the daemon goes by what is
known when it starts.
"""

import statistics
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from daemon.processor_load import physical_cores, processor
from daemon.remembered import RememberedNumbers, package_version, path_key
from daemon.stages import Synthesizer
from daemon.store.model_store import ModelStore
from daemon.voice.plain_voices import KOKORO, PlainVoice
from daemon.worker import CancelToken

QUICK_S = 0.25
"""A first clause is to be there within this, or within a quarter of the time that it lasts."""
QUICK_FACTOR = 0.25
ROUNDS = 3  # after one that prepares; the median counts
CLAUSES = {  # about a second each; they differ, so that nothing is remembered of the one before
    "en": ("The weather is fine today,", "We went to the market,", "There is time for tea,"),
    "zh": ("今天的天气很好，", "我们去了一趟市场，", "现在还有时间喝茶，"),
}
FILE = "voice-speeds.json"
NETWORKS = {
    "kokoro": "kokoro.onnx",
    "piper": "voice.onnx",
    "fastspeech2": "fastspeech2.tflite",
}


@dataclass(frozen=True, slots=True)
class VoiceSpeed:
    """What was measured of a voice."""

    clause_s: float
    """To make a clause."""
    lasts_s: float
    """How long that clause is heard."""

    @property
    def factor(self) -> float:
        """The real-time factor."""
        return self.clause_s / self.lasts_s

    @property
    def is_quick(self) -> bool:
        """Whether nobody has to wait for it."""
        return self.clause_s <= max(QUICK_S, QUICK_FACTOR * self.lasts_s)


class KnownVoiceSpeeds:
    """Speeds by engine, its files, processor and versions, below the cache folder."""

    def __init__(self) -> None:
        self._known = RememberedNumbers(FILE)

    def get(self, key: str) -> VoiceSpeed | None:
        """Return what is known of what ``key`` names; see ``speed_key``."""
        match self._known.get(f"{key}|{_machine()}"):
            case [float() as clause_s, float() as lasts_s] if lasts_s > 0:
                return VoiceSpeed(clause_s, lasts_s)
        return None

    def keep(self, key: str, speed: VoiceSpeed) -> None:
        """Remember it."""
        self._known.keep(f"{key}|{_machine()}", [speed.clause_s, speed.lasts_s])


def measure(
    voice: Synthesizer,
    language: str,
    beside: Callable[[], AbstractContextManager[object]] = nullcontext,
) -> VoiceSpeed:
    """Have a voice that is loaded speak some clauses; ``beside`` keeps the machine busy meanwhile.

    Raises ``StageError`` where it cannot speak.
    """
    clauses = CLAUSES.get(language, CLAUSES["en"])
    speak_timed(voice, clauses[0])
    with beside():
        found = [speak_timed(voice, clauses[number % len(clauses)]) for number in range(ROUNDS)]
    return VoiceSpeed(
        statistics.median(took for took, _ in found), statistics.median(lasts for _, lasts in found)
    )


def speak_timed(voice: Synthesizer, text: str) -> tuple[float, float]:
    """Return how long it took to make a text, and how long that is heard, seconds."""
    begin = time.perf_counter()
    pieces = list(voice.synthesize(text, CancelToken()))
    return time.perf_counter() - begin, max(sum(piece.seconds for piece in pieces), 0.1)


def speed_key(voice: PlainVoice, store: ModelStore) -> str:
    """Return what tells an engine and its files from others; Kokoro's voices are equally quick."""
    if voice.engine == "espeak":
        return voice.engine
    place = store.place(voice.weight) if voice.weight else Path(voice.name)
    file = place / NETWORKS[voice.engine] if voice.weight else place
    return f"{voice.engine}|{path_key(file)}"


def known_speed(voice: PlainVoice, store: ModelStore) -> VoiceSpeed | None:
    """Return what was measured of a voice that is there."""
    try:
        return KnownVoiceSpeeds().get(speed_key(voice, store))
    except OSError:
        return None


def known_kokoro(store: ModelStore) -> VoiceSpeed | None:
    """Return what was measured of Kokoro, whose voices are equally quick."""
    place = store.place(KOKORO) / NETWORKS["kokoro"]
    return KnownVoiceSpeeds().get(f"kokoro|{path_key(place)}") if place.is_file() else None


def kokoro_is_quick(store: ModelStore) -> bool:
    """Whether Kokoro was measured here, and nobody has to wait for it."""
    if KOKORO not in store.manifest.weights:
        return False
    found = known_kokoro(store)
    return found is not None and found.is_quick


def _machine() -> str:
    versions = (package_version("onnxruntime"), package_version("openvino"))
    return f"{processor()}|{physical_cores()}|{'|'.join(versions)}"
