"""``make compare``: ours and a plain Pipecat pipeline, in turn, in the same room.

``python -m tests.bench.compare [--questions N] [--busy] [--json FILE]``. The questions are dealt
out over ``ROUNDS``; in each, ours is asked, and then Pipecat the same. Machine, load and latency
change from minute to minute, and so does the ratio; what both met in turn can be compared. Answers
are cut short, for both, as only their beginning is measured.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import cycle, islice
from pathlib import Path

from daemon.bench import live, results
from daemon.bench.answers import Answer
from daemon.bench.figures import Progress, Row, spread, table
from daemon.bench.machine import Circumstances
from daemon.bench.process import write_config
from daemon.bench.results import Results
from daemon.bench.sound_server import SoundServer
from daemon.bench.speech import QuestionSet, load_script
from daemon.commands.bench import ended_by_signals, shown_progress
from daemon.commands.console import check_writable, err, out, write_json
from daemon.config import Settings, load, packaged_config
from daemon.errors import DigitalLifeError
from daemon.files import LockedTempFolder
from daemon.media import JsonObject
from daemon.store.model_store import open_store
from daemon.weights import require_weights
from tests.bench import beside, pipecat_baseline

QUESTIONS, ROUNDS = 40, 3
ANSWER_TOKENS = 24  # a sentence or two; the answers' ends would take most of the time
RATIO, BUSY_RATIO = 0.30, 0.35  # of the medians, at most


@dataclass(slots=True)
class Comparison:
    """What both measured, round by round."""

    ours: list[Results] = field(default_factory=list)
    theirs: list[Results] = field(default_factory=list)

    def of(self, language: str = "") -> tuple[list[float], list[float]]:
        """Return all latencies of both in seconds, of one language or of all."""
        return _latencies(self.ours, language), _latencies(self.theirs, language)


def measure(
    settings: Settings, questions: int, progress: Progress, busy: bool = False
) -> Comparison:
    """Ask both in turn; ``busy`` says that another program takes a processor.

    Raises ``DeviceError`` where PulseAudio is missing, ``SetupError`` for a missing weight, or
    where Pipecat cannot be installed.
    """
    settings = pipecat_baseline.with_piper(settings)
    require_weights(settings, open_store(settings.models.directory))
    brain = settings.brain.model_copy(update={"max_reply_tokens": ANSWER_TOKENS})
    settings = settings.model_copy(update={"brain": brain})
    found = Comparison()
    with LockedTempFolder("digital-life-bench-") as folder:
        server = SoundServer(Path(folder))
        script = load_script(settings)
        asked = list(islice(cycle(script.questions), questions))
        write_config(server.config, settings)
        with pipecat_baseline.pipeline(settings, progress, busy) as start, server:
            for number in range(ROUNDS):
                said = QuestionSet(asked[number::ROUNDS], script.long, script.backchannels)
                ours, theirs = Results(), Results()
                found.ours.append(ours)
                found.theirs.append(theirs)
                with live.trial(server, said, ours, face=False) as trial:
                    if number == 0:
                        trial.idle(progress)
                    trial.questions(len(said.questions), progress)
                with beside.trial(server, said, theirs, start) as trial:
                    trial.questions(len(said.questions), progress)
    return found


def rows(found: Comparison, busy: bool, fps: int) -> list[Row]:
    """Tell the ratios, then what ours is made of, then what went wrong with theirs."""
    goal = BUSY_RATIO if busy else RATIO
    told = [
        _compared(f"round {number}", [ours], [theirs])
        for number, (ours, theirs) in enumerate(zip(found.ours, found.theirs, strict=True), 1)
    ]
    for language, name in beside.NAMES.items():
        if any(found.of(language)):
            told.append(_compared(name, found.ours, found.theirs, language))
    told.append(_compared("ours beside Pipecat, all", found.ours, found.theirs, goal=goal))
    theirs = beside.rows(pipecat_baseline.NAME, joined(found.theirs))
    return [*told, *results.rows(joined(found.ours), fps), *theirs]


def _compared(
    name: str,
    ours: Sequence[Results],
    theirs: Sequence[Results],
    language: str = "",
    goal: float | None = None,
) -> Row:
    one, other = spread(_latencies(ours, language)), spread(_latencies(theirs, language))
    if one is None or other is None:
        return Row(name, "nothing was answered")
    ratio = one.median / other.median
    text = f"{one.median:.2f} s (n = {one.n}), {other.median:.2f} s (n = {other.n}): {ratio:.2f}"
    if goal is None:
        return Row(name, text)
    return Row(name, text, f"≤ {goal:.2f}", ratio <= goal)


def _latencies(several: Sequence[Results], language: str) -> list[float]:
    return [
        answer.latency_s
        for one in several
        for answer in one.answers
        if answer.latency_s is not None and (not language or answer.language == language)
    ]


def joined(several: Sequence[Results]) -> Results:
    """Return them as one: all answers, the longest start, the most memory."""
    answers: list[Answer] = [answer for one in several for answer in one.answers]
    return Results(
        idle_share=next((one.idle_share for one in several if one.idle_share is not None), None),
        listen_s=max(one.listen_s for one in several),
        start_s=max(one.start_s for one in several),
        memory_bytes=max(one.memory_bytes for one in several),
        answers=answers,
        devices=several[-1].devices,
        lost=sum(one.lost for one in several),
    )


def as_json(found: Comparison) -> JsonObject:
    """Return every measurement, and the ratio of the medians, overall and by round."""
    ratios = []
    for ours, theirs in [*zip(found.ours, found.theirs, strict=True), (None, None)]:
        one = spread(_latencies([ours] if ours else found.ours, ""))
        other = spread(_latencies([theirs] if theirs else found.theirs, ""))
        ratios.append(one.median / other.median if one and other else None)
    return {
        "ratio": ratios.pop(),
        "ratio_by_round": ratios,
        "ours": results.as_json(joined(found.ours)),
        "pipecat": results.as_json(joined(found.theirs)),
    }


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--questions", type=int, default=QUESTIONS, metavar="N")
    parser.add_argument("--busy", action="store_true", help="beside a program that takes a core")
    parser.add_argument("--json", type=Path, metavar="FILE")
    arguments = parser.parse_args()
    if not ROUNDS <= arguments.questions <= 1000:
        parser.error(f"--questions: from {ROUNDS} to 1000")
    if arguments.json:
        check_writable(arguments.json)
    settings = load(packaged_config()).settings
    circumstances = Circumstances(arguments.busy)
    with ended_by_signals(), shown_progress() as progress, circumstances:
        found = measure(settings, arguments.questions, progress, arguments.busy)
    if arguments.json:
        write_json(arguments.json, circumstances.as_json() | as_json(found))
    out.print(table([*circumstances.rows(), *rows(found, arguments.busy, settings.face.fps)]))
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
    except DigitalLifeError as error:
        err.print(f"{error}\n{error.fix}".strip(), markup=False)
        sys.exit(1)
