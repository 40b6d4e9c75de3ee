"""How this installation gets what it lacks: the line that fits the way it was made.

There is no name to install the program by, so no line has one: a checkout has its Makefile, and
where pip, pipx or uv put it, what an extra is made of is added to the same environment.
"""

import importlib.metadata
import os
import re
import shlex
import sys
from pathlib import Path

from packaging.requirements import Requirement

from daemon import system_packages
from daemon.errors import SetupError
from daemon.i18n import tr

DISTRIBUTION = "digital-life-assistant"
CHECKOUT = Path(__file__).resolve().parents[1]

_LIBRARY = re.compile(r"\b(lib[\w.+-]+\.so[\w.]*)")


def install_command(extra: str) -> str:
    """Return the command that adds an extra to this installation."""
    if (CHECKOUT / "Makefile").is_file() and (CHECKOUT / "pyproject.toml").is_file():
        if Path(sys.prefix) == CHECKOUT / ".venv" or not requirements(extra):
            return f"make {_where()}setup EXTRAS={extra}"
        return _words(sys.executable, "-m", "pip", "install", "--editable", f"{CHECKOUT}[{extra}]")
    return add_command(requirements(extra))


def add_command(packages: list[str]) -> str:
    """Return the command that adds packages to the environment that runs this."""
    prefix = Path(sys.prefix)
    if (prefix / "pipx_metadata.json").is_file():
        return _words("pipx", "inject", DISTRIBUTION, *packages)
    if (prefix / "uv-receipt.toml").is_file():
        return _words("uv", "pip", "install", "--python", sys.executable, *packages)
    return _words(sys.executable, "-m", "pip", "install", *packages)


def repair_command() -> str:
    """Return the command that makes this installation anew."""
    prefix = Path(sys.prefix)
    if prefix == CHECKOUT / ".venv":
        return f"make {_where()}clean setup"
    if (prefix / "pipx_metadata.json").is_file():
        return _words("pipx", "reinstall", DISTRIBUTION)
    if (prefix / "uv-receipt.toml").is_file():
        return _words("uv", "tool", "upgrade", "--reinstall", DISTRIBUTION)
    names = [Requirement(line).name for line in requirements("")]
    return _words(sys.executable, "-m", "pip", "install", "--force-reinstall", *names)


def requirements(extra: str) -> list[str]:
    """Name the packages that an extra adds, with their versions; ``""`` is the program itself.

    Extras that consist of others are taken apart. Empty where nothing is known of this
    installation.
    """
    try:
        told = importlib.metadata.requires(DISTRIBUTION) or []
    except importlib.metadata.PackageNotFoundError:
        return []
    found: dict[str, None] = {}
    for line in told:
        requirement = Requirement(line)
        marker = requirement.marker
        if marker and not marker.evaluate({"extra": extra}):
            continue
        if extra and (marker is None or marker.evaluate({"extra": ""})):
            continue  # the program needs it anyway
        if requirement.name == DISTRIBUTION:
            parts = [part for other in sorted(requirement.extras) for part in requirements(other)]
            found |= dict.fromkeys(parts)
        else:
            found[f"{requirement.name}{requirement.specifier}"] = None
    return list(found)


def unloadable(error: ImportError | OSError) -> SetupError:
    """Explain why a library cannot be loaded, with the command that mends it."""
    library = _LIBRARY.search(str(error))
    if library and "cannot open shared object file" in str(error):
        name = library[1]
        need = next((need for need in system_packages.BASE if need.what == name), None)
        message = tr("The system library {name} is missing.").format(name=name)
        return SetupError(message, system_packages.install_line(need or system_packages.Need(name)))
    name = getattr(error, "name", None) or ""
    message = tr("A package cannot be loaded: {reason}").format(reason=error)
    if isinstance(error, ModuleNotFoundError) and name:
        message = tr("The package {name} is missing.").format(name=name.split(".")[0])
    return SetupError(message, repair_command())


def is_unloadable(error: BaseException) -> bool:
    """Whether an error says that a library or a package cannot be loaded."""
    return isinstance(error, ImportError) or (
        isinstance(error, OSError) and "cannot open shared object file" in str(error)
    )


def _where() -> str:
    """Return make's option for the checkout; nothing if that is where we are."""
    try:
        here = Path.cwd() == CHECKOUT
    except OSError:  # the folder is gone
        here = False
    return "" if here else f"-C {shlex.quote(os.fspath(CHECKOUT))} "


def _words(*words: str) -> str:
    return shlex.join(words)
