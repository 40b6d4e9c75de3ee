"""What the program knows of each language that it can be talked to in: one ``.toml`` file each.

To add a language is to add a file here; ``tests/unit/test_languages.py`` tells what it lacks.
Words to be recognised are fragments of regular expressions, so that one entry covers the forms of a
word: "quant[oa]s?". Nothing else in the program names a language, but for English and Chinese,
whose numbers, dates and skills it reads and writes itself.
"""

import functools
import tomllib
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

_FOLDER = Path(__file__).parent
FALLBACK = "en"  # for a language that is not known, or not told

Words = Annotated[tuple[str, ...], Field(strict=False)]
Named = Annotated[str, Field(min_length=1)]


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class LanguageVoices(_Table):
    """What Whisper, espeak-ng, Piper and Kokoro call the language."""

    whisper: Named
    """Whisper's code."""
    espeak: Named
    """The voice of espeak-ng, which makes phonemes for Piper, too."""
    piper: Named
    """How the names of Piper's voices begin: ``es`` for ``es_ES-davefx-medium``."""
    kokoro: str
    """The first letters that Kokoro's voices of this language have; empty where it has none."""


class Writing(_Table):
    """How it is written."""

    letters: Named
    """Its letters, as a class of a regular expression without the brackets."""
    spaced: bool
    """Whether there are spaces between words."""
    ends: Named
    """Marks that end a sentence."""
    clauses: Named
    """Marks that end a clause."""
    only: str
    """What a recogniser writes it in and nothing else, first and last letter with a hyphen between,
    three bytes each in UTF-8; or empty. Latin letters and digits are nothing of it, either."""
    own_letters: str
    """Letters and marks that tell it from the other languages of its script, as a class."""
    frequent: Words
    """Words that tell it from others, where the script does not: its commonest, as written."""
    abbreviations: Words
    """Carry a full stop and go on; patterns."""
    ordinal_stop: bool
    """Whether a number with a full stop is an ordinal, which ends no sentence."""
    cents: str
    """What stands between whole amounts of money and the hundredths, if anything."""
    joints: Words
    """Words before which a first sentence without punctuation may be cut; patterns."""
    phrases: Words = ()
    """Words before which it may be cut where the rest is there in no time; patterns."""
    leaning: Words
    """Words after which nothing is cut: they belong to what follows; patterns."""
    particle: str
    """Where no spaces are: a pattern after which a long first clause may be cut; may be empty."""


class WordsHeard(_Table):
    """What people say, as far as it is not for the brain. All are patterns."""

    backchannels: Words
    """Accompany a reply, which goes on."""
    interruptions: Words
    """End a reply."""
    interrupting: Annotated[int, Field(ge=1)]
    """So many other words (where there are no spaces: characters) end a reply as well."""
    unfinished: Words
    """Last words after which more must come: conjunctions, articles, prepositions."""
    fillers: Words
    """Stand for thinking: whoever ends with one goes on."""
    waking: Words
    """Wake it, if it was sent to sleep."""
    calls: Words
    """Stand before its name when it is called; whole words in small letters, no patterns."""
    wake_phrases: Words
    """What "Digital Life" is called in this language."""


class WordsSaid(_Table):
    """What it says by itself."""

    greeting: Named
    """With ``{name}``."""
    apology: Named
    no_answer: Named
    """After tools have told nothing."""
    too_late: Named
    """After tools have told nothing in time."""
    unreadable: Named
    """Said once of a text of which a part is in a script without a voice."""
    sample: Named
    """For ``voices test``."""
    preview: Named
    """For ``faces test``."""
    calibration: Named
    """Several sentences, by which a voice's loudness is measured."""
    openers: Words
    """Likely beginnings of answers, spoken ahead while it is quiet."""
    now: Named
    """The note before a question: ``{weekday}``, ``{day}``, ``{month}``, ``{year}``, ``{clock}``,
    and, for all but English and Chinese, in which language to answer."""
    speaker: Named
    """What it says of who asks: ``{name}``; begins with a space where words have one between."""
    stranger: Named
    """What it says where nobody can tell who asks, and others are known by their voice."""
    answer_in: str = ""
    """In which language to answer, where ``now`` does not say so."""
    weekdays: Annotated[tuple[str, ...], Field(strict=False, min_length=7, max_length=7)]
    """From Monday on."""
    months: Annotated[tuple[str, ...], Field(strict=False, min_length=12, max_length=12)]


class WordsFelt(_Table):
    """What says how something is meant, for the face that says it. All are patterns."""

    smile: Words
    laugh: Words
    concern: Words
    surprise: Words
    doubt: Words
    negations: Words
    """What takes these back: where it stands shortly before them in the same clause."""
    negations_after: Words = ()
    """Likewise, shortly after them."""


class LanguageData(_Table):
    """One language."""

    code: Named
    """ISO 639-1: the name of its file."""
    name: Named
    """In itself."""
    english: Named
    """In English, for the brain."""
    voices: LanguageVoices
    writing: Writing
    heard: WordsHeard
    felt: WordsFelt
    said: WordsSaid


@functools.cache
def codes() -> tuple[str, ...]:
    """Return the codes of all languages: English and Chinese first, then by code."""
    found = {path.stem for path in _FOLDER.glob("*.toml")}
    return ("en", "zh", *sorted(found - {"en", "zh"}))


@functools.cache
def language(code: str) -> LanguageData:
    """Return what is known of a language; of English where ``code`` is not known."""
    if code not in codes():
        return language(FALLBACK)
    values = tomllib.loads((_FOLDER / f"{code}.toml").read_text(encoding="utf-8"))
    return LanguageData.model_validate({**values, "code": code})
