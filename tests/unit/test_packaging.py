"""The package's name, bounds and lock; and what the texts tell people to install."""

import importlib.metadata
import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from daemon import extras

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
LOCK = dict(
    line.split("==")
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    if not line.startswith("#")
)
ALL = [line for lines in (PROJECT["dependencies"], *EXTRAS.values()) for line in lines]
OURS = [*(ROOT / "daemon").rglob("*.py"), *ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]

# What PyTorch's build for graphics cards brings; it names the versions itself.
OF_A_BUILD = re.compile("nvidia-|cuda-|triton$")


def needed() -> dict[str, str]:
    """Name all that is installed for the program and its extras, with the version."""
    found: dict[str, str] = {}
    todo, done = [Requirement(line) for line in ALL], set[str]()
    while todo:
        wanted = todo.pop()
        if str(wanted) in done or wanted.name == PROJECT["name"] or OF_A_BUILD.match(wanted.name):
            continue
        done.add(str(wanted))
        try:
            there = importlib.metadata.distribution(wanted.name)
        except importlib.metadata.PackageNotFoundError:  # an extra that was left out here
            continue
        found[canonicalize_name(wanted.name)] = there.version.partition("+")[0]
        chosen = wanted.extras or {""}
        for line in there.requires or ():
            part = Requirement(line)
            if not part.marker or any(part.marker.evaluate({"extra": one}) for one in chosen):
                todo.append(part)
    return found


def test_the_lock_is_complete() -> None:
    lock = {str(canonicalize_name(name)): version for name, version in LOCK.items()}
    found = needed()
    del found["pip"]  # whichever there is: it is only run
    assert len(found) > 40
    assert {name: lock.get(name) for name in found} == found


@pytest.mark.parametrize("line", [line for line in ALL if line not in EXTRAS["dev"]])
def test_every_requirement_ends_before_the_next_major_version(line: str) -> None:
    wanted = Requirement(line)
    if wanted.name not in (PROJECT["name"], "pip"):
        assert any(part.operator == "<" for part in wanted.specifier), line


def test_nothing_is_installed_by_a_name_that_is_not_ours() -> None:
    assert PROJECT["name"] == extras.DISTRIBUTION != "digital-life"
    name = re.compile(
        r"(?:pip|pipx|uv tool) (?:install|add) (?:-\S+ )*['\"]?digital-life\b(?![^ ]*/)"
    )
    for path in OURS:
        for line in path.read_text(encoding="utf-8").splitlines():
            assert not name.search(line), (path, line)


def test_no_text_names_the_host_of_a_registry() -> None:
    hosts = ("pypi" + ".org", "files.python" + "hosted.org", "hugging" + "face.co")
    for path in [*OURS, ROOT / "Makefile", ROOT / "pyproject.toml", ROOT / "models/models.toml"]:
        text = path.read_text(encoding="utf-8")
        assert not [host for host in hosts if host in text], path
