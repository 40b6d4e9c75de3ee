"""Proof 1: installed, rebooted, and there: READY, with its camera and its microphone.

And at the end: uninstalled, nothing of it is left.
"""

import contextlib
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

from tests.hardware.guest.scene import (
    CHECKOUT,
    CONFIG,
    MODELS,
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

# Of systemd-analyze security, 0 to 10: the machine's service, and the session's.
MOST_EXPOSED = {True: 1.3, False: 5.0}
BEFORE = Path("/var/lib/digital-life-before.json")  # outlives a boot
TREES = ("/etc", "/home", "/opt", "/usr", "/var/lib", "/var/spool", "/var/tmp", "/tmp")
OTHERS = re.compile(
    r"/etc/(passwd|group|g?shadow|sub[ug]id)-?$"  # the stranger of proof 6 came and went
    r"|/etc/fstab$|/var/lib/digital-life-"  # of these proofs
    r"|/home/\w+/\.(local|config/pulse)(/|$)"  # what is kept, and the sound server's
    r"|/home/\w+/\.(config/chromium|cache/(chromium|fontconfig|mesa_shader_cache)|pki)(-|/|$)"
    r"|/tmp/org\.chromium\."
    r"|/(var/)?tmp/systemd-private-|/var/lib/systemd/(random-seed|timers)"
)


def files() -> dict[str, str]:
    """Return every path that outlives a boot, with its kind, rights, owner, and what it holds."""
    found = {}
    for top in TREES:
        for folder, names, leaves in os.walk(top):
            for name in (*names, *leaves):
                path = Path(folder, name)
                if OTHERS.search(str(path)) or path == CONFIG:
                    continue
                if MODELS in path.parents or CHECKOUT in path.parents:  # the checkout is the host's
                    continue
                with contextlib.suppress(FileNotFoundError):
                    state = path.lstat()
                    what = f"{state.st_mode:o} {state.st_uid}:{state.st_gid}"
                    if path.is_symlink():
                        what += f" {path.readlink()}"
                    elif path.is_file():
                        what += f" {state.st_size} {state.st_mtime_ns}"
                    found[str(path)] = what
    return found


def install(service: Service) -> None:
    """Install as a person would, from nothing."""
    settle_in()
    Path(f"/var/lib/systemd/linger/{USER}").unlink(missing_ok=True)
    run("loginctl", "disable-linger", USER)
    if not service.system:
        run("loginctl", "enable-linger", USER)  # there is nobody here to log in
        wait(lambda: Path(f"{RUNTIME}/bus").exists(), 30)
    BEFORE.write_text(json.dumps(files()))
    if service.system:
        done = run(
            sys.executable, "-B", "-m", "daemon",
            "service", "install", "--system", "--user", USER, cwd=CHECKOUT,
        )  # fmt: skip
        check("install as root", done.returncode == 0, done.stdout + done.stderr)
        return
    done = digital_life("service", "install")
    check("install as the user", done.returncode == 0, done.stdout + done.stderr)
    check("it shows what is being loaded", "loading: " in done.stdout, done.stdout)
    _, found, lines = done.stderr.partition("no sudo:\n")
    check("without sudo it tells what root is to do", found and "modprobe.d" in lines)
    as_root = subprocess.run(["bash", "-e"], input=lines, capture_output=True, text=True)
    check("and that works", as_root.returncode == 0, as_root.stderr)


def prove_installation(service: Service) -> None:
    """Install, and see it begin."""
    begin = time.monotonic()
    install(service)
    ready, took = service.ready() >= 0, time.monotonic() - begin
    if not check("ready after the installation", ready, f"{took:.1f} s"):
        print(service.log()[:3000], "…", service.log()[-2000:])
        print(run("journalctl", "-q", "--no-pager", "-n", "40").stdout)


def prove_presence(service: Service, rebooted: bool) -> None:
    """Look whether all of it is there; after a reboot, it has begun by itself."""
    took = service.ready()
    if not check("it is ready", took >= 0, f"{took:.1f} s"):
        print(service.systemctl("status", "digital-life.service").stdout, service.log()[-4000:])
    check("at the first attempt", service.restarts == 0, service.restarts)
    turn_up()
    found = wait(status, 20)
    devices = found.get("devices", {})
    check("it listens", found.get("state") == "listening", found)
    camera = str(devices.get("camera"))
    number = "10" if rebooted else ""  # the bench's has another before, and ours is its name
    check("the camera has its number", camera.startswith(f"/dev/video{number}"), camera)
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
    prove_confinement(service)


def prove_confinement(service: Service) -> None:
    """How much the unit leaves open, by systemd's own count; and whose process it is."""
    words = ("systemd-analyze", *([] if service.system else ["--user"]), "--no-pager", "security")
    look = run if service.system else as_user
    text = look(*words, "digital-life.service").stdout
    figure = re.search(r"exposure level for .*: ([\d.]+)", text)
    exposed = float(figure[1]) if figure else 10.0
    check("exposure", exposed <= MOST_EXPOSED[service.system], exposed)
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
    before, after = json.loads(BEFORE.read_text()), files()
    left = [path for path in (*before, *after) if before.get(path) != after.get(path)]
    check("every file is as before", not left, f"{len(before)} files, {sorted(set(left))}")
    left = [str(path) for path in Path("/run").rglob("*digital-life*")]
    check("nothing is left of its run", not left, left)
    lingers = run("loginctl", "show-user", USER, "-P", "Linger").stdout.strip()
    check("it lingers only if it did", service.system != (lingers == "yes"), lingers)
    sources = as_user("pactl", "list", "sources").stdout
    check("its microphone is gone", "Description: Digital Life\n" not in sources, sources[-900:])
    check("the service is unknown", service.show("LoadState") == "not-found")
    processes = run("pgrep", "-u", USER, "-f", "daemon run").stdout
    check("no process is left", not processes, processes)
