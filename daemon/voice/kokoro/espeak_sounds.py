"""Words to Kokoro's symbols by espeak-ng, which Kokoro was trained with in most languages.

The model writes diphthongs and affricates as single letters, "I" for "aɪ" and "ʧ" for "tʃ". Its
English phonemes come from a dictionary that is written likewise. The tables are those of misaki
0.9.4 (Apache-2.0), the authors' own front end; misaki itself is not used: its English needs spaCy
with a model that it fetches from the network at the first word.
"""

import functools
import re
import unicodedata

from piper.phonemize_espeak import ESPEAK_DATA_DIR

_FLAGS = re.compile(r"\([^)]*\)")  # (en)…(es): words that espeak reads in another language
_SYLLABIC = re.compile("(\\S)\u0329")

_JOINED = (
    ("aɪ", "I"), ("aʊ", "W"), ("dz", "ʣ"), ("dʒ", "ʤ"), ("eɪ", "A"), ("oʊ", "O"), ("əʊ", "Q"),
    ("ts", "ʦ"), ("tʃ", "ʧ"), ("ɔɪ", "Y"), ("g", "ɡ"), ("-", ""),
)  # fmt: skip
_ENGLISH = (
    ("ʔˌn\u0329", "ʔn"), ("ʔn\u0329", "ʔn"), ("aɪ", "I"), ("aʊ", "W"), ("dʒ", "ʤ"), ("eɪ", "A"),
    ("tʃ", "ʧ"), ("ɔɪ", "Y"), ("ʲo", "jo"), ("ʲə", "jə"), ("ʲ", ""), ("ɬ", "l"), ("x", "k"),
    ("ç", "k"), ("r", "ɹ"), ("g", "ɡ"), ("\u0303", ""),
)  # fmt: skip
_AMERICAN = (
    ("oʊ", "O"), ("ɚ", "əɹ"), ("ɜːɹ", "ɜɹ"), ("ɜː", "ɜɹ"), ("ɪə", "iə"), ("ː", ""), ("ɾ", "T"),
)  # fmt: skip
_BRITISH = (("eə", "ɛː"), ("iə", "ɪə"), ("əʊ", "Q"), ("ɚ", "ə"))
# A syllable "əl" that ends a word or stands before a consonant has no vowel of its own: bottle.
_DARK_L = re.compile(r"(?<=[^\sˈˌ])əl(?![aeiouæɑɒɔəɛɜɪʊʌAIOQWYᵻˈˌ])")


def espeak_sounds(text: str, voice: str) -> str:
    """Return the symbols of ``text``, words without punctuation, in espeak's ``voice``."""
    spoken = _bridge(voice).get_phonemes(text)
    sounds = " ".join(_FLAGS.sub("", phonemes).strip() for phonemes, _end, _last in spoken)
    sounds = unicodedata.normalize("NFD", sounds).replace("c\u0327", "ç")  # one letter to the model
    return _english(sounds, voice) if voice.startswith("en") else _replaced(sounds, _JOINED)


def _english(sounds: str, voice: str) -> str:
    sounds = _replaced(sounds, _ENGLISH)
    sounds = _SYLLABIC.sub(r"ᵊ\1", sounds)
    sounds = _replaced(sounds, _BRITISH if voice.startswith("en-gb") else _AMERICAN)
    return _DARK_L.sub("ᵊl", sounds.replace("ɐ", "ə").replace("ʔ", "t"))


def _replaced(sounds: str, table: tuple[tuple[str, str], ...]) -> str:
    for old, new in table:
        sounds = sounds.replace(old, new)
    return sounds


def _bridge(voice: str) -> "_Espeak":
    """Return espeak, which is one for the whole process, with the voice chosen."""
    espeak = _loaded()
    espeak.set_voice(voice)
    return espeak


class _Espeak:
    def __init__(self) -> None:
        from piper import espeakbridge

        espeakbridge.initialize(str(ESPEAK_DATA_DIR))
        self.set_voice = espeakbridge.set_voice
        self.get_phonemes = espeakbridge.get_phonemes


@functools.cache
def _loaded() -> _Espeak:
    return _Espeak()
