"""How soon it listens and answers after a start, and what memory it takes, of one tree or several.

``python -m tests.bench.start [TREE…] [--questions N] [--rounds N]``: a tree is a checkout of this
repository; without any it is this one. All are started in turn, in the same interpreter and room.
With questions, the first one is asked again at the end: it should have been as quick then.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from daemon.bench.figures import Progress, Row, table
from daemon.bench.process import Process, write_config
from daemon.bench.results import Results
from daemon.bench.room import Room
from daemon.bench.sound_server import SoundServer
from daemon.bench.speech import QuestionSet, load_script
from daemon.bench.trial import Trial
from daemon.bench.turns import EARS_OPEN
from daemon.commands.bench import ended_by_signals, shown_progress
from daemon.commands.console import out
from daemon.config import Settings, load, packaged_config

SETTLE_S = 3.0  # after the start, until what is done behind is done as well
HERE = Path(__file__).parents[2]


def rows(
    settings: Settings, trees: Sequence[Path], rounds: int, questions: int, progress: Progress
) -> list[Row]:
    """Start every tree ``rounds`` times in turn; with questions, ask the last of each."""
    starts: dict[Path, list[tuple[float, float]]] = {tree: [] for tree in trees}
    found: dict[Path, list[Row]] = {}
    script = load_script(settings) if questions else None
    with (
        tempfile.TemporaryDirectory(prefix="digital-life-bench-") as folder,
        SoundServer(Path(folder)) as server,
        progress("starts", rounds * len(trees)) as done,
    ):
        write_config(server.config, settings)
        for number in range(rounds):
            for tree in trees:
                with Room(server) as room, _process(server, tree) as process:
                    ready = process.wait_until_ready()
                    opened = process.last(EARS_OPEN) or ready
                    starts[tree].append((opened.at - process.started, ready.at - process.started))
                    if number == rounds - 1:
                        found[tree] = _asked(server, room, process, script, questions, progress)
                        time.sleep(SETTLE_S)
                        found[tree].append(_memory(process))
                done()
    return [row for tree in trees for row in (*_starts(tree, starts[tree]), *found[tree])]


def _process(server: SoundServer, tree: Path) -> Process:
    # the tree's own modules, wherever this is run from
    env = server.env | {"PYTHONPATH": str(tree), "PYTHONSAFEPATH": "1"}
    log = server.folder / "daemon.log"
    return Process("daemon.bench.daemon_under_test", [str(server.config)], env, log)


def _starts(tree: Path, starts: Sequence[tuple[float, float]]) -> list[Row]:
    listens, answers = zip(*starts, strict=True)
    each = ", ".join(f"{seconds:.2f}" for seconds in answers)
    return [
        Row(f"{tree.name}: start → listening", f"{statistics.median(listens):.2f} s"),
        Row("  start → everything loaded", f"{statistics.median(answers):.2f} s ({each})"),
    ]


def _asked(
    server: SoundServer,
    room: Room,
    process: Process,
    script: QuestionSet | None,
    questions: int,
    progress: Progress,
) -> list[Row]:
    """Ask at once, and at the end what was asked first; nothing without a script."""
    if script is None:
        return []
    results = Results()
    said = [*script.questions[:questions], script.questions[0]]
    asked = QuestionSet(said, script.long, script.backchannels)
    trial = Trial(server, room, process, asked, results, face=False)
    trial.questions(len(said), progress)
    told = ", ".join(
        "none" if answer.latency_s is None else f"{answer.latency_s:.2f}"
        for answer in results.answers
    )
    return [Row("  latency of each; the last is the first again", f"{told} s")]


def _memory(process: Process) -> Row:
    parts = process.memory_parts()
    text = ", ".join(f"{name} {size / 1e6:.0f} MB" for name, size in parts.items())
    return Row("  memory", text)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("trees", nargs="*", type=Path, default=[HERE])
    parser.add_argument("--questions", type=int, default=0)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    settings = load(packaged_config()).settings
    trees = [tree.absolute() for tree in arguments.trees]
    with ended_by_signals(), shown_progress() as progress:
        found = rows(settings, trees, arguments.rounds, arguments.questions, progress)
    out.print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}")
    out.print(table(found))


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
