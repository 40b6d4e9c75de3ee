"""Tells the service manager how we are: sd_notify(3).

A datagram of ``NAME=value`` lines to the socket it names. Python's bindings either need a compiler
and libsystemd, or have had no release for years; the whole protocol is the first function below.
"""

import asyncio
import logging
import os
import socket
import time
from collections.abc import Callable

PINGS = 8  # in the time after which silence counts as death: some may be late

log = logging.getLogger(__name__)


def notify(**fields: str | int) -> None:
    """Send ``fields``, such as ``READY=1``; does nothing where no service manager listens."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return
    text = "\n".join(f"{name}={' '.join(str(value).split())}" for name, value in fields.items())
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.connect(address.replace("@", "\0", 1))
            manager.send(text.encode(errors="replace"))
    except OSError as error:
        log.warning("the service manager cannot be told: %s", error)


def reloading() -> None:
    """Tell that the settings are being read again; ``notify(READY=1)`` ends it."""
    notify(RELOADING=1, MONOTONIC_USEC=time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000)


def watchdog_s() -> float | None:
    """Return the seconds of silence that count as death; ``None`` if nobody looks."""
    if os.environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None
    microseconds = os.environ.get("WATCHDOG_USEC", "")
    valid = microseconds.isdecimal() and int(microseconds) > 0
    return int(microseconds) / 1e6 if valid else None


async def keep_alive(unhealthy_component: Callable[[], str]) -> None:
    """Ping the watchdog while no component is unhealthy; that it runs proves the event loop."""
    interval_s, before = watchdog_s(), ""
    if interval_s is None:
        return
    while True:
        found = unhealthy_component()
        if not found:
            notify(WATCHDOG=1)
        if found != before:
            log.warning("no sign of life from the %s", found) if found else log.info("alive again")
        before = found
        await asyncio.sleep(interval_s / PINGS)
