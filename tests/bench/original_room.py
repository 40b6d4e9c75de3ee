"""The original's way, with our parts, in the room: each stage waits for all of the one before.

``python -m tests.bench.original_room [QUESTIONS]``; what is measured is ``original_subject.py``.
"""

import sys

from daemon.bench.figures import Progress, Row, table
from daemon.bench.process import Process
from daemon.bench.results import Results
from daemon.bench.sound_server import SoundServer
from daemon.commands.bench import ended_by_signals, shown_progress
from daemon.commands.console import out
from daemon.config import Settings, load, packaged_config
from tests.bench import beside

QUESTIONS = 20
NAME = "beside it: the original's way, in the room"


def measure(settings: Settings, questions: int, progress: Progress) -> Results:
    """Ask; in the room, so that the way of the sound counts as it does for ours."""
    return beside.ask(settings, questions, settings.ears.languages, _start, progress)


def _start(server: SoundServer) -> Process:
    arguments = [str(server.folder / "config.toml")]
    log = server.folder / "original.log"
    return Process("tests.bench.original_subject", arguments, server.env, log)


def rows(settings: Settings, questions: int, progress: Progress) -> list[Row]:
    """Measure and tell."""
    return beside.rows(NAME, measure(settings, questions, progress))


def main() -> None:
    """Print these rows only."""
    questions = int(sys.argv[1]) if len(sys.argv) > 1 else QUESTIONS
    with ended_by_signals(), shown_progress() as progress:
        found = rows(load(packaged_config()).settings, questions, progress)
    out.print(table(found))


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
