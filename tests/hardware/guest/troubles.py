"""Proof 4: what goes wrong on real machines ends in recovery, or in a clear message."""

import contextlib
import ctypes
import os
import re
import signal
import time
import traceback
from pathlib import Path

from tests.hardware.guest.scene import (
    MODELS,
    USER,
    Service,
    as_user,
    check,
    digital_life,
    failed,
    run,
    status,
    wait,
)

WATCHDOG_S = 45.0  # the unit's
RESTARTS = 4  # of the sound server
PTRACE_ATTACH = 16
WAIT_ALL = 0x40000000  # __WALL


def prove_recoveries(service: Service) -> None:
    """Take each trouble in turn; the service is up before and after."""
    for trouble in (crash, dead_microphone, sound_server, camera, full_disk, damaged_model):
        begin, since, before = time.monotonic(), time.strftime("%Y-%m-%d %H:%M:%S"), list(failed)
        try:
            trouble(service)
        except Exception:
            check(trouble.__name__, False, traceback.format_exc())
            service.restart()
        if failed != before:
            print(service.log(since)[-2000:], run("df", "/", "/home").stdout)
            print(run("find", "/", "-xdev", "-size", "+50M", "-ls").stdout, flush=True)
        print(f"---- {trouble.__name__}: {time.monotonic() - begin:.1f} s", flush=True)


def crash(service: Service) -> None:
    """``kill -9``."""
    before = service.process
    os.kill(before, signal.SIGKILL)
    took = service.ready(besides=before)
    check("after kill -9 it is back", took >= 0, f"{took:.1f} s, restarts {service.restarts}")
    check("with its camera", status().get("degraded") == [], status().get("degraded"))


def stalled_loop(service: Service) -> None:
    """The event loop's thread stands still while all others go on."""
    before = service.process
    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    libc.ptrace.restype = ctypes.c_long
    stopped = libc.ptrace(PTRACE_ATTACH, before, None, None)  # of the main thread alone
    check("the event loop stands still", stopped == 0, os.strerror(ctypes.get_errno()))
    begin = time.monotonic()

    def gone() -> bool:
        with contextlib.suppress(ChildProcessError):
            os.waitpid(before, os.WNOHANG | WAIT_ALL)  # who traces it hears first that it ended
        return service.process != before

    killed = wait(gone, WATCHDOG_S + 30, 1.0)
    waited = time.monotonic() - begin
    check("the watchdog notices", killed and waited >= WATCHDOG_S / 2, f"{waited:.0f} s")
    took = service.ready(besides=before)
    check("after a stall it is back", took >= 0, f"{took:.1f} s")
    check(
        "the journal says why",
        "atchdog" in run("journalctl", "-q", "--no-pager", "-n", "300").stdout,
    )


def dead_microphone(service: Service) -> None:
    """The sound server hangs: no callback comes. It is waited for, without a restart."""
    before, server = service.process, run("pgrep", "-u", USER, "-x", "pipewire").stdout.split()[0]
    os.kill(int(server), signal.SIGSTOP)
    try:
        noticed = wait(lambda: "sound" in status().get("degraded", ()), 10, 0.5)
    finally:
        os.kill(int(server), signal.SIGCONT)
    check("a dead microphone is noticed", noticed)
    begin = time.monotonic()
    back = wait(lambda: status().get("degraded") == [], 40, 0.5)
    check("and comes back", back, f"{time.monotonic() - begin:.1f} s")
    check("in the same process", service.process == before)


def sound_server(service: Service) -> None:
    """The sound server is restarted, again and again: not every time does PortAudio go astray."""
    before, descriptors = service.process, status()["descriptors"]
    for _ in range(RESTARTS):
        took = _restart_sound(service)
        check("the sound server restarts, and it hears again", took >= 0, f"{took:.1f} s")
        check("in the same process", service.process == before)
    most = descriptors + 4
    freed = wait(lambda: status()["descriptors"] <= most, 10)
    check("no descriptor is lost", freed, f"{descriptors} → {status()['descriptors']}")
    sources = as_user("pactl", "list", "sources").stdout
    check(
        "its own microphone is there again", "Description: Digital Life" in sources, sources[-500:]
    )


def _restart_sound(service: Service) -> float:
    """Restart the sound server; return the seconds from then until it was heard again, or -1."""

    def reopened() -> int:
        return service.log().count("The sound devices are back")

    already = reopened()
    names = ("pipewire", "pipewire-pulse", "wireplumber")
    as_user("systemctl", "--user", "restart", *(f"{name}.service" for name in names))
    begin = time.monotonic()
    back = wait(lambda: reopened() > already, 45, 0.5) and wait(hears, 10, 0.5)
    return time.monotonic() - begin if back else -1.0


def hears() -> bool:
    """Whether the microphone delivers."""
    found = status()
    microphone = found.get("devices", {}).get("microphone", {})
    return found.get("degraded") == [] and microphone.get("silent_s", 9) < 1


def camera(service: Service) -> None:
    """The module is removed, and loaded again."""
    held = run("modprobe", "-r", "v4l2loopback")
    check("a camera in use stays", held.returncode != 0 and status()["degraded"] == [])
    service.systemctl("stop", "digital-life.service")
    gone = run("modprobe", "-r", "v4l2loopback")
    check("after a stop nothing holds it", gone.returncode == 0, gone.stderr)
    took = service.restart()
    check("without a camera it starts", took >= 0, f"{took:.1f} s")
    check(
        "and says what is missing", status().get("degraded") == ["camera"], status().get("degraded")
    )
    run("modprobe", "v4l2loopback")
    begin = time.monotonic()
    back = wait(lambda: status().get("degraded") == [], 20, 0.5)
    check("and finds it when it is loaded", back, f"{time.monotonic() - begin:.1f} s")


def full_disk(service: Service) -> None:
    """Not a byte can be written."""
    unit = Path(f"/home/{USER}/.config/systemd/user/digital-life.service")
    before = unit.read_text()
    filler = Path(f"/home/{USER}/filler")
    free = os.statvfs("/home")
    try:
        run("fallocate", "-l", str(free.f_bavail * free.f_frsize), str(filler))
        with contextlib.suppress(OSError), filler.open("ab") as rest:
            while True:
                rest.write(b"x" * 4096)
                rest.flush()
        check("the disk is full", not os.statvfs("/home").f_bavail, free)
        done = digital_life("service", "install")
        check(
            "a full disk is named",
            done.returncode == 5 and "No space left" in done.stderr,
            done.stderr,
        )
        check("and the unit stays whole", unit.read_text() == before)
        if done.returncode == 0:
            return
        took = service.restart()
        check("on a full disk it starts", took >= 0, f"{took:.1f} s")
    finally:
        filler.unlink(missing_ok=True)


def damaged_model(service: Service) -> None:
    """A byte of a model changes between two starts."""
    broken = MODELS / "silero-vad" / "silero_vad.onnx"
    whole = broken.read_bytes()
    broken.write_bytes(whole[:1000] + bytes([whole[1000] ^ 1]) + whole[1001:])
    began = time.strftime("%Y-%m-%d %H:%M:%S")
    took = service.restart()
    check("with a damaged model it does not start", took < 0)
    state = [service.show(name) for name in ("ActiveState", "ExecMainStatus", "NRestarts")]
    check("is not tried again", state == ["failed", "2", "0"], state)
    log = service.log(began)
    check(
        "and says what mends it", re.search(r"damaged.*\n.*models pull silero-vad", log), log[-500:]
    )
    doctor = digital_life("doctor", "--json")
    check("so does doctor", doctor.returncode == 1 and "silero-vad: damaged" in doctor.stdout)
    broken.write_bytes(whole)
    service.systemctl("reset-failed", "digital-life.service")
    took = service.restart()
    check("and is well after that", took >= 0, f"{took:.1f} s")
