"""What must be true of the repository as a whole."""

import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
LONGEST = 320  # lines; about 300 is the aim, and a longer file holds two ideas


def test_the_wheel_carries_what_a_checkout_has_beside_the_package() -> None:
    build = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]
    included = build["build"]["targets"]["wheel"]["force-include"]
    for source in included:
        assert (ROOT / source).exists(), source
    assert included["config.toml"] == "daemon/config.toml"
    assert included["models/models.toml"] == "daemon/models.toml"


def test_no_file_holds_two_ideas() -> None:
    for path in (ROOT / "daemon").rglob("*.py"):
        assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST, path


def test_every_requirement_is_pinned_for_the_tests() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pinned = {line.split("==")[0].lower() for line in lines if "==" in line}
    named = {requirement.split(">")[0].strip().lower() for requirement in project["dependencies"]}
    assert named - pinned <= {"pip"}
