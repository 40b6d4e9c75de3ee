"""Recall: whether what was told earlier is found for a question in other words, and how fast.

``recall_data/`` has a hundred things told over thirty conversations of ordinary life, in English
and Chinese, among them requests that tell nothing; a question to each in other words; forty
questions in the other language; and fifty that have nothing to do with any of it. They were written
before any of the method was, and its constants chosen on the questions with odd numbers: those with
even numbers are held out. ``--half tuning`` shows the former alone, with what went wrong.
"""

import argparse
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from daemon.bench.figures import Row
from daemon.config import load, packaged_config
from daemon.languages.guess import language_of
from daemon.memory.encoding import WEIGHT, SentenceEncoder
from daemon.memory.entries import NewEntry
from daemon.memory.recall import fact_in, reminder
from daemon.memory.recollection import Encode, Recollection
from daemon.memory.store import MemoryStore
from daemon.store.model_store import open_store

DATA = Path(__file__).parent / "recall_data"
ROOT = Path(__file__).parents[2]
TOKENS = 300  # as the settings have it
DAY_S = 86_400.0
OTHERS = 10_000  # turns among which the hundred are looked for when time is measured
GOAL, GOAL_MS = 90, 10.0


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, and what answers it; "" if nothing does."""

    question: str
    answer: str
    held_out: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was put into the prompt for a question."""

    asked: Asked
    line: str
    found: int
    ms: float

    @property
    def right(self) -> bool:
        """Whether the answer is in it."""
        return bool(self.asked.answer) and self.asked.answer in self.line


def told() -> list[tuple[int, str, str]]:
    """Return conversation, number of the fact ("-": tells none) and words, in order."""
    rows = [line.split("\t") for line in (DATA / "said.tsv").read_text("utf-8").splitlines()]
    return [(int(talk), number, words) for talk, number, words in rows]


def asked(name: str) -> list[Asked]:
    """Return the questions of a file; what answers each is as the memory keeps it."""
    answers = {number: fact_in(words) or words for _, number, words in told()}
    lines = (DATA / name).read_text("utf-8").splitlines()
    if name.endswith(".txt"):
        return [Asked(line, "", bool(number % 2)) for number, line in enumerate(lines)]
    rows = [line.split("\t") for line in lines]
    return [Asked(words, answers[number], int(number) % 2 == 0) for number, words in rows]


def fill(store: MemoryStore, others: int = 0) -> None:
    """Keep the conversations, a day apart, after ``others`` turns made of the two READMEs."""
    store._db.execute("PRAGMA synchronous = OFF")  # filling is not what is measured
    chance = random.Random(19)
    names = ("README.md", "README.zh-CN.md")
    lines = [line for name in names for line in (ROOT / name).read_text("utf-8").split("\n")]
    prose = [line for line in lines if len(line) > 20]
    for number in range(others):
        store.add(NewEntry(chance.choice(prose), "", float(number)), None, "")
    talks: dict[int, int] = {}
    for talk, _, words in told():
        entry = NewEntry(words, "OK.", talk * DAY_S, fact_in(words))
        talks[talk] = store.add(entry, talks.get(talk), "")


def ask(recollection: Recollection, questions: list[Asked]) -> list[Outcome]:
    """Ask one after another."""
    outcomes = []
    for one in questions:
        code = language_of(one.question)
        begin = time.perf_counter()
        found = recollection.find(one.question, None, (), code)
        line = reminder(((each.at, each.text) for each in found), code, TOKENS)
        outcomes.append(Outcome(one, line, len(found), 1000 * (time.perf_counter() - begin)))
    return outcomes


def recollection_of(store: MemoryStore, encode: Encode | None) -> Recollection:
    """Return what has read all that ``store`` has."""
    recollection = Recollection(store, encode)
    while recollection.learn(1000):
        pass
    return recollection


def encoder() -> SentenceEncoder:
    """Load the weight."""
    directory = load(packaged_config()).settings.models.directory
    return SentenceEncoder(open_store(directory).path(WEIGHT))


def rows(half: str = "both", show: Callable[[str], object] = lambda _: None) -> list[Row]:
    """Measure by meaning and words, by words alone, and the time among ten thousand turns."""
    encode = encoder().encode
    found: list[Row] = []
    with tempfile.TemporaryDirectory() as folder:
        for how, meaning in (("", encode), (", by words alone", None)):
            with closing(MemoryStore(Path(folder) / f"memory{len(found)}.db")) as store:
                fill(store)
                found += _rows(recollection_of(store, meaning), how, half, show)
        with closing(MemoryStore(Path(folder) / "years.db")) as store:
            fill(store, OTHERS)
            outcomes = ask(recollection_of(store, encode), _half(asked("asked.tsv"), half))
    times = [outcome.ms for outcome in outcomes]
    found.append(
        Row(
            f"recall: time among {OTHERS:,} other turns, {len(times)} questions "
            f"({sum(outcome.right for outcome in outcomes)} right)",
            f"median {statistics.median(times):.1f} ms, "
            f"95 % within {statistics.quantiles(times, n=20)[-1]:.1f} ms",
            f"{GOAL_MS:.0f} ms",
            statistics.median(times) <= GOAL_MS,
        )
    )
    return found


def _half(questions: list[Asked], half: str) -> list[Asked]:
    return [one for one in questions if half == "both" or one.held_out == (half == "held-out")]


def _rows(
    recollection: Recollection, how: str, half: str, show: Callable[[str], object]
) -> list[Row]:
    found: list[Row] = []
    for name, what, goal in (
        ("asked.tsv", "right in the prompt", GOAL),
        ("asked_across.tsv", "right, asked in the other language", 0),
    ):
        outcomes = ask(recollection, _half(asked(name), half))
        right = sum(outcome.right for outcome in outcomes)
        share = 100 * right / len(outcomes)
        each = statistics.mean(outcome.found for outcome in outcomes)
        value = f"{right} of {len(outcomes)}, {each:.1f} lines each"
        found.append(Row(f"recall: {what}{how}", value, f"{goal} %" if goal else "", share >= goal))
        for outcome in outcomes:
            if not outcome.right:
                show(f"{outcome.asked.question} → {outcome.line or '–'}  ({outcome.asked.answer})")
    outcomes = ask(recollection, _half(asked("unrelated.txt"), half))
    wrong = [outcome for outcome in outcomes if outcome.line]
    found.append(Row(f"recall: unrelated{how}", f"{len(wrong)} of {len(outcomes)} get something"))
    for outcome in wrong:
        show(f"{outcome.asked.question} → {outcome.line}")
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--half", choices=("both", "tuning", "held-out"), default="both")
    chosen = parser.parse_args().half
    shown = print if chosen == "tuning" else lambda _: None
    for row in rows(chosen, shown):
        sys.stdout.write(f"{row.name:60} {row.value} {row.goal}\n")
