"""Looking for libraries and programs, and installing what is missing without removing anything."""

import os
import subprocess
from pathlib import Path

import pytest

from daemon import cli, system_packages
from daemon.system_packages import (
    GOMP,
    PORTAUDIO,
    SOUND_SERVER,
    Need,
    install,
    install_line,
    missing,
)

ABSENT = Need("libnone-such.so.7", "libnone", "none", "none", essential=True)


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A path with nothing on it but what the test puts there; we are not root."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    return folder


def script(folder: Path, name: str, text: str = "exit 0") -> None:
    (folder / name).write_text(f"#!/bin/sh\n{text}\n")
    (folder / name).chmod(0o755)


def test_libraries_programs_and_files_are_looked_for(programs: Path, tmp_path: Path) -> None:
    assert missing([Need("libc.so.6"), ABSENT]) == [ABSENT]
    speaks = Need("speaks", or_else=("talks",))
    assert missing([speaks]) == [speaks]
    script(programs, "talks")
    assert missing([speaks]) == []
    assert missing([Need(f"{tmp_path}/*/talks")]) == []
    assert missing([Need(f"{tmp_path}/*/whispers")])


@pytest.mark.parametrize(
    ("program", "line"),
    [
        ("apt-get", "sudo apt install libgomp1 libportaudio2"),
        ("dnf", "sudo dnf install libgomp portaudio"),
        ("pacman", "sudo pacman -S --needed gcc-libs portaudio"),
        ("none", "install with your package manager: libgomp.so.1, libportaudio.so.2"),
    ],
)
def test_each_distribution_has_its_own_names(programs: Path, program: str, line: str) -> None:
    script(programs, program)
    assert install_line(GOMP, PORTAUDIO) == line


def test_where_a_distribution_has_no_such_package_no_command_is_made_up(programs: Path) -> None:
    script(programs, "dnf")
    assert install_line(system_packages.CAMERA) == "install with your package manager: v4l2loopback"


def test_without_a_password_the_line_is_printed(
    programs: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    script(programs, "apt-get")
    assert install([ABSENT]) == [ABSENT]
    assert "Please run: sudo apt install libnone" in capfd.readouterr().err


def test_apt_removes_nothing_and_its_failure_is_passed_over(
    programs: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    told = tmp_path / "told"
    script(programs, "apt-get", f'echo "$@" >> {told}; exit 100')
    os.symlink("/usr/bin/env", programs / "env")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert install([ABSENT]) == [ABSENT]
    update, installing = told.read_text().splitlines()
    assert update.endswith(" update") and installing.endswith(" install libnone")
    assert "--no-remove" in installing
    assert "apt-get failed; going on without." in capfd.readouterr().err


def test_pulseaudio_never_takes_the_place_of_pipewire(
    programs: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    told = tmp_path / "told"
    script(programs, "apt-get", f'echo "$@" >> {told}')
    script(programs, "pipewire-pulse")
    script(programs, "pactl")
    os.symlink("/usr/bin/env", programs / "env")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    install(need for need in SOUND_SERVER if need.what == "pulseaudio")
    assert not told.exists()
    assert "pulseaudio is not installed: it would take the place of" in capfd.readouterr().err


def test_nothing_is_downloaded_without_what_all_needs(
    programs: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    optional = Need("none-such", "none-such")
    monkeypatch.setitem(system_packages.GROUPS, "base", (optional, ABSENT))
    assert system_packages.main(["base"]) == 1
    assert "Nothing can run without libnone-such.so.7, so nothing" in capfd.readouterr().err
    monkeypatch.setattr(system_packages, "BASE", (optional, ABSENT))
    assert cli.main(["setup"]) == 2
    assert "Nothing can run without libnone-such.so.7, so nothing" in capfd.readouterr().err
    monkeypatch.setitem(system_packages.GROUPS, "base", (optional,))
    assert system_packages.main(["base"]) == 0


def test_it_runs_on_a_bare_python() -> None:
    """Before anything is installed: no package beside the standard library is imported."""
    code = "import sys; import daemon.system_packages; print([m for m in sys.modules if m in %r])"
    command = ["/usr/bin/env", "python3", "-S", "-c", code % (["rich", "numpy", "packaging"],)]
    done = subprocess.run(
        command, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
