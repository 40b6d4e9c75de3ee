"""``digital-life bench live``: a conversation in real time, measured from outside.

A private sound server stands for the room. Recorded questions are played into the daemon's
microphone, what it plays is recorded beside them on one clock, and every figure is read from that
recording: nothing is subtracted, and the latencies of the sound server count as they do for a
person. Only what cannot be heard is told by the daemon itself: its states, the timings of its
stages, and when the picture with the closed mouth goes to the camera.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from daemon.bench.figures import Progress
from daemon.bench.process import Process, write_config
from daemon.bench.results import Results
from daemon.bench.room import Room
from daemon.bench.sound_server import SoundServer
from daemon.bench.speech import QuestionSet, load_script
from daemon.bench.trial import Trial
from daemon.bench.turns import (
    DEVICE,
    EARS_OPEN,
    VOICE_READY,
)
from daemon.config import Settings
from daemon.files import LockedTempFolder
from daemon.i18n import tr
from daemon.store.model_store import open_store
from daemon.weights import require_weights

TRIALS = 10  # people who speak over it, and sounds that should not stop it, at most


def measure(
    settings: Settings,
    questions: int,
    echo_minutes: float,
    progress: Progress,
    trace: Path | None = None,
) -> Results:
    """Run all parts; with 20 questions and a minute of echo that takes about eight minutes.

    ``trace`` is the file that takes what each stage did for the questions.
    Raises ``DeviceError`` where PulseAudio is missing, ``SetupError`` for a missing weight.
    """
    results = Results()
    require_weights(settings, open_store(settings.models.directory))
    with LockedTempFolder("digital-life-bench-") as folder:
        server = SoundServer(Path(folder))  # before a minute's work: PulseAudio may be missing
        with progress(tr("recorded questions"), 1):
            script = load_script(settings)
        write_config(server.config, settings)
        with server:
            with trial(server, script, results, face=False, trace=trace) as daemon:
                daemon.idle(progress)
                daemon.questions(questions, progress)
            with trial(server, script, results, face=True) as daemon:
                daemon.idle(progress)
                daemon.interruptions(min(TRIALS, max(1, questions // 2)), echo_minutes, progress)
    return results


@contextmanager
def trial(
    server: SoundServer,
    script: QuestionSet,
    results: Results,
    face: bool,
    trace: Path | None = None,
) -> Iterator[Trial]:
    """Start the daemon in a room of this server; ``config.toml`` is in its folder."""
    arguments = [str(server.config), *(["face"] if face else [])]
    if trace is not None:
        arguments += ["--trace", str(trace.absolute())]
    log = server.folder / "daemon.log"
    with (
        Room(server) as room,
        Process("daemon.bench.daemon_under_test", arguments, server.env, log) as process,
    ):
        results.listen_s = max(results.listen_s, process.seconds_to(EARS_OPEN))
        results.start_s = max(results.start_s, process.seconds_to("ready"))
        process.wait_until_ready(VOICE_READY)  # a converted one loads behind
        results.devices = [event.text for event in process.since(0, DEVICE)]
        yield Trial(server, room, process, script, results, face)
        results.memory_bytes = max(results.memory_bytes, process.memory_bytes())
