"""Compiling for this machine's processor: each step, and what a person is told where one fails."""

import io
import subprocess
import tarfile
from pathlib import Path

import pytest

from daemon.brain import native_build, native_cpu
from daemon.errors import SetupError

SOURCE = "xllamacpp-1.0/thirdparty/llama.cpp/ggml/src/ggml-cpu"
FILES = ("ggml-cpu.c", "ops.cpp", "arch/x86/quants.c", "arch/x86/repack.cpp", "arch/arm/quants.c")


class Tools:
    """Stands in for pip, the compilers and the trial."""

    def __init__(self) -> None:
        self.commands: list[list[str]] = []
        self.offered = True
        self.broken = ""
        """A source that does not compile."""
        self.loads = True

    def run(self, command: list[str], **_more: object) -> subprocess.CompletedProcess[str]:
        words = command[1:] if command[0] == "nice" else command
        self.commands.append(words)
        if "pip" in words:
            return self._pip(Path(words[words.index("--dest") + 1]))
        if "daemon.brain.native_cpu" in words:
            told = "CPU : AVX2 = 1 | AVX512 = 1 | AMX_INT8 = 0 | "
            return subprocess.CompletedProcess(command, 0 if self.loads else 1, told, "")
        if self.broken and any(word.endswith(self.broken) for word in words):
            return subprocess.CompletedProcess(command, 1, "", "note\nerror: no such thing\n")
        Path(words[words.index("-o") + 1]).write_bytes(b"made")
        return subprocess.CompletedProcess(command, 0, "", "")

    def _pip(self, place: Path) -> subprocess.CompletedProcess[str]:
        if not self.offered:
            return subprocess.CompletedProcess([], 1, "", "ERROR: nothing found\n")
        with tarfile.open(place / "xllamacpp-1.0.tar.gz", "w:gz") as archive:
            for name in (*(f"{SOURCE}/{file}" for file in FILES), "xllamacpp-1.0/setup.py"):
                entry = tarfile.TarInfo(name)
                entry.size = 1
                archive.addfile(entry, io.BytesIO(b"x"))
        return subprocess.CompletedProcess([], 0, "", "")


@pytest.fixture
def tools(monkeypatch: pytest.MonkeyPatch) -> Tools:
    tools = Tools()
    monkeypatch.setattr("daemon.brain.native_build.subprocess.run", tools.run)
    monkeypatch.setattr("daemon.brain.native_build.platform.machine", lambda: "x86_64")
    monkeypatch.setattr("daemon.system_packages.shutil.which", lambda name: f"/usr/bin/{name}")
    return tools


@pytest.fixture(autouse=True)
def target(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setattr(native_cpu, "cache_folder", lambda: tmp_path)
    return native_cpu.native_library()


def test_it_is_built_and_kept(tools: Tools, target: Path) -> None:
    told: list[str] = []
    assert native_build.build(told.append) == "AVX2, AVX512"
    assert target.read_bytes() == b"made"
    compiled = sorted(Path(command[-3]).name for command in tools.commands if "-c" in command)
    assert compiled == ["ggml-cpu.c", "ops.cpp", "quants.c", "repack.cpp"]
    assert len(told) == 1 + len(compiled)


def test_only_this_processors_sources_are_compiled(tools: Tools) -> None:
    native_build.build(lambda _line: None)
    assert not [word for command in tools.commands for word in command if "arch/arm" in word]
    assert all("-march=native" in command for command in tools.commands if "-c" in command)


def test_what_was_built_before_goes(tools: Tools, target: Path) -> None:
    target.parent.mkdir()
    old = target.with_name("ggml-cpu-1.0-abc.so")
    old.touch()
    native_build.build(lambda _line: None)
    assert list(target.parent.glob("*.so")) == [target]
    assert native_build.remove()
    assert not native_build.remove()


@pytest.mark.parametrize(
    ("fault", "value", "message"),
    [
        ("offered", False, "could not be fetched: ERROR: nothing found"),
        ("broken", "ops.cpp", "error: no such thing"),
        ("broken", "ggml-cpu.so", "error: no such thing"),
        ("loads", False, "cannot be loaded"),
    ],
)
def test_a_failure_leaves_what_was_there(
    tools: Tools, target: Path, fault: str, value: object, message: str
) -> None:
    target.parent.mkdir()
    target.write_bytes(b"before")
    setattr(tools, fault, value)
    with pytest.raises(SetupError, match=message):
        native_build.build(lambda _line: None)
    assert target.read_bytes() == b"before"


def test_no_compiler(tools: Tools, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("daemon.system_packages.shutil.which", lambda _name: None)
    with pytest.raises(SetupError, match="compiler"):
        native_build.build(lambda _line: None)
    assert not tools.commands


def test_an_unknown_processor(tools: Tools, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("daemon.brain.native_build.platform.machine", lambda: "riscv64")
    with pytest.raises(SetupError, match="riscv64"):
        native_build.build(lambda _line: None)
    assert not tools.commands


def test_another_processor_does_not_get_it(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(native_cpu, "processor", lambda: "another")
    assert native_cpu.native_library() != target
