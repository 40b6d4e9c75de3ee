"""What the service's installation leaves when it is undone: nothing."""

from pathlib import Path

import pytest

from daemon.service.install import Machine, Target, plan_install, plan_uninstall
from daemon.service.steps import Remove, Step, Write, take

BARE = Machine(camera_installed=False, camera_loaded=False, camera_named=False, lingers=True)


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
