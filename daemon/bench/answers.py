"""How single questions were answered, and which step made an answer slow."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from daemon.i18n import tr

STAGES = ("turn_end", "transcript", "first_token", "first_sentence", "first_audio", "first_audible")
SLOW = 1.5  # times the median: from here on a person notices that this answer took longer
TWICE = 1.6  # times a part's usual work: it did it again
REREAD = "whisper"  # the part whose work tells that words were read a second time


@dataclass(frozen=True, slots=True)
class Answer:
    """How one question was answered."""

    language: str
    latency_s: float | None
    """From the last sample of the question to the first audible one of the answer, if any came."""
    marks: dict[str, float]
    """What the daemon told of it: stage → seconds after what it took for the end of the speech."""
    early: bool
    """It spoke before the question was over, or answered only what came before a pause."""
    mouth_s: float | None = None
    """From the first audible sample to the first picture with a moving mouth, if it is drawn."""
    work: dict[str, float] = field(default_factory=dict)
    """Part → seconds it had worked when the first sound was heard."""

    @property
    def heard(self) -> bool:
        """Whether there was an answer."""
        return self.early or self.latency_s is not None


def stage_name(stage: str) -> str:
    """Call a stage by words; ``sound`` is what ``stages`` adds to them."""
    names: dict[str, Callable[[], str]] = {
        "turn_end": lambda: tr("knowing that you have finished"),
        "transcript": lambda: tr("your words"),
        "first_token": lambda: tr("first token"),
        "first_sentence": lambda: tr("first clause"),
        "first_audio": lambda: tr("first sound made"),
        "first_audible": lambda: tr("first sound on the loudspeaker"),
        "sound": lambda: tr("sound in and out"),
    }
    return names[stage]()


def stages(answers: Iterable[Answer]) -> dict[str, list[float]]:
    """Return for each stage what it added to the latency of each answer.

    ``sound`` is what the daemon does not see: the way of the sound in and out, and what its own
    idea of the end of speech is off.
    """
    added: dict[str, list[float]] = {}
    for answer in answers:
        if answer.latency_s is None or not all(stage in answer.marks for stage in STAGES):
            continue
        before = 0.0
        for stage in STAGES:
            done = max(before, answer.marks[stage])  # what was prepared added nothing
            added.setdefault(stage, []).append(done - before)
            before = done
        added.setdefault("sound", []).append(answer.latency_s - before)
    return added


@dataclass(frozen=True, slots=True)
class SlowAnswer:
    """An answer that took much longer than the others."""

    number: int
    """Of the question, from 1."""
    language: str
    latency_s: float
    stage: str
    """The one that took the most beyond its own median; as in ``STAGES``, or ``sound``."""
    late_s: float
    """By how much."""
    reread: bool
    """Whisper worked as long as for two readings."""


def slow_answers(answers: Sequence[Answer]) -> list[SlowAnswer]:
    """Return those that took ``SLOW`` times the median, slowest first."""
    timed = [(number, a) for number, a in enumerate(answers, 1) if a.latency_s is not None]
    added = [(number, a, _added(a)) for number, a in timed]
    known = [(number, a, taken) for number, a, taken in added if taken]
    if not known:
        return []
    usual = float(np.median([a.latency_s for _, a in timed if a.latency_s is not None]))
    usually = {
        stage: float(np.median([taken[stage] for *_, taken in known])) for stage in known[0][2]
    }
    reading = float(np.median([a.work.get(REREAD, 0.0) for _, a, _ in known]))
    found = list(_late(known, usual * SLOW, usually, reading * TWICE))
    return sorted(found, key=lambda one: -one.latency_s)


def _late(
    known: Sequence[tuple[int, Answer, dict[str, float]]],
    slow_s: float,
    usually: dict[str, float],
    twice_s: float,
) -> Iterator[SlowAnswer]:
    for number, answer, taken in known:
        if answer.latency_s is None or answer.latency_s < slow_s:
            continue
        late = {stage: seconds - usually[stage] for stage, seconds in taken.items()}
        stage = max(late, key=lambda name: late[name])
        reread = answer.work.get(REREAD, 0.0) > twice_s > 0
        yield SlowAnswer(number, answer.language, answer.latency_s, stage, late[stage], reread)


def _added(answer: Answer) -> dict[str, float]:
    return {stage: seconds for stage, (seconds,) in stages([answer]).items()}
