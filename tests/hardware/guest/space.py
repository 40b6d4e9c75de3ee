"""Proof 8: the machine's service may write into a home with a space where it must, only there."""

import pwd
from pathlib import Path

from daemon.service.install import InstalledState, Target, plan_install
from daemon.service.steps import Write
from tests.hardware.guest.scene import Service, check, run

WHO, HOME = "sam", Path("/home/some body")
UNIT = Path("/run/systemd/system/digital-life-proof.service")
SCRIPT = Path("/run/digital-life-proof.sh")
MAY, MAY_NOT = (".cache/digital-life", ".local/share/digital-life"), ("", ".config/digital-life")


def prove_space(service: Service) -> None:
    """Have a script write to each of the places, confined by the installation's own unit."""
    run("useradd", "-m", "-d", str(HOME), WHO)
    user = pwd.getpwnam(WHO).pw_uid
    folder = Path(f"/run/user/{user}")  # no session is needed, only its folder
    folder.mkdir(mode=0o700)  # it is gone after the next boot
    try:
        for place in (*MAY, *MAY_NOT):
            (HOME / place).mkdir(parents=True, exist_ok=True)
        run("chown", "-R", f"{WHO}:", str(HOME), str(folder))
        SCRIPT.write_text("".join(f'touch "{HOME / place}/it"\n' for place in (*MAY, *MAY_NOT)))
        UNIT.write_text(confined(Target(WHO, user, HOME, system=True)))
        run("systemctl", "daemon-reload")
        run("systemctl", "start", UNIT.name)
        told = run("journalctl", "-q", "-o", "cat", "--no-pager", "-u", UNIT.name).stdout
        for place in MAY:
            written = (HOME / place / "it").is_file()
            check(f"a home with a space is written to: {place}", written, "" if written else told)
        for place in MAY_NOT:
            denied = not (HOME / place / "it").exists() and "Read-only file system" in told
            check(f"but not: {place or HOME}", denied, "" if denied else told)
    finally:
        for path in (UNIT, SCRIPT):
            path.unlink(missing_ok=True)
        run("systemctl", "daemon-reload")
        run("systemctl", "reset-failed", UNIT.name)
        run("userdel", "-r", WHO)


def confined(target: Target) -> str:
    """Return the unit that an installation writes, with the script in place of the program."""
    steps = plan_install(target, InstalledState(False, False, False, True))
    (text,) = (step.text for step in steps if isinstance(step, Write) and "[Service]" in step.text)
    without = ("Requires=", "After=", "Restart=", "WatchdogSec=")
    lines = [line for line in text.splitlines() if not line.startswith(without)]
    for number, line in enumerate(lines):
        if line.startswith("Type="):
            lines[number] = "Type=oneshot"
        elif line.startswith("ExecStart="):
            lines[number] = f"ExecStart=/bin/sh {SCRIPT}"
    return "\n".join(lines) + "\n"
