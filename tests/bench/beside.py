"""Other ways to hold the same conversation, measured in the same room by the same recording."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from daemon.bench.figures import Progress, Row, spread, table
from daemon.bench.process import Process, write_config
from daemon.bench.results import Results
from daemon.bench.room import Room
from daemon.bench.sound_server import SoundServer
from daemon.bench.speech import QuestionSet, load_script
from daemon.bench.trial import SETTLE_S, Trial
from daemon.commands.bench import ended_by_signals, shown_progress
from daemon.commands.console import out
from daemon.config import Settings, load, packaged_config
from daemon.files import LockedTempFolder

QUESTIONS = 20
NAMES = {"en": "English", "zh": "中文"}


def ask(
    settings: Settings,
    questions: int,
    start: Callable[[SoundServer], Process],
    progress: Progress,
) -> Results:
    """Ask so many questions of what ``start`` makes.

    It tells ``ready``, then ``speaking`` and ``listening`` by turns. Raises ``DeviceError`` where
    PulseAudio is missing, ``StageError`` when it ends or hangs.
    """
    results = Results()
    script = load_script(settings)
    with (
        LockedTempFolder("digital-life-bench-") as folder,
        SoundServer(Path(folder)) as server,
    ):
        write_config(server.config, settings)
        with trial(server, script, results, start) as asked:
            asked.questions(questions, progress)
    return results


@contextmanager
def trial(
    server: SoundServer,
    script: QuestionSet,
    results: Results,
    start: Callable[[SoundServer], Process],
) -> Iterator[Trial]:
    """Start it in a room of this server."""
    with Room(server) as room, start(server) as process:
        process.wait_until_ready()
        time.sleep(SETTLE_S)
        yield Trial(server, room, process, script, results, face=False)


def rows(name: str, results: Results) -> list[Row]:
    """Tell the latencies, by language where there are several, and what was not answered."""
    answers = results.answers
    languages = sorted({answer.language for answer in answers})
    found = []
    for language in languages:
        latencies = [
            answer.latency_s
            for answer in answers
            if answer.language == language and answer.latency_s is not None
        ]
        if summed := spread(latencies):
            text = f"median {summed.median:.2f}, p90 {summed.p90:.2f}, p95 {summed.p95:.2f} s"
            found.append(Row(f"{name}, {NAMES[language]}", f"{text} (n = {summed.n})"))
    for what, count in (
        ("questions without an answer", sum(not answer.heard for answer in answers)),
        ("answers before the question was over", sum(answer.early for answer in answers)),
    ):
        if count:
            found.append(Row(f"  {what}", f"{count} / {len(answers)}"))
    if results.lost:
        found.append(Row("  recordings torn, the machine was too busy", str(results.lost)))
    return found


def main(measure: Callable[[Settings, int, Progress], list[Row]]) -> None:
    """Print these rows only; the first argument is the number of questions."""
    questions = int(sys.argv[1]) if len(sys.argv) > 1 else QUESTIONS
    try:
        with ended_by_signals(), shown_progress() as progress:
            found = measure(load(packaged_config()).settings, questions, progress)
    except KeyboardInterrupt:
        sys.exit(130)
    out.print(table(found))
