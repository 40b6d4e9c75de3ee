"""Checks of the service: whether it starts with the machine, and how it runs."""

import os
import pwd
import subprocess
from collections.abc import Iterator
from pathlib import Path

from daemon.config import Settings
from daemon.errors import DigitalLifeError
from daemon.i18n import tr
from daemon.service.client import Client, NotRunning, is_installed
from daemon.service.finding import Finding, Level, ok
from daemon.service.install import UNIT
from daemon.service.steps import Run

SHOWN = ("LoadState", "ActiveState", "Result", "StatusText", "NRestarts")


def unit(settings: Settings) -> Iterator[Finding]:
    """Look at the service, the session's and the machine's."""
    states = {scope: _show(scope) for scope in ("--user", "--system")}
    installed = {
        scope: state for scope, state in states.items() if state.get("LoadState") == "loaded"
    }
    if not installed:
        yield Finding(
            "service",
            Level.NOTE,
            tr("It does not start with the machine."),
            fix="digital-life service install",
        )
    for scope, state in installed.items():
        active, restarts = state["ActiveState"], int(state["NRestarts"] or 0)
        option = " --system" if scope == "--system" else ""
        if active != "active":
            yield Finding(
                "service",
                Level.ERROR if active == "failed" else Level.WARNING,
                f"{active} ({state['Result']}) {state['StatusText']}",
                tr("It is not there to talk to."),
                f"digital-life service logs{option}",
            )
        elif restarts:
            yield Finding(
                "service",
                Level.WARNING,
                tr("It was started again {count} times.").format(count=restarts),
                tr("Something ended it; the log says what."),
                f"digital-life service logs{option}",
            )
        else:
            yield ok("service", f"{active}, {state['StatusText']}")


def _show(scope: str) -> dict[str, str]:
    words = ["systemctl", scope, "show", UNIT, *(f"--property={name}" for name in SHOWN)]
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return {}
    return dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line)


def linger(settings: Settings) -> Iterator[Finding]:
    """Look whether the session's service lives without a login."""
    user = pwd.getpwuid(os.getuid()).pw_name
    if _show("--user").get("LoadState") != "loaded":
        return
    if Path("/var/lib/systemd/linger", user).exists():
        yield ok("linger", user)
    else:
        yield Finding(
            "linger",
            Level.WARNING,
            tr("The session of {user} begins with the first login.").format(user=user),
            tr("Until then the service does not run, and with the last logout it ends."),
            f"loginctl enable-linger {user}",
            Run(["loginctl", "enable-linger", user], root=True),
        )


def control(settings: Settings) -> Iterator[Finding]:
    """Ask the running daemon how it is."""
    try:
        with Client() as client:
            status = client.do("status")
    except NotRunning as error:
        yield Finding("daemon", Level.NOTE, str(error), fix=error.fix)
        return
    except DigitalLifeError as error:
        yield Finding("daemon", Level.ERROR, str(error), fix=error.fix)
        return
    if status["degraded"]:
        yield Finding(
            "daemon",
            Level.WARNING,
            tr("Not working: {names}.").format(names=", ".join(map(_named, status["degraded"]))),
            tr("It goes on without, and tries again."),
            "digital-life service logs" if is_installed() else "",
        )
    else:
        yield ok("daemon", f"{status['state']}, {status['memory_mb']:.0f} MB")


def _named(degraded: str) -> str:
    """Say what does not work, of which the daemon gives its name for programs."""
    known = {
        "sound": tr("sound"),
        "memory": tr("memory"),
        "camera": tr("camera"),
        "voice": tr("voice"),
        "tools": tr("tools"),
    }
    return known.get(degraded, degraded)


CHECKS = (unit, linger, control)
