"""A plain Pipecat pipeline with our models, asked the same questions in the same room.

``python -m tests.bench.pipecat_baseline [QUESTIONS]``. The pipeline is ``pipecat_script.py``; it
runs in a virtual environment in the user's cache, made when first asked for. Its Piper speaks with
one voice, and the Mandarin one is no Piper voice: it is asked in English only.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from daemon.bench.figures import Progress, Row
from daemon.bench.process import Process
from daemon.bench.results import Results
from daemon.bench.sound_server import SoundServer
from daemon.brain.llamacpp import LlamaCpp
from daemon.config import Settings
from daemon.errors import DigitalLifeError, SetupError
from daemon.loading import Loader
from daemon.store.model_store import default_directory
from tests.bench import beside

VERSION = "1.14.0"
PACKAGES = (
    f"pipecat-ai[piper,silero,whisper]=={VERSION}",
    "faster-whisper==1.2.1",
    "piper-tts==1.8.0",
    "sounddevice==0.5.6",
)
# NLTK's sentence splitter wants its data, which Pipecat fetches at run time; here they come from a
# package that brings them along, so that nothing but the package registry is needed.
SPLITTER = "llama-index-core==0.14.0"
SPLITTER_DATA = "llama_index/core/_static/nltk_cache"
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
    with progress("installing Pipecat, once", 3) as done:
        for command in (
            [sys.executable, "-m", "venv", str(folder)],
            [*pip, *PACKAGES],
            [*pip, "--no-deps", SPLITTER],
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
def language_model(settings: Settings) -> Iterator[LlamaCpp]:
    """Run the daemon's own language model; its server is what the pipeline asks."""
    model = Loader(settings).brain()
    try:
        if not isinstance(model, LlamaCpp):
            raise SetupError("The comparison needs a GGUF model.", 'set kind = "llamacpp"')
        model.warm_up()
        yield model
    finally:
        model.close()


def measure(settings: Settings, questions: int, progress: Progress) -> Results:
    """Ask; raises ``SetupError`` where it cannot be installed."""
    python = environment(progress)
    with language_model(settings) as model:

        def start(server: SoundServer) -> Process:
            given = server.folder / "pipecat.json"
            given.write_text(json.dumps(_given(settings, model)), encoding="utf-8")
            data = next(python.parent.parent.glob(f"lib/*/site-packages/{SPLITTER_DATA}"), "")
            # what is missing shall fail, not be fetched in the middle of a measurement
            env = {**server.env, "NLTK_DATA": str(data), "HF_HUB_OFFLINE": "1"}
            env.pop("PYTHONPATH", None)
            return Pipeline(python, given, env, server.folder / "pipecat.log")

        return beside.ask(settings, questions, ["en"], start, progress)


def _given(settings: Settings, model: LlamaCpp) -> dict[str, object]:
    store, brain = Loader(settings).store, settings.brain
    voice = settings.voice.english
    path = Path(voice) if os.sep in voice else store.path(voice) / "voice.onnx"
    return {
        "whisper": str(store.path(settings.ears.model)),
        "voices": str(path.parent),
        "voice": path.stem,
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
