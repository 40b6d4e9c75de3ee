"""What systemd says of our units; nothing is installed."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from daemon.service.install import Target, _filled

MOST_EXPOSED = 3.0  # of 10; an ordinary service has 9.6

pytestmark = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="not installed: systemd-analyze"
)


def analyse(place: Path, unit: str, *words: str) -> "subprocess.CompletedProcess[str]":
    path = place / "digital-life.service"
    path.write_text(_filled(unit, Target("somebody", 1000, Path("/home/somebody"), True)))
    return subprocess.run(
        ["systemd-analyze", *words, str(path)], capture_output=True, text=True, timeout=60
    )


def test_the_system_unit_leaves_little_open(tmp_path: Path) -> None:
    done = analyse(
        tmp_path, "digital-life-system.service", "--no-pager", "security", "--offline=true"
    )
    if "offline" in done.stderr:  # before systemd 250
        pytest.skip(done.stderr.strip())
    figure = re.search(r"exposure level for .*: ([\d.]+)", done.stdout)
    assert figure, done.stdout + done.stderr
    assert float(figure[1]) <= MOST_EXPOSED, done.stdout


@pytest.mark.parametrize("unit", ["digital-life.service", "digital-life-system.service"])
def test_systemd_knows_every_setting(tmp_path: Path, unit: str) -> None:
    done = analyse(tmp_path, unit, "verify")
    ours = [line for line in done.stderr.splitlines() if "digital-life" in line]
    assert not [line for line in ours if "nknown" in line or "nvalid" in line], done.stderr
