"""What is installed for the service, and what is left when that is undone: nothing."""

import shlex
import subprocess
from pathlib import Path

import pytest

from daemon.memory.file import memory_path
from daemon.service import install
from daemon.service.install import InstalledState, Target, plan_install, plan_uninstall
from daemon.service.steps import Remove, Step, Write, take

BARE = InstalledState(camera_installed=False, camera_loaded=False, camera_named=False, lingers=True)


def taken(steps: list[Step]) -> None:
    """Take those that are about files."""
    for step in steps:
        if isinstance(step, Write | Remove) or step.command[0] == "rmdir":
            take(step)


def files(home: Path) -> list[Path]:
    return sorted(home.rglob("*"))


@pytest.mark.parametrize("there", [".", ".config", ".config/systemd/user", ".config/systemd/other"])
def test_folders_go_with_the_unit_if_they_came_with_it(tmp_path: Path, there: str) -> None:
    (tmp_path / there).mkdir(parents=True, exist_ok=True)
    target, before = Target("somebody", 1000, tmp_path, False), files(tmp_path)
    for _ in range(2):
        taken(plan_install(target, BARE))
    assert target.unit.exists()
    taken(plan_uninstall(target, BARE))
    assert files(tmp_path) == before


def test_a_folder_that_others_use_by_now_stays(tmp_path: Path) -> None:
    target = Target("somebody", 1000, tmp_path, False)
    taken(plan_install(target, BARE))
    other = target.unit.with_name("other.service")
    other.touch()
    taken(plan_uninstall(target, BARE))
    assert other.exists() and not target.unit.exists()


HOME = Path("/home/somebody")


def test_the_machines_service_can_write_its_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(HOME))
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    folder = str(memory_path().parent)
    steps = plan_install(Target("somebody", 1000, HOME, system=True), BARE)
    made = [index for index, step in enumerate(steps) if folder in str(step)]
    [written] = [index for index, step in enumerate(steps) if isinstance(step, Write)]
    assert made and made[0] < written, "the folder is there before the service starts"
    assert str(steps[made[0]]).startswith("runuser -u somebody "), "and it is its user's"
    unit = steps[written]
    assert isinstance(unit, Write)
    [line] = [line for line in unit.text.splitlines() if line.startswith("ReadWritePaths=")]
    assert f"-{folder}" in line.split()


def test_the_sessions_service_needs_no_such_step() -> None:
    steps = plan_install(Target("somebody", 1000, HOME, system=False), BARE)
    assert not [step for step in steps if "mkdir" in str(step)]


@pytest.mark.parametrize("system", [False, True])
def test_no_file_of_a_home_is_taken_for_a_part_of_it(tmp_path: Path, system: bool) -> None:
    (tmp_path / "random.py").write_text("raise SystemExit('a script of the user')")
    steps = plan_install(Target("somebody", 1000, tmp_path, system), BARE)
    [unit] = [step.text for step in steps if isinstance(step, Write)]
    settings = [line.partition("=")[::2] for line in unit.splitlines()]
    [start] = [value for name, value in settings if name == "ExecStart"]
    environment = [value for name, value in settings if name == "Environment"]
    command = ["env", "-i", *environment, *shlex.split(start)[:-1], "--version"]
    subprocess.run(command, cwd=tmp_path, check=True)


def test_a_home_with_a_space_can_be_written_to() -> None:
    target = Target("somebody", 1000, Path("/home/some body 100%"), system=True)
    unit = next(
        step.text
        for step in plan_install(target, BARE)
        if isinstance(step, Write) and "Service" in step.text
    )
    (line,) = [line for line in unit.splitlines() if line.startswith("ReadWritePaths=")]
    assert line.endswith(
        '"-/home/some body 100%%/.cache/digital-life" '
        '"-/home/some body 100%%/.local/share/digital-life"'
    )


def test_the_service_is_waited_for_by_looking_at_it() -> None:
    steps = plan_install(Target("somebody", 1000, HOME, system=False), BARE)
    assert [str(step) for step in steps[-2:]] == [
        "systemctl --user restart --no-block digital-life.service",
        "wait until digital-life.service is ready",
    ]


@pytest.mark.parametrize("allowed", [True, False])
def test_capabilities_are_taken_only_where_a_user_may(
    allowed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a user namespace such a service fails to start, with 218/CAPABILITIES."""
    monkeypatch.setattr(install, "may_have_namespaces", lambda: allowed)
    unit = install._filled("digital-life.service", Target("somebody", 1000, HOME, False))
    needing = ("PrivateUsers=", "ProtectKernelLogs=", "ProtectKernelModules=")
    assert [name in unit for name in needing] == [allowed] * 3
    assert "CapabilityBoundingSet=" not in unit and "@NAMESPACE@" not in unit


def test_a_program_that_is_not_there_allows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert not install.may_have_namespaces()
