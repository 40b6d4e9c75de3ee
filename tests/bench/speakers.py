"""Who is speaking: ``python -m tests.bench.speakers [--people FOLDER] [--speed]``.

Kokoro's English and Mandarin voices say the bench's questions, once; then that is kept. With
``--people`` there are recordings of people, too: each folder holds one person's, a sentence a file.
Three sentences make somebody known; the others, as they are and degraded, are compared with
everybody of the same language. The thresholds are chosen on every other voice and tried on those
between.
"""

import argparse
import statistics
import time
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from daemon.bench.figures import Row, table
from daemon.commands.console import out
from daemon.ears.speaker_id import FILE, WEIGHT, SpeakerEncoder, voice_of
from daemon.media import LISTEN_RATE
from daemon.people.identify import (
    THRESHOLD,
    WINDOW_S,
    identify,
    score,
    speaker_change,
)
from daemon.people.person import Person, Profile
from daemon.store.model_store import default_directory, open_store
from tests.bench.error_rates import accepts, equal_error, rejects, threshold_for
from tests.bench.speaker_voices import Degrade, Voice, conditions, recorded, spoken

ENROLLED = 3  # sentences that make somebody known
HOUSEHOLD = 4  # people who are known while one of them, or a stranger, speaks
STRANGERS = 0.001  # the share of strangers by which a threshold is chosen
LENGTHS_S = 0.5, 1.0, 1.5, 2.0, 3.0
CHANGES = 60
NEAR_S = 0.4
RUNS = 31

Vectors = Sequence[Sequence[NDArray[np.float32]]]
"""For each voice, those of its sentences."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=Path, metavar="FOLDER", help="recordings of people, too")
    parser.add_argument("--cache", type=Path, metavar="FOLDER", help="where speech is kept")
    parser.add_argument("--speed", action="store_true", help="tell only how long it takes")
    given = parser.parse_args()
    store = open_store()
    encoder = SpeakerEncoder(store.path(WEIGHT) / FILE)
    voices = spoken(store, given.cache or default_directory().parent / "bench" / "speakers")
    if given.speed:
        out.print(table(list(speed(voices, encoder))))
        return
    voices += recorded(given.people) if given.people else ()
    out.print(table(list(Measurement(voices, encoder).rows())))


class Measurement:
    """All comparisons; each sentence is embedded once in each condition."""

    def __init__(self, voices: Sequence[Voice], encoder: SpeakerEncoder) -> None:
        self._voices = voices
        self._encoder = encoder
        self._profiles = [
            Profile(
                Person(number, voice.name),
                np.stack([encoder.embed(x) for x in voice.sentences[:ENROLLED]]),
            )
            for number, voice in enumerate(voices)
        ]
        self._chosen_on = range(0, len(voices), 2)
        self._tried_on = range(1, len(voices), 2)

    def rows(self) -> Iterator[Row]:
        """Measure."""
        groups = [voice.group for voice in self._voices]
        counted = ", ".join(f"{groups.count(name)} {name}" for name in sorted(set(groups)))
        yield Row("voices", counted)
        heard = {
            name: self._embedded(degrade) for name, degrade in conditions(self._voices).items()
        }
        same, other = self._pooled(list(heard.values()), self._chosen_on)
        rate, place = equal_error(same, other)
        yield Row("first half: equal error rate", f"{rate:.1%} at {place:.2f}")
        yield Row(
            f"first half: threshold for {STRANGERS:.1%} of strangers",
            f"{threshold_for(other, STRANGERS):.3f}",
        )
        for name, vectors in heard.items():
            yield self._row(name, *self._pooled([vectors], self._tried_on))
        yield self._row("all of these", *self._pooled(list(heard.values()), self._tried_on), True)
        for group in sorted(set(groups)):
            only = [i for i in self._tried_on if groups[i] == group]
            yield self._row(f"all of these, {group}", *self._pooled(list(heard.values()), only))
        for length_s in LENGTHS_S:
            cut = self._embedded(first(length_s))
            yield self._row(
                f"the first {length_s} s of voice", *self._pooled([cut], self._tried_on)
            )
        yield from self._households(list(heard.values()))
        yield from self._changes()

    def _embedded(self, degrade: Degrade) -> Vectors:
        found = []
        for voice in self._voices:
            rng = np.random.default_rng(zlib.crc32(voice.name.encode()))
            said = voice.sentences[ENROLLED:]
            found.append([self._encoder.embed(degrade(x, rng)) for x in said])
        return found

    def _pooled(
        self, several: Sequence[Vectors], of: Sequence[int]
    ) -> tuple[list[float], list[float]]:
        """Return the scores of one voice with itself, and with others of its group."""
        same: list[float] = []
        other: list[float] = []
        for vectors in several:
            for i in of:
                for j in of:
                    if self._voices[i].group == self._voices[j].group:
                        scores = [score(vector, self._profiles[j]) for vector in vectors[i]]
                        (same if i == j else other).extend(scores)
        return same, other

    def _row(
        self, name: str, same: Sequence[float], other: Sequence[float], goal: bool = False
    ) -> Row:
        rate = equal_error(same, other)[0]
        wrong, missed = accepts(other, THRESHOLD), rejects(same, THRESHOLD)
        text = f"EER {rate:.1%}, at {THRESHOLD} false accepts {wrong:.2%}, rejects {missed:.1%}"
        met = rate <= 0.04 and wrong <= 0.01 if goal else None
        return Row(f"{name} ({len(same)}, {len(other)})", text, "≤ 4 %, ≤ 1 %" if goal else "", met)

    def _households(self, several: Sequence[Vectors]) -> Iterator[Row]:
        """Four who are known, one of whom speaks, or somebody else of the same group."""
        rng = np.random.default_rng(0)
        known: list[str] = []
        strangers: list[bool] = []
        for vectors in several:
            for i in self._tried_on:
                group = self._voices[i].group
                others = [j for j in self._tried_on if j != i and self._voices[j].group == group]
                for vector in vectors[i]:
                    chosen = rng.permutation(others)[:HOUSEHOLD]
                    home = [self._profiles[j] for j in chosen]
                    strangers.append(identify(vector, 9, home).person is not None)
                    home[0] = self._profiles[i]
                    found = identify(vector, 9, home).person
                    right = found == self._profiles[i].person
                    known.append("right" if right else "wrong" if found else "nobody")
        shares = ", ".join(
            f"{one} {known.count(one) / len(known):.1%}" for one in sorted(set(known))
        )
        yield Row(f"{HOUSEHOLD} are known, one of them speaks", shares)
        yield Row(
            f"{HOUSEHOLD} are known, a stranger speaks",
            f"taken for one of them {np.mean(strangers):.2%}",
        )

    def _changes(self) -> Iterator[Row]:
        """A sentence that somebody else, or the same person, goes on with."""
        rng = np.random.default_rng(0)
        found: list[float | None] = []
        cut = 0
        for _ in range(CHANGES):
            i = int(rng.choice(self._tried_on))
            group = self._voices[i].group
            others = [j for j in self._tried_on if j != i and self._voices[j].group == group]
            j = int(rng.choice(others))
            one, more = rng.choice(
                range(ENROLLED, len(self._voices[i].sentences)), 2, replace=False
            )
            begun = self._voices[i].sentences[one]
            pause = np.zeros(int(rng.uniform(0.1, 0.4) * LISTEN_RATE), np.float32)
            strange = self._voices[j].sentences[ENROLLED]
            place = speaker_change(
                np.concatenate([begun, pause, strange]), self._profiles[i], self._encoder.embed
            )
            true = len(begun) + len(pause) / 2
            found.append(None if place is None else abs(place - true) / LISTEN_RATE)
            joined = np.concatenate([begun, pause, self._voices[i].sentences[more]])
            cut += speaker_change(joined, self._profiles[i], self._encoder.embed) is not None
        off = [one for one in found if one is not None]
        near, middle = sum(one <= NEAR_S for one in off), statistics.median(off or [0.0])
        yield Row(
            f"somebody else goes on ({CHANGES})",
            f"cut {len(off)}, of these within {NEAR_S} s {near}, median {middle:.2f} s off",
        )
        yield Row(f"the same person goes on ({CHANGES})", f"cut {cut}")


def first(seconds: float) -> Degrade:
    """Return what leaves the first so many seconds of voice."""
    return lambda speech, _: voice_of(speech)[: int(seconds * LISTEN_RATE)]


def speed(voices: Sequence[Voice], encoder: SpeakerEncoder) -> Iterator[Row]:
    """How long an embedding takes, on one thread."""
    sound = np.concatenate([x for voice in voices[:3] for x in voice.sentences])
    for seconds in (WINDOW_S, 3.0, 6.0):
        length = int(seconds * LISTEN_RATE)
        took = []
        for run in range(RUNS):
            piece = voice_of(sound)[run * 4000 : run * 4000 + length]
            begin = time.perf_counter()
            encoder.embed(piece)
            took.append(1000 * (time.perf_counter() - begin))
        yield Row(
            f"who speaks, {seconds} s of voice", f"median {statistics.median(took[1:]):.0f} ms"
        )


if __name__ == "__main__":
    main()
