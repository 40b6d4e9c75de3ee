"""Proof 1: installed, rebooted, and there: READY, with its camera and its microphone."""

import re
import subprocess
import sys
from pathlib import Path

from tests.hardware.guest.scene import (
    CHECKOUT,
    CONFIG,
    RUNTIME,
    UID,
    USER,
    Service,
    as_user,
    check,
    digital_life,
    run,
    settle_in,
    status,
    turn_up,
    wait,
)

MOST_EXPOSED = 3.0  # of systemd-analyze security, 0 to 10


def install(service: Service) -> None:
    """Install as a person would, from nothing."""
    settle_in()
    Path(f"/var/lib/systemd/linger/{USER}").unlink(missing_ok=True)
    run("loginctl", "disable-linger", USER)
    run("loginctl", "enable-linger", USER)  # there is nobody here to log in
    if service.system:
        done = run(
            sys.executable, "-B", "-m", "daemon",
            "service", "install", "--system", "--user", USER, cwd=CHECKOUT, timeout=400,
        )  # fmt: skip
        check("install as root", done.returncode == 0, done.stdout + done.stderr)
        return
    wait(lambda: Path(f"{RUNTIME}/bus").exists(), 30)
    done = digital_life("service", "install", timeout=400)
    check("install as the user", done.returncode == 0, done.stdout + done.stderr)
    _, found, lines = done.stderr.partition("no sudo:\n")
    check("without sudo it tells what root is to do", found and "modprobe.d" in lines)
    as_root = subprocess.run(["bash", "-e"], input=lines, capture_output=True, text=True)
    check("and that works", as_root.returncode == 0, as_root.stderr)


def prove_installation(service: Service, second: bool) -> None:
    """Install before the reboot, look after it."""
    if not second:
        install(service)
        took = service.ready()
        if not check("ready after the installation", took >= 0, f"{took:.1f} s"):
            print(service.log()[:3000], "…", service.log()[-2000:])
            print(run("journalctl", "-q", "--no-pager", "-n", "40").stdout)
        return
    took = service.ready()
    if not check("ready after the reboot", took >= 0, f"{took:.1f} s"):
        print(service.systemctl("status", "digital-life.service").stdout, service.log()[-4000:])
    check("at the first attempt", service.restarts == 0, service.restarts)
    turn_up()
    found = wait(status, 20)
    devices = found.get("devices", {})
    check("it listens", found.get("state") == "listening", found)
    camera = str(devices.get("camera"))
    check("the camera has its number", camera == "/dev/video10", camera)
    if camera != "None":
        name = Path(f"/sys/class/video4linux/{Path(camera).name}/name").read_text().strip()
        check(
            "and its name, and is the user's",
            (name, Path(camera).stat().st_uid) == ("Digital Life", UID),
        )
        info = run("v4l2-ctl", "-d", camera, "--info").stdout
        check("others can watch it", "Video Capture" in info.partition("Device Caps")[2])
    microphone = devices.get("microphone", {})
    check("the microphone delivers", microphone.get("silent_s", 9) < 1, microphone)
    sources = as_user("pactl", "list", "sources").stdout
    check("calls find its microphone", "Description: Digital Life\n" in sources, sources[-900:])
    check("nothing is degraded", found.get("degraded") == [], found.get("degraded"))
    check("it lingers", "yes" in run("loginctl", "show-user", USER, "-P", "Linger").stdout)
    if service.system:
        prove_confinement(service)


def prove_confinement(service: Service) -> None:
    """How much the unit leaves open, by systemd's own count; and whose process it is."""
    text = run("systemd-analyze", "--no-pager", "security", "digital-life.service").stdout
    figure = re.search(r"exposure level for .*: ([\d.]+)", text)
    exposed = float(figure[1]) if figure else 10.0
    check("exposure", exposed <= MOST_EXPOSED, exposed)
    for line in text.splitlines():
        if line.startswith("✗"):
            print("    ", line)
    owner = Path(f"/proc/{service.process}").stat().st_uid
    check("it runs as the user", owner == UID, owner)


def prove_removal(service: Service) -> None:
    """Uninstall, and find nothing left."""
    if service.system:
        done = run(
            sys.executable, "-B", "-m", "daemon",
            "service", "uninstall", "--system", "--user", USER, cwd=CHECKOUT,
        )  # fmt: skip
        check("uninstall", done.returncode == 0, done.stdout + done.stderr)
    else:
        done = digital_life("service", "uninstall")
        _, _, lines = done.stderr.partition("no sudo:\n")
        as_root = subprocess.run(["bash", "-e"], input=lines, capture_output=True, text=True)
        check("uninstall", done.returncode + as_root.returncode == 0, done.stdout + done.stderr)
    left = [
        str(path)
        for folder in ("/etc", f"/home/{USER}/.config", RUNTIME, "/tmp")
        for path in Path(folder).rglob("*digital-life*")
        if path != CONFIG.parent
    ]
    check("no file is left", not left, left)
    check("the service is unknown", service.show("LoadState") == "not-found")
    processes = run("pgrep", "-u", USER, "-f", "daemon run").stdout
    check("no process is left", not processes, processes)
