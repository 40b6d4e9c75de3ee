"""What exactly reaches each voice for a text, without speaking it and without any model."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from daemon.config import Settings
from daemon.errors import SetupError
from daemon.languages import language
from daemon.store.model_store import open_store
from daemon.voice.language_runs import UNREADABLE, runs
from daemon.voice.mandarin_text import clauses
from daemon.voice.plain_factory import PlainFactory
from daemon.voice.plain_voices import PlainVoice

_ENGLISH, _MANDARIN = "en-us", "cmn"  # espeak's voices, where no file of a Piper voice says another


@dataclass(frozen=True, slots=True)
class Explained:
    """What is spoken in one go."""

    language: str
    text: str
    """In words, as it is spoken."""
    sounds: str
    """Phonemes of the International Phonetic Alphabet, or pinyin with the tone after sandhi."""


def explain(text: str, settings: Settings) -> Iterator[Explained]:
    """Yield what is spoken of a sentence, clause by clause. No model is loaded or need be there."""
    from piper.phonemize_espeak import EspeakPhonemizer

    espeak = EspeakPhonemizer()
    chosen = PlainFactory(settings, open_store(settings.models.directory)).chosen()
    english = _espeak_voice(chosen["en"], settings) or _ENGLISH
    mandarin = _espeak_voice(chosen["zh"], settings) if "zh" in chosen else None
    for run in runs(text, tuple(chosen)):
        if run.language == "zh" and mandarin is None:
            for clause in clauses(run.text):
                yield Explained("zh", clause.text, clause.pinyin)
        elif run.language in ("ja", UNREADABLE):  # nor can espeak-ng read these
            yield Explained(run.language, run.text.strip(), "")
        elif any(char.isalnum() for char in run.text):
            others = language(run.language).voices.espeak
            voice = {"zh": mandarin or english, "en": english}.get(run.language, others)
            sentences = espeak.phonemize(voice, run.text)
            sounds = " ".join("".join(sentence).strip() for sentence in sentences)
            yield Explained(run.language, run.text.strip(), sounds)


def _espeak_voice(voice: PlainVoice, settings: Settings) -> str | None:
    """Name espeak's voice that makes the phonemes for a voice; ``None`` where espeak makes none."""
    if voice.engine == "espeak":
        return _MANDARIN
    try:
        place = Path(voice.name) if not voice.weight else _weight(voice.weight, settings)
        config = json.loads(place.with_name(place.name + ".json").read_text(encoding="utf-8"))
        return str(config["espeak"]["voice"])
    except (SetupError, OSError, ValueError, KeyError, TypeError):
        return None


def _weight(name: str, settings: Settings) -> Path:
    return open_store(settings.models.directory).path(name) / "voice.onnx"
