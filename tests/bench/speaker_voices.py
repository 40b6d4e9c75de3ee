"""Whom the measurement of speakers hears: Kokoro's voices, recordings of people, and noise."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from daemon.audio.files import read_recording
from daemon.bench.signals import levelled, room_response, trimmed
from daemon.bench.speech import PAUSED, QUESTIONS, whole
from daemon.commands.console import err
from daemon.ears.speaker_id import voiced_s
from daemon.files import atomic_write
from daemon.media import LISTEN_RATE, Samples
from daemon.people.identify import MIN_JUDGED_S
from daemon.store.model_store import ModelStore
from daemon.voice.kokoro.network import open_network, voice_names
from daemon.voice.kokoro.voice import Kokoro, language_of_voice
from daemon.voice.plain_voices import KOKORO
from daemon.worker import CancelToken

LANGUAGES = ("en", "zh")
SENTENCES = 6  # of each voice
PEOPLE = "people"
BABBLERS, BABBLE_OF = 3, 8

Degrade = Callable[[Samples, np.random.Generator], Samples]


@dataclass(frozen=True, slots=True)
class Voice:
    """Somebody who speaks."""

    name: str
    group: str
    """Voices are compared with those of their group: a language, or all who were recorded."""
    sentences: tuple[Samples, ...]
    """At ``LISTEN_RATE``, at the nominal level."""


def spoken(store: ModelStore, cache: Path) -> list[Voice]:
    """Return the synthetic voices; what one has said before is taken from the cache."""
    folder = store.path(KOKORO)
    cache.mkdir(parents=True, exist_ok=True)
    network, found = None, []
    for name in voice_names(folder):
        language = language_of_voice(name)
        if language not in LANGUAGES:
            continue
        kept = cache / f"{name}.npz"
        if not kept.exists():
            err.print(name)
            network = network or open_network(folder)
            voice = Kokoro(network, name)
            sounds = [_say(voice, text) for text in texts(language)]
            with atomic_write(kept) as part, part.open("wb") as file:
                np.savez(file, *sounds)
        with np.load(kept) as held:
            found.append(Voice(name, language, tuple(held[key] for key in held)))
    return found


def texts(language: str) -> list[str]:
    """Return what a voice says: short questions and longer ones in turn."""
    longer = [whole(language, *halves) for halves in PAUSED[language]]
    pairs = zip(QUESTIONS[language], longer, strict=False)
    return [text for pair in pairs for text in pair][:SENTENCES]


def recorded(folder: Path, most: int = SENTENCES) -> Iterator[Voice]:
    """Yield who is recorded, by what is long enough to be judged, and so much of that at most.

    They are people; a folder called ``en-NAME`` is of one more voice of that language.
    """
    for place in sorted(path for path in folder.iterdir() if path.is_dir()):
        sounds = [read_recording(path, 60).samples for path in sorted(place.iterdir())]
        long = [levelled(trimmed(x)) for x in sounds if voiced_s(x) >= MIN_JUDGED_S]
        language = place.name.partition("-")[0]
        group = language if language in LANGUAGES else PEOPLE
        yield Voice(place.name, group, tuple(long[:most]))


def conditions(voices: Sequence[Voice]) -> dict[str, Degrade]:
    """Return in what each sentence is heard; the babble is of the last voices."""
    last = voices[-BABBLE_OF:]

    def babble(length: int, rng: np.random.Generator) -> Samples:
        of = rng.choice(len(last), BABBLERS, replace=False)
        lines = [np.concatenate(last[i].sentences[-3:]) for i in of]
        starts = rng.integers(0, [len(line) for line in lines])
        tiled = [
            np.resize(np.roll(line, -at), length) for line, at in zip(lines, starts, strict=True)
        ]
        return np.asarray(np.sum(tiled, axis=0), np.float32)

    return {
        "as it is": lambda x, _: x,
        "20 dB quieter": lambda x, _: x * np.float32(0.1),
        "pink noise, 20 dB below": lambda x, rng: beside(x, pink(len(x), rng), 20),
        "pink noise, 10 dB below": lambda x, rng: beside(x, pink(len(x), rng), 10),
        "pink noise, 5 dB below": lambda x, rng: beside(x, pink(len(x), rng), 5),
        "babble of three, 15 dB below": lambda x, rng: beside(x, babble(len(x), rng), 15),
        "babble of three, 10 dB below": lambda x, rng: beside(x, babble(len(x), rng), 10),
        "across a living room": lambda x, rng: np.convolve(x, room_response(-3.0, 0.0, rng))[
            : len(x)
        ].astype(np.float32),
    }


def beside(speech: Samples, noise: Samples, below_db: float) -> Samples:
    """Add noise that is so much below the speech, by power."""
    ratio = np.sqrt(np.mean(np.square(speech)) / np.mean(np.square(noise)))
    return np.asarray(speech + noise * ratio * 10 ** (-below_db / 20), np.float32)


def pink(length: int, rng: np.random.Generator) -> Samples:
    """Return noise that has as much power in each octave."""
    spectrum = np.fft.rfft(rng.standard_normal(length))
    spectrum /= np.sqrt(np.maximum(np.arange(len(spectrum)), 1))
    return np.asarray(np.fft.irfft(spectrum, length), np.float32)


def _say(voice: Kokoro, text: str) -> Samples:
    pieces = [piece.at_rate(LISTEN_RATE).samples for piece in voice.synthesize(text, CancelToken())]
    return levelled(trimmed(np.concatenate(pieces)))
