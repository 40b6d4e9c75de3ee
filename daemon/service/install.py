"""Plans of what makes Digital Life start at boot, and of what undoes it.

A plan is a list of steps; nothing here changes anything. What cannot be seen any more when it is to
be undone is noted in the unit, in a section that systemd leaves to others.
"""

import os
import pwd
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from daemon.errors import SetupError
from daemon.i18n import tr
from daemon.service.ready import AwaitReady
from daemon.service.steps import Remove, RunCommand, Step, Write

UNIT: Final = "digital-life.service"
CAMERA: Final = "Digital Life"
LABEL: Final = "X-Digital-Life"  # of our notes in the unit
ETC: Final = {
    "modprobe.conf": Path("/etc/modprobe.d/digital-life.conf"),
    "modules-load.conf": Path("/etc/modules-load.d/digital-life.conf"),
    "udev.rules": Path("/etc/udev/rules.d/70-digital-life.rules"),
}
CACHE: Final = ".cache/digital-life"
DATA: Final = ".local/share/digital-life"
PLAIN_NAME = re.compile(r"[a-z_][a-z0-9_-]*\$?", re.IGNORECASE)  # of a user, as useradd takes it


@dataclass(frozen=True, slots=True)
class Target:
    """Whose service it is, and where."""

    user: str
    uid: int
    home: Path
    system: bool

    @property
    def unit(self) -> Path:
        """Where the unit belongs."""
        if self.system:
            return Path("/etc/systemd/system") / UNIT
        return self.home / ".config/systemd/user" / UNIT

    @property
    def scope(self) -> list[str]:
        """The option of ``systemctl`` and ``journalctl``."""
        return [] if self.system else ["--user"]

    def systemctl(self, *words: str, may_fail: bool = False) -> RunCommand:
        """Return a step of systemctl."""
        return RunCommand(["systemctl", *self.scope, *words], root=self.system, may_fail=may_fail)


@dataclass(frozen=True, slots=True)
class InstalledState:
    """What is there already."""

    camera_installed: bool
    """The module v4l2loopback exists for the running kernel."""
    camera_loaded: bool
    camera_named: bool
    """One of its devices has our name."""
    lingers: bool
    """The user's session lives without a login."""


def find_target(system: bool, user: str | None) -> Target:
    """Work out whose service is meant; ``SetupError`` if it cannot be."""
    if system and not user:
        raise SetupError(
            tr("A system service needs to know whose it is."),
            "digital-life service install --system --user NAME",
        )
    if user and not system:
        raise SetupError(tr("--user goes with --system."))
    try:
        found = pwd.getpwnam(user) if user else pwd.getpwuid(os.getuid())
    except KeyError:
        raise SetupError(tr("There is no user {name}.").format(name=user or os.getuid())) from None
    if found.pw_uid == 0 or not PLAIN_NAME.fullmatch(found.pw_name):
        raise SetupError(
            tr("It runs as an ordinary user, not as {name}.").format(name=found.pw_name),
            "digital-life service install --system --user NAME",
        )
    return Target(found.pw_name, found.pw_uid, Path(found.pw_dir), system)


def inspect(target: Target) -> InstalledState:
    """Look at the machine."""
    names = [
        path.read_text(errors="replace").strip()
        for path in Path("/sys/class/video4linux").glob("*/name")
    ]
    loaded = Path("/sys/module/v4l2loopback").exists()
    return InstalledState(
        camera_installed=loaded or module_exists(),
        camera_loaded=loaded,
        camera_named=CAMERA in names,
        lingers=(Path("/var/lib/systemd/linger") / target.user).exists(),
    )


def module_exists() -> bool:
    """Whether the running kernel has v4l2loopback."""
    try:
        found = subprocess.run(
            ["modinfo", "v4l2loopback"], capture_output=True, timeout=20,
            env={**os.environ, "PATH": f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"},
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return False
    return found.returncode == 0


def plan_install(target: Target, machine: InstalledState) -> list[Step]:
    """Return what to do; taken twice it changes nothing the second time."""
    steps: list[Step] = []
    notes = []
    if machine.camera_installed:
        for name, place in ETC.items():
            steps.append(Write(place, _filled(name, target), root=True))
        steps.append(RunCommand(["udevadm", "control", "--reload"], root=True, may_fail=True))
        if not machine.camera_named:
            if machine.camera_loaded:
                steps.append(RunCommand(["modprobe", "-r", "v4l2loopback"], root=True))
            steps.append(RunCommand(["modprobe", "v4l2loopback"], root=True))
            notes.append("Camera=loaded")
        steps.append(
            RunCommand(
                ["udevadm", "trigger", "--settle", "--subsystem-match=video4linux"],
                root=True,
                may_fail=True,
            )
        )
    if not machine.lingers:
        steps.append(RunCommand(["loginctl", "enable-linger", target.user], root=True))
        notes.append("Linger=enabled")
    if target.system:  # it cannot make the folder of its memory itself
        folder = ["mkdir", "-p", "-m", "700", str(target.home / DATA)]
        steps.append(RunCommand(["runuser", "-u", target.user, "--", *folder], root=True))
    if new := sum(not folder.exists() for folder in _own_folders(target)):
        notes.append(f"Folders={new}")
    notes = sorted({*notes, *_notes(target)})
    unit = _filled(UNIT if not target.system else "digital-life-system.service", target)
    if notes:
        unit += f"\n[{LABEL}]\n" + "\n".join(notes) + "\n"
    return [
        *steps,
        Write(target.unit, unit, root=target.system),
        target.systemctl("daemon-reload"),
        target.systemctl("enable", UNIT),
        target.systemctl("restart", "--no-block", UNIT),
        AwaitReady(UNIT, tuple(target.scope)),
    ]


def plan_uninstall(target: Target, machine: InstalledState) -> list[Step]:
    """Return what undoes ``plan_install``; what it found there stays."""
    steps: list[Step] = []
    if target.unit.exists():
        steps.append(target.systemctl("disable", "--now", UNIT, may_fail=True))
        steps.append(Remove(target.unit, root=target.system))
        steps.append(target.systemctl("daemon-reload"))
    notes = _notes(target)
    for count in (int(note[-1]) for note in notes if re.fullmatch(r"Folders=\d", note)):
        for folder in _own_folders(target)[:count]:  # stays if others use it by now
            steps.append(RunCommand(["rmdir", str(folder)], may_fail=True))
    if target.system:  # goes if nothing was ever remembered
        steps.append(RunCommand(["rmdir", str(target.home / DATA)], root=True, may_fail=True))
    places = [place for place in ETC.values() if place.exists()]
    steps += [Remove(place, root=True) for place in places]
    if places:
        steps.append(RunCommand(["udevadm", "control", "--reload"], root=True, may_fail=True))
    if "Camera=loaded" in notes and machine.camera_loaded:
        steps.append(RunCommand(["modprobe", "-r", "v4l2loopback"], root=True, may_fail=True))
    if "Linger=enabled" in notes:
        steps.append(RunCommand(["loginctl", "disable-linger", target.user], root=True))
    return steps


def _own_folders(target: Target) -> list[Path]:
    """Return the folders above the unit that may have to be made, the innermost first."""
    return [folder for folder in target.unit.parents if target.home in folder.parents]


def _notes(target: Target) -> list[str]:
    """Return what an earlier installation noted in the unit."""
    try:
        text = target.unit.read_text(encoding="utf-8")
    except OSError:
        return []
    return text.partition(f"\n[{LABEL}]\n")[2].split()


def command() -> list[str]:
    """Return what starts this program, wherever it was installed."""
    return [sys.executable, "-m", "daemon"]


NAMESPACE_S = 10.0  # making one takes milliseconds
# What a user's manager can do only in a user namespace; elsewhere the service would not start.
NAMESPACE = "PrivateUsers=yes\nProtectKernelLogs=yes\nProtectKernelModules=yes"


def may_have_namespaces() -> bool:
    """Whether this user may make user namespaces, which some distributions forbid."""
    try:
        return not subprocess.run(
            ["unshare", "--user", "--map-current-user", "true"],
            capture_output=True,
            timeout=NAMESPACE_S,
        ).returncode
    except (OSError, subprocess.TimeoutExpired):
        return False


def _filled(name: str, target: Target) -> str:
    """Return a file of ``systemd/`` for the target."""
    package = Path(__file__).parents[1]
    folder = package / "systemd"
    if not folder.is_dir():
        folder = package.parent / "systemd"
    environment = ""
    if "site-packages" not in package.parts:  # a checkout: Python must be told where
        environment = f"Environment={_quoted(f'PYTHONPATH={package.parent}')}"
    values = {
        "@COMMAND@": " ".join(_quoted(word).replace("$", "$$") for word in command()),
        "@ENVIRONMENT@": environment,
        "@NAMESPACE@": NAMESPACE if may_have_namespaces() else "",
        "@USER@": target.user,
        "@UID@": str(target.uid),
        "@WRITABLE@": " ".join(_quoted(f"-{target.home / place}") for place in (CACHE, DATA)),
    }
    text = (folder / name).read_text(encoding="utf-8")
    for key, value in values.items():
        text = text.replace(key, value)
    return text


def _quoted(word: str) -> str:
    """Return a word as a unit's line takes it; ``SetupError`` for what no unit can hold."""
    if any(ord(letter) < 32 for letter in word):
        raise SetupError(tr("A service cannot be installed from {path}.").format(path=repr(word)))
    escaped = word.replace("%", "%%")
    plain = shlex.quote(escaped) == escaped
    return escaped if plain else '"' + escaped.replace("\\", "\\\\").replace('"', '\\"') + '"'
