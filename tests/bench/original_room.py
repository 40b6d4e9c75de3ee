"""The original's way, with our parts, in the room: each stage waits for all of the one before.

``python -m tests.bench.original_room [QUESTIONS]``; what is measured is ``original_subject.py``.
"""

from daemon.bench.figures import Progress, Row
from daemon.bench.process import Process
from daemon.bench.results import Results
from daemon.bench.sound_server import SoundServer
from daemon.config import Settings
from tests.bench import beside

NAME = "beside it: the original's way, in the room"


def measure(settings: Settings, questions: int, progress: Progress) -> Results:
    """Ask; in the room, so that the way of the sound counts as it does for ours."""
    return beside.ask(settings, questions, _start, progress)


def _start(server: SoundServer) -> Process:
    arguments = [str(server.config)]
    log = server.folder / "original.log"
    return Process("tests.bench.original_subject", arguments, server.env, log)


def rows(settings: Settings, questions: int, progress: Progress) -> list[Row]:
    """Measure and tell."""
    return beside.rows(NAME, measure(settings, questions, progress))


if __name__ == "__main__":
    beside.main(rows)
