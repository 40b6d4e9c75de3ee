"""Checks of the machine and of the models on it."""

import importlib.metadata
import os
import platform
import re
import shlex
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from packaging.requirements import Requirement

from daemon import system_packages
from daemon.config import Settings
from daemon.errors import DigitalLifeError, SetupError
from daemon.extras import add_command, requirements
from daemon.face.catalogue import own_faces_directory
from daemon.i18n import tr
from daemon.service.finding import Finding, Severity, ok
from daemon.service.steps import RunCommand
from daemon.store.model_store import WeightState, default_directory, open_store
from daemon.system_packages import install_line
from daemon.voice.catalogue import voices_directory
from daemon.weights import needed_weights

MEMORY_GB = 3.5  # of a machine sold with 4
FREE_MB = 1200  # the default models and their work; the daemon takes about 1 GB
DISK_MB = 500  # for logs, films, and the next download's first part


def python(_settings: Settings) -> Iterator[Finding]:
    """Look for Python and the packages that the program names."""
    missing = []
    for line in requirements(""):
        try:
            importlib.metadata.version(Requirement(line).name)
        except importlib.metadata.PackageNotFoundError:
            missing.append(line)
    version = platform.python_version()
    if missing:
        yield Finding(
            "python",
            Severity.ERROR,
            tr("Packages are missing: {names}.").format(names=", ".join(missing)),
            tr("The program cannot work without them."),
            add_command(missing),
        )
    else:
        yield ok("python", f"Python {version}, {sys.prefix}")


def libraries(_settings: Settings) -> Iterator[Finding]:
    """Look for the shared libraries that the packages link to or open."""
    needs = [need for need in system_packages.BASE if ".so" in need.what]
    lacking = system_packages.missing(needs)
    for need in lacking:
        yield Finding(
            "library",
            Severity.ERROR if need.essential else Severity.WARNING,
            tr("The system library {name} is missing.").format(name=need.what),
            _what_for(need),
            install_line(need),
        )
    if not lacking:
        yield ok("library", ", ".join(need.what for need in needs))


def _what_for(need: system_packages.Need) -> str:
    if need == system_packages.PORTAUDIO:
        return tr("Nothing is heard or said.")
    if need == system_packages.PULSE:
        return tr("The sound server is not reached, and there is no virtual microphone.")
    return tr("The program cannot work without them.")


def processor(_settings: Settings) -> Iterator[Finding]:
    """Look for the instructions that the models are quick with."""
    text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    flags = set(re.findall(r"^flags\s*:(.*)", text, re.MULTILINE)[:1] or [""])
    known = set(" ".join(flags).split())
    cores = os.cpu_count() or 1
    best = [name for name in ("avx2", "avx512f", "amx_bf16") if name in known]
    shown = f"{platform.machine()} × {cores} {' '.join(best)}"
    if platform.machine() == "x86_64" and "avx2" not in known:
        yield Finding(
            "processor",
            Severity.WARNING,
            tr("The processor has no AVX2."),
            tr("The models are several times slower without."),
            'digital-life models pull --profile tiny; [brain] model = "smollm2-135m"',
        )
    elif cores < 2:
        yield Finding(
            "processor",
            Severity.WARNING,
            tr("There is one processor core."),
            tr("Hearing, thinking and speaking wait for each other; two cores answer sooner."),
        )
    else:
        yield ok("processor", shown)


def memory(_settings: Settings) -> Iterator[Finding]:
    """Look for memory."""
    text = Path("/proc/meminfo").read_text(encoding="ascii")
    kb = {name: int(value) for name, value in re.findall(r"(\w+):\s+(\d+) kB", text)}
    total, free = kb["MemTotal"] / 2**20, kb["MemAvailable"] / 2**10
    if total < MEMORY_GB or free < FREE_MB:
        yield Finding(
            "memory",
            Severity.WARNING,
            tr("{total:.1f} GB of memory, {free:.0f} MB of them free.").format(
                total=total, free=free
            ),
            tr("The default models take about 1 GB; a machine that swaps stutters."),
            "digital-life models pull --profile tiny",
        )
    else:
        yield ok("memory", f"{total:.1f} GB, {free:.0f} MB free")


def disk(settings: Settings) -> Iterator[Finding]:
    """Look for room where the models are."""
    place = open_store(settings.models.directory).directory
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free / 2**20
    if free < DISK_MB:
        yield Finding(
            "disk",
            Severity.WARNING,
            tr("{free:.0f} MB are free at {path}.").format(free=free, path=place),
            tr("Models are written whole or not at all; a full disk stops them."),
            tr("free some space, or choose another directory under [models] in config.toml"),
        )
    else:
        yield ok("disk", f"{free / 1024:.1f} GB, {place}")


def models(settings: Settings) -> Iterator[Finding]:
    """Compute the checksum of every model that the settings name."""
    store = open_store(settings.models.directory)
    try:
        needed = needed_weights(settings, store)
    except SetupError:  # a voice that there is not: the check of voices tells
        return
    for name in needed:
        try:
            status = store.verify(name)
        except DigitalLifeError as error:  # a repository of the hub that was never asked for
            yield _not_looked_at(name, error)
            continue
        command = f"digital-life models pull {name}"
        if status.state is WeightState.READY:
            yield ok("model", name)
        else:
            text = tr("damaged") if status.state is WeightState.DAMAGED else tr("missing")
            yield Finding(
                "model",
                Severity.ERROR,
                f"{name}: {text}",
                tr("Without it the daemon does not start."),
                command,
                RunCommand([sys.executable, "-m", "daemon", "models", "pull", name]),
            )


def _not_looked_at(name: str, error: DigitalLifeError) -> Finding:
    pulling = RunCommand([sys.executable, "-m", "daemon", "models", "pull", name])
    return Finding(
        "model",
        Severity.ERROR,
        error.message,
        tr("Without it the daemon does not start."),
        error.fix,
        pulling if "models pull" in error.fix else None,
    )


def engine(settings: Settings) -> Iterator[Finding]:
    """Tell which library computes the language model, or would be measured first."""
    from daemon.brain.choice import gguf_files
    from daemon.brain.engine_choice import choose_engine

    brain = settings.brain
    if brain.kind != "llamacpp":
        return
    try:
        path, adapter = gguf_files(brain, brain.model, open_store(settings.models.directory))
        chosen = choose_engine(brain, path, adapter)
    except SetupError as error:
        yield Finding(
            "engine",
            Severity.ERROR,
            error.message,
            tr("Without it the daemon does not start."),
            error.fix,
        )
        return
    if brain.engine == "auto" and not chosen.alone and not chosen.seconds:
        yield Finding(
            "engine",
            Severity.NOTE,
            tr("It has not been measured yet whether OpenVINO answers sooner than llama.cpp."),
            tr(
                "llama.cpp is used until then; the measurement starts once nobody has talked "
                "for a while."
            ),
            "digital-life brain",
        )
    else:
        yield ok("engine", str(chosen))


def privacy(_settings: Settings) -> Iterator[Finding]:
    """Look whether other users of the machine can read what is kept for this one."""
    for folder in (default_directory(), own_faces_directory(), voices_directory()):
        if (
            folder.is_dir()
            and folder.stat().st_mode & 0o077
            and folder.parent.stat().st_mode & 0o077
        ):
            yield Finding(
                "privacy",
                Severity.NOTE,
                tr("Other users of this machine can read {path}.").format(path=folder),
                tr("Faces and voices are personal data."),
                f"chmod 700 {shlex.quote(str(folder))}",
                RunCommand(["chmod", "700", str(folder)]),
            )


CHECKS = (python, libraries, processor, memory, disk, models, engine, privacy)
