"""The line that adds an extra fits how the program was installed."""

import importlib.metadata
import shlex
import sys
from pathlib import Path

import pytest

from daemon import extras, system_packages

ASKED = [
    "mcp<3,>=2.3",
    "httpx2<3,>=2.10",
]


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The program in an environment of its own, with no checkout around it."""
    monkeypatch.setattr(extras, "CHECKOUT", tmp_path / "site-packages")
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "bin/python"))
    told = [
        "rich>=13",
        'mcp<3,>=2.3; extra == "tools"',
        'httpx2<3,>=2.10; extra == "tools"',
        'digital-life-assistant[tools]; extra == "all"',
        'jieba<1; extra == "training"',
        'digital-life-assistant[tools,training]; extra == "everything"',
    ]
    monkeypatch.setattr(importlib.metadata, "requires", lambda name: told)
    return tmp_path


def test_a_checkout_has_its_makefile(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(extras.CHECKOUT)
    monkeypatch.setattr(sys, "prefix", str(extras.CHECKOUT / ".venv"))
    assert extras.install_command("tools") == "make setup EXTRAS=tools"
    assert extras.repair_command() == "make clean setup"
    monkeypatch.chdir(tmp_path)
    assert extras.install_command("tools") == f"make -C {extras.CHECKOUT} setup EXTRAS=tools"


def test_pipx_users_inject(elsewhere: Path) -> None:
    (elsewhere / "pipx_metadata.json").touch()
    words = shlex.split(extras.install_command("tools"))
    assert words[:3] == ["pipx", "inject", "digital-life-assistant"]
    assert sorted(words[3:]) == sorted(ASKED)


def test_uv_users_add_to_the_tools_environment(elsewhere: Path) -> None:
    (elsewhere / "uv-receipt.toml").touch()
    words = shlex.split(extras.install_command("tools"))
    assert words[:5] == ["uv", "pip", "install", "--python", str(elsewhere / "bin/python")]
    assert sorted(words[5:]) == sorted(ASKED)


def test_others_use_the_pip_that_is_there(elsewhere: Path) -> None:
    words = shlex.split(extras.install_command("tools"))
    assert words[:4] == [str(elsewhere / "bin/python"), "-m", "pip", "install"]
    assert sorted(words[4:]) == sorted(ASKED)


def test_extras_of_extras_are_taken_apart(elsewhere: Path) -> None:
    assert sorted(extras.requirements("all")) == sorted(ASKED)
    assert sorted(extras.requirements("everything")) == sorted([*ASKED, "jieba<1"])
    assert extras.requirements("") == ["rich>=13"]


def test_a_missing_library_is_named_with_its_package() -> None:
    said = "libgomp.so.1: cannot open shared object file: No such file or directory"
    error = extras.unloadable(ImportError(said))
    assert str(error) == "The system library libgomp.so.1 is missing."
    assert error.fix == system_packages.install_line(system_packages.GOMP)
    assert extras.is_unloadable(OSError(said))
    assert not extras.is_unloadable(OSError("No space left on device"))


def test_a_package_that_does_not_load_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    error = extras.unloadable(ModuleNotFoundError("No module named 'av'", name="av.codec"))
    assert str(error) == "The package av is missing."
    error = extras.unloadable(ImportError("/lib/libm.so.6: version `GLIBC_2.38' not found"))
    assert "GLIBC_2.38" in str(error)
    assert error.fix == extras.repair_command()
