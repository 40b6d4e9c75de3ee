"""Checks of the service: whether it starts at boot, and how it runs."""

import os
import pwd
import subprocess
from collections.abc import Iterator
from pathlib import Path

from daemon.api.client import Client, NotRunning, is_installed
from daemon.config import Settings
from daemon.errors import DigitalLifeError
from daemon.i18n import tr
from daemon.service.finding import Finding, Severity, ok
from daemon.service.install import UNIT
from daemon.service.steps import RunCommand

SHOWN = ("LoadState", "ActiveState", "Result", "StatusText", "NRestarts")


def unit(_settings: Settings) -> Iterator[Finding]:
    """Look at the service, the session's and the machine's."""
    states = {scope: _show(scope) for scope in ("--user", "--system")}
    installed = {
        scope: state for scope, state in states.items() if state.get("LoadState") == "loaded"
    }
    if not installed:
        yield Finding(
            "service",
            Severity.NOTE,
            tr("It does not start at boot."),
            fix="digital-life service install",
        )
    for scope, state in installed.items():
        active, restarts = state["ActiveState"], int(state["NRestarts"] or 0)
        option = " --system" if scope == "--system" else ""
        if active != "active":
            yield Finding(
                "service",
                Severity.ERROR if active == "failed" else Severity.WARNING,
                f"{active} ({state['Result']}) {state['StatusText']}",
                tr("It is not there to talk to."),
                f"digital-life service logs{option}",
            )
        elif restarts:
            yield Finding(
                "service",
                Severity.WARNING,
                tr("It was started again {count} times.").format(count=restarts),
                tr("Something ended it; the log says what."),
                f"digital-life service logs{option}",
            )
        else:
            yield ok("service", f"{active}, {state['StatusText']}")


def _show(scope: str) -> dict[str, str]:
    words = ["systemctl", scope, "show", UNIT, *(f"--property={name}" for name in SHOWN)]
    try:
        done = subprocess.run(words, capture_output=True, text=True, errors="replace", timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return {}
    return dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line)


def linger(_settings: Settings) -> Iterator[Finding]:
    """Look whether the session's service lives without a login."""
    user = pwd.getpwuid(os.getuid()).pw_name
    if _show("--user").get("LoadState") != "loaded":
        return
    if Path("/var/lib/systemd/linger", user).exists():
        yield ok("linger", user)
    else:
        yield Finding(
            "linger",
            Severity.WARNING,
            tr("The session of {user} begins with the first login.").format(user=user),
            tr("Until then the service does not run, and with the last logout it ends."),
            f"loginctl enable-linger {user}",
            RunCommand(["loginctl", "enable-linger", user], root=True),
        )


def control(_settings: Settings) -> Iterator[Finding]:
    """Ask the running daemon how it is."""
    try:
        status = Client().get("status")
    except NotRunning as error:
        yield Finding("daemon", Severity.NOTE, str(error), fix=error.fix)
        return
    except DigitalLifeError as error:
        yield Finding("daemon", Severity.ERROR, str(error), fix=error.fix)
        return
    if status["degraded"]:
        yield Finding(
            "daemon",
            Severity.WARNING,
            tr("Not working: {names}.").format(names=", ".join(map(_named, status["degraded"]))),
            tr("It goes on without, and tries again."),
            "digital-life service logs" if is_installed() else "",
        )
    else:
        yield ok("daemon", f"{status['state']}, {status['memory_mb']:.0f} MB")
    for server in status["tools"]:
        if server["problem"]:
            yield Finding("tools", Severity.WARNING, server["problem"])


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
