"""Proof 7: on a machine ten times too slow it comes up late, says so all along, and answers.

The kernel of the guest has no quota of processor time, so what takes nine tenths of it is a program
of another service, by weight.
"""

import re

from tests.hardware.guest.scene import Service, as_user, check, digital_life, run, status

HOG = "digital-life-proof-hog"
SHARES = {"digital-life.service": 100, f"{HOG}.service": 900}


def prove_slowness(service: Service) -> None:
    """Start with a tenth of the processor; the sound server and all others share the rest."""
    service.systemctl("stop", "digital-life.service")
    scope, started_by = ((), run) if service.system else (("--user",), as_user)
    done = started_by("systemd-run", *scope, f"--unit={HOG}", "sh", "-c", "while :; do :; done")
    check("somebody takes the processor", done.returncode == 0, done.stderr)
    for unit, weight in SHARES.items():
        done = service.systemctl("set-property", "--runtime", unit, f"CPUWeight={weight}")
        check(f"the share of {unit} is set", done.returncode == 0, done.stderr)
    before = service.restarts
    try:
        took = service.restart()
        check("it comes up with a tenth of the processor", took >= 0, f"{took:.1f} s")
        check("at the first attempt", service.restarts == before, service.restarts)
        found = status()
        check("it tells how it is", found.get("state") == "listening", found)
        asked = digital_life("ask", "What is the capital of France?")
        answered = asked.returncode == 0 and asked.stdout.strip()
        check("and answers", answered, asked.stdout + asked.stderr)
    finally:
        service.systemctl("stop", f"{HOG}.service")
        service.systemctl("set-property", "--runtime", "digital-life.service", "CPUWeight=")
    ended = re.search(
        r"(?i)watchdog.*(timeout|signal)", run("journalctl", "-q", "--no-pager").stdout
    )
    check("the watchdog had nothing to do", not ended, ended and ended[0])
