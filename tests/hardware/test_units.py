"""What systemd says of our units; nothing is installed."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from daemon.service import install
from daemon.service.install import Target, _filled

MOST_EXPOSED = {"digital-life.service": 5.0, "digital-life-system.service": 1.3}  # of 10
HOMES = [Path("/home/somebody"), Path("/home/some body 100%")]

pytestmark = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="not installed: systemd-analyze"
)


def analyse(
    place: Path, unit: str, *words: str, home: Path = HOMES[0]
) -> "subprocess.CompletedProcess[str]":
    path = place / "digital-life.service"
    path.write_text(_filled(unit, Target("somebody", 1000, home, True)))
    return subprocess.run(
        ["systemd-analyze", *words, str(path)],
        env={**os.environ, "XDG_RUNTIME_DIR": str(place)}, capture_output=True, text=True,
    )  # fmt: skip


@pytest.mark.parametrize("unit", MOST_EXPOSED)
def test_a_unit_leaves_little_open(
    tmp_path: Path, unit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(install, "may_have_namespaces", lambda: True)
    scope = [] if "system" in unit else ["--user"]
    done = analyse(tmp_path, unit, *scope, "--no-pager", "security", "--offline=true")
    if "offline" in done.stderr:  # before systemd 250
        pytest.skip(done.stderr.strip())
    figure = re.search(r"exposure level for .*: ([\d.]+)", done.stdout)
    assert figure, done.stdout + done.stderr
    assert float(figure[1]) <= MOST_EXPOSED[unit], done.stdout


@pytest.mark.parametrize("unit", MOST_EXPOSED)
@pytest.mark.parametrize("home", HOMES, ids=str)
def test_systemd_knows_every_setting(tmp_path: Path, unit: str, home: Path) -> None:
    done = analyse(tmp_path, unit, "verify", home=home)
    ours = [line for line in done.stderr.splitlines() if "digital-life" in line]
    bad = ("nknown", "nvalid", "gnoring", "not absolute")
    assert not [line for line in ours if any(word in line for word in bad)], done.stderr
