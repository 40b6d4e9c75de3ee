"""Compiling llama.cpp's arithmetic for this machine's processor (``digital-life brain build``).

Only the part of ggml that computes is compiled, from the source package of the xllamacpp that is
installed: some twenty files, a few minutes. The flags are those of ggml's CMake files for a
loadable backend. The library is named by version and processor, so that another of either falls
back to the wheel's own; deleting it undoes all.
"""

import os
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import xllamacpp

from daemon.brain.native_cpu import native_library
from daemon.errors import SetupError, StorageError
from daemon.files import atomic_write, make_folder
from daemon.i18n import tr
from daemon.system_packages import BUILD, install_line

ARCHITECTURES = {"x86_64": ("x86", "-march=native"), "aarch64": ("arm", "-mcpu=native")}
"""By the machine's name: ggml's folder for it, and the flag for all that this processor can."""
SOURCES = ("*.c", "*.cpp", "amx/*.cpp", "llamafile/*.cpp", "tiled/*.cpp")
FLAGS = (
    *("-O3", "-DNDEBUG", "-fPIC", "-fopenmp", "-fvisibility=hidden", "-w"),
    *("-DGGML_BACKEND_DL", "-DGGML_BACKEND_BUILD", "-DGGML_BACKEND_SHARED", "-DGGML_SHARED"),
    *("-DGGML_USE_OPENMP", "-DGGML_USE_LLAMAFILE", "-DGGML_USE_CPU_REPACK"),
    *("-D_GNU_SOURCE", "-D_XOPEN_SOURCE=600"),
)
# Its functions are named as those in the wheel, which are visible to all: it has to call its own.
LINK = ("-shared", "-fopenmp", "-Wl,-Bsymbolic")
INSIDE = "thirdparty/llama.cpp/ggml"
FETCH_S = 900.0  # 40 MB, and what pip needs to look into a source package
COMPILE_S = 900.0  # one file; the slowest takes a minute on a quiet core
TRY_S = 120.0

Tell = Callable[[str], None]


def build(tell: Tell) -> str:
    """Fetch, compile, try and keep; returns what the library can do.

    ``tell`` gets a line for each step. Raises ``SetupError`` and ``StorageError``.
    """
    folder, flag = _architecture()
    compiler = _compiler()
    target = native_library()
    with tempfile.TemporaryDirectory(prefix="digital-life-engine-") as scratch:
        place = Path(scratch)
        tell(
            tr("Fetching the source of xllamacpp {version} …").format(version=xllamacpp.__version__)
        )
        ggml = _source(place)
        made = _compile(compiler, ggml, folder, flag, place, tell)
        features = _try(made)
        try:
            make_folder(target.parent)
            remove()  # those of other versions, too
            with atomic_write(target) as part:
                shutil.copyfile(made, part)
        except OSError as error:
            raise StorageError(
                tr("{path} cannot be written: {reason}.").format(path=target, reason=error)
            ) from error
    return features


def remove() -> bool:
    """Delete all libraries that were built; whether there were any."""
    found = list(native_library().parent.glob("ggml-cpu-*.so"))
    for path in found:
        path.unlink(missing_ok=True)
    return bool(found)


def _architecture() -> tuple[str, str]:
    try:
        return ARCHITECTURES[platform.machine()]
    except KeyError:
        raise SetupError(
            tr("Building is not known for processors of the kind {kind}.").format(
                kind=platform.machine()
            )
        ) from None


def _compiler() -> str:
    """Return g++; its own compiler for C comes with it."""
    compiler = BUILD[0]
    if not compiler.there():
        raise SetupError(tr("Building needs a C++ compiler."), install_line(compiler))
    return compiler.what


def _source(place: Path) -> Path:
    """Have the user's own pip fetch the source package; returns ggml's folder in it."""
    command = [
        *(sys.executable, "-P", "-m", "pip", "download", "--no-deps", "--no-input", "--quiet"),
        *("--disable-pip-version-check", "--no-binary", "xllamacpp", "--dest", str(place)),
        f"xllamacpp=={xllamacpp.__version__}",
    ]
    told = _run(command, FETCH_S)
    package = next(iter(place.glob("xllamacpp-*.tar.gz")), None)
    if package is None:
        raise SetupError(
            tr("The source of xllamacpp could not be fetched: {reason}").format(reason=told)
        )
    with tarfile.open(package) as archive:
        wanted = [member for member in archive if f"/{INSIDE}/" in f"/{member.name}"]
        archive.extractall(place / "source", wanted, filter="data")
    found = next(iter((place / "source").glob(f"*/{INSIDE}")), None)
    if found is None:
        raise SetupError(tr("The source of xllamacpp holds no ggml."))
    return found


def _compile(compiler: str, ggml: Path, folder: str, flag: str, place: Path, tell: Tell) -> Path:
    """Compile and link as many files at a time as there are processors; returns the library."""
    here = ggml / "src" / "ggml-cpu"
    arch = here / "arch" / folder
    sources = [path for pattern in SOURCES for path in sorted(here.glob(pattern))]
    sources += [arch / "quants.c", arch / "repack.cpp"]
    include = [f"-I{folder}" for folder in (here, here.parent, ggml / "include")]

    def one(number: int) -> tuple[Path, str]:
        source, into = sources[number], place / f"{number}.o"
        language = ("gcc", "-std=gnu11") if source.suffix == ".c" else (compiler, "-std=c++17")
        told = _run(
            [*language, *FLAGS, flag, *include, "-c", str(source), "-o", str(into)], COMPILE_S
        )
        return into, told

    objects = []
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        for done, (into, told) in enumerate(pool.map(one, range(len(sources)))):
            if not into.is_file():
                pool.shutdown(cancel_futures=True)
                raise _failed(told)
            objects.append(str(into))
            tell(tr("Compiled {done} of {all}").format(done=done + 1, all=len(sources)))
    made = place / "ggml-cpu.so"
    told = _run([compiler, *LINK, *objects, "-o", str(made)], COMPILE_S)
    if not made.is_file():
        raise _failed(told)
    return made


def _failed(told: str) -> SetupError:
    return SetupError(tr("Compiling failed: {reason}").format(reason=told))


def _try(made: Path) -> str:
    """Load the library in a process of its own; returns what it can do."""
    command = [sys.executable, "-m", "daemon.brain.native_cpu", str(made)]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=TRY_S,
        check=False,
    )
    if done.returncode:
        raise SetupError(tr("What was compiled cannot be loaded here."))
    return ", ".join(_features(done.stdout))


def _features(told: str) -> Iterator[str]:
    """Yield what is 1 in ``CPU : AVX = 1 | AVX2 = 1 |``."""
    for piece in told.partition(":")[2].split("|"):
        name, _, value = piece.partition("=")
        if value.strip() == "1":
            yield name.strip()


def _run(command: list[str], limit_s: float) -> str:
    """Run to the end at low priority; returns the last line it printed."""
    try:
        done = subprocess.run(
            ["nice", *command],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=limit_s,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return tr("it took too long")
    lines = (done.stderr or done.stdout).strip().splitlines()
    return lines[-1] if lines else ""
