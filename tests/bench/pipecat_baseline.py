"""A plain Pipecat pipeline with our models, asked the same questions in the same room.

``python -m tests.bench.pipecat_baseline [QUESTIONS]``. The pipeline is ``pipecat_script.py``; it
runs in a virtual environment in the user's cache, made when first asked for. The Mandarin voice is
no Piper voice, so that one speaks in a process beside it (``mandarin_pipe.py``).
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

from daemon.bench.figures import Progress, Row
from daemon.bench.process import Process
from daemon.bench.results import Results
from daemon.bench.sound_server import SoundServer
from daemon.brain.adapter import find_adapter
from daemon.brain.llamacpp import LlamaCpp
from daemon.components import Components
from daemon.config import Settings
from daemon.ears.choice import model_folder
from daemon.errors import DigitalLifeError, SetupError
from daemon.processor_load import physical_cores
from daemon.store.model_store import ModelStore, default_directory
from daemon.voice.plain_factory import PlainFactory
from tests.bench import beside, mandarin_pipe

VERSION = "1.14.0"
PACKAGES = (
    f"pipecat-ai[piper,silero,whisper]=={VERSION}",
    "faster-whisper==1.2.1",
    "piper-tts==1.8.0",
    "sounddevice==0.5.6",
)
SCRIPT = Path(__file__).parent / "pipecat_script.py"
NAME = f"beside it: a Pipecat pipeline ({VERSION})"


class Pipeline(Process):
    """The script in Pipecat's environment, while the ``with`` block runs."""

    def __init__(self, python: Path, given: Path, env: dict[str, str], log: Path) -> None:
        super().__init__("", [], env, log)
        self._command = [str(python), str(SCRIPT), str(given)]


def environment(progress: Progress) -> Path:
    """Return the Python of Pipecat's environment, made first where it is missing.

    Raises ``SetupError`` when it cannot be installed.
    """
    folder = default_directory().parent / "bench" / f"pipecat-{VERSION}"
    python, whole = folder / "bin" / "python", folder / ".whole"
    if whole.exists():
        return python
    pip = [str(python), "-m", "pip", "install", "--quiet", "--prefer-binary"]
    shutil.rmtree(folder, ignore_errors=True)  # one that was broken off
    with progress("installing Pipecat, once", 2) as done:
        for command in (
            [sys.executable, "-m", "venv", str(folder)],
            [*pip, *PACKAGES],
        ):
            _run(command)
            done()
    whole.touch()
    return python


def _run(command: list[str]) -> None:
    ran = subprocess.run(command, capture_output=True, text=True)
    if ran.returncode:
        told = (ran.stderr or ran.stdout).strip().splitlines()
        errors = [line for line in told if line.startswith("ERROR")] or told or [""]
        raise SetupError(f"Pipecat cannot be installed: {errors[-1]}", " ".join(command))


@contextmanager
def language_model(settings: Settings, busy: bool) -> Iterator[LlamaCpp]:
    """Run the daemon's own GGUF model in llama.cpp; its server is what the pipeline asks.

    It is llama.cpp as its wheel has it, with all cores, which is its own default: what somebody has
    who installs all this. The engines that the daemon may have besides are not lent to it. Beside
    a program that takes a processor it gets one thread less: with all of them it would collapse.
    """
    brain, store = settings.brain, Components(settings).store
    if brain.kind != "llamacpp":
        raise SetupError("The comparison needs a GGUF model.", 'set kind = "llamacpp"')
    own = Path(brain.model).expanduser()
    path = own if own.suffix == ".gguf" else store.path(brain.model) / "model.gguf"
    with patch("daemon.brain.llama_server.use_native_cpu", return_value=False):
        model = LlamaCpp(
            path,
            context_tokens=brain.context_tokens,
            max_reply_tokens=brain.max_reply_tokens,
            temperature=brain.temperature,
            top_p=brain.top_p,
            threads=max(1, physical_cores() - busy),
            adapter=find_adapter(brain.adapter, brain.model, store),
        )
    try:
        model.warm_up()
        yield model
    finally:
        model.close()


@contextmanager
def pipeline(
    settings: Settings, progress: Progress, busy: bool = False
) -> Iterator[Callable[[SoundServer], Process]]:
    """Return what starts the pipeline, while the language model is there.

    Raises ``SetupError`` where it cannot be installed.
    """
    python = environment(progress)
    with language_model(settings, busy) as model:

        def start(server: SoundServer) -> Process:
            given = server.folder / "pipecat.json"
            given.write_text(json.dumps(_given(settings, model, server)), encoding="utf-8")
            # what is missing shall fail, not be fetched in the middle of a measurement
            env = {**server.env, "HF_HUB_OFFLINE": "1"}
            env.pop("PYTHONPATH", None)
            return Pipeline(python, given, env, server.folder / "pipecat.log")

        yield start


def measure(settings: Settings, questions: int, progress: Progress) -> Results:
    """Ask; raises ``SetupError`` where it cannot be installed."""
    with pipeline(settings, progress) as start:
        return beside.ask(settings, questions, start, progress)


def with_piper(settings: Settings) -> Settings:
    """Return settings in which Piper speaks, which both can: its engine is what ``auto`` means."""
    voice = settings.voice.model_copy(update={"engine": "piper"})
    return settings.model_copy(update={"voice": voice})


def piper_voice(settings: Settings, store: ModelStore) -> Path:
    """Return the file of the English voice; ``SetupError`` where that is not one of Piper's."""
    voice = PlainFactory(settings, store).chosen(without_kokoro=True)["en"]
    if voice.engine != "piper":
        message = f"Pipecat speaks with Piper's voices only, and {voice.name} is none of them."
        raise SetupError(message, 'set english = "auto"')
    return store.path(voice.weight) / "voice.onnx" if voice.weight else Path(voice.name)


def _given(settings: Settings, model: LlamaCpp, server: SoundServer) -> dict[str, object]:
    store, brain = Components(settings).store, settings.brain
    path = piper_voice(settings, store)
    return {
        "whisper": str(model_folder(settings.ears, store)),
        "voices": str(path.parent),
        "voice": path.stem,
        "mandarin": [sys.executable, "-m", "tests.bench.mandarin_pipe", str(server.config)],
        "mandarin_rate": mandarin_pipe.RATE,
        "socket": model.server.socket,
        "key": model.server.key,
        "persona": brain.persona,
        "temperature": brain.temperature,
        "top_p": brain.top_p,
        "max_tokens": brain.max_reply_tokens,
    }


def rows(settings: Settings, questions: int, progress: Progress) -> list[Row]:
    """Measure and tell, or say why not."""
    try:
        return beside.rows(NAME, measure(settings, questions, progress))
    except DigitalLifeError as error:
        return [Row(NAME, f"skipped: {error}")]


if __name__ == "__main__":
    beside.main(rows)
