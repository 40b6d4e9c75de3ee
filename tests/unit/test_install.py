"""What is installed for the service of the machine."""

from pathlib import Path

import pytest

from daemon.memory.store import memory_path
from daemon.service.install import Machine, Target, plan_install
from daemon.service.steps import Write

HOME = Path("/home/somebody")
MACHINE = Machine(camera_installed=False, camera_loaded=False, camera_named=False, lingers=True)


def test_the_machines_service_can_write_its_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(HOME))
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    folder = str(memory_path().parent)
    steps = plan_install(Target("somebody", 1000, HOME, system=True), MACHINE)
    made = [index for index, step in enumerate(steps) if folder in str(step)]
    [written] = [index for index, step in enumerate(steps) if isinstance(step, Write)]
    assert made and made[0] < written, "the folder is there before the service starts"
    assert str(steps[made[0]]).startswith("runuser -u somebody "), "and it is its user's"
    unit = steps[written]
    assert isinstance(unit, Write)
    [line] = [line for line in unit.text.splitlines() if line.startswith("ReadWritePaths=")]
    assert f"-{folder}" in line.split()


def test_the_sessions_service_needs_no_such_step() -> None:
    steps = plan_install(Target("somebody", 1000, HOME, system=False), MACHINE)
    assert not [step for step in steps if "mkdir" in str(step)]
