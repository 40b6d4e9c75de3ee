"""Runs in the guest: ``python -m tests.hardware.guest.inside SERVICE PART…``.

SERVICE is ``user`` or ``system``, which are looked at after a reboot, or ``once``: the user's, of
the same boot.
"""

import subprocess
import sys
import time
import traceback
from pathlib import Path

from tests.hardware.guest import scene
from tests.hardware.guest.browser import prove_browser
from tests.hardware.guest.installed import prove_installation, prove_presence, prove_removal
from tests.hardware.guest.mending import prove_mending
from tests.hardware.guest.scene import CHECKOUT, Service, check
from tests.hardware.guest.slowness import prove_slowness
from tests.hardware.guest.soak import prove_soak
from tests.hardware.guest.space import prove_space
from tests.hardware.guest.strangers import others, prove_protection
from tests.hardware.guest.talking import prove_conversation
from tests.hardware.guest.troubles import prove_recoveries, stalled_loop

STAGE = Path("/var/lib/digital-life-proof")  # on the guest's disk: it outlives a boot


def keep_shares() -> None:
    """Mount what the bench shares at boot, as the disk of an installation would be."""
    base = Path(sys.base_prefix)
    with Path("/etc/fstab").open("a") as table:
        for place in (sys.prefix, str(base), str(CHECKOUT)):
            table.write(f"none {place} hostfs ro,{place} 0 0\n")


def reboot() -> None:
    """Begin again; the bench starts this program once more."""
    subprocess.run(["sync"])
    subprocess.run(["systemctl", "reboot"])
    time.sleep(60)


def main() -> int:
    proof = sys.argv[1]
    service = Service(system=proof == "system")
    if not STAGE.exists():
        prove_installation(service)
        if scene.failed:
            return 1
        if proof != "once":
            STAGE.touch()
            keep_shares()
            reboot()
            return 1
    prove_presence(service, rebooted=proof != "once")
    for part in sys.argv[2:]:
        begin, before = time.monotonic(), list(scene.failed)
        try:
            PARTS[part](service)
        except Exception:  # the other parts are worth knowing, too
            scene.check(part, False, traceback.format_exc())
        if scene.failed != before:
            print(service.log()[-3000:], flush=True)
        print(f"==== {part}: {time.monotonic() - begin:.1f} s", flush=True)
    return 1 if scene.failed else 0


def prove_camera(service: Service) -> None:
    """The tests for a real camera, which are skipped elsewhere."""
    service.systemctl("stop", "digital-life.service")
    done = scene.as_user(
        sys.executable, "-B", "-m", "pytest", "-p", "no:cacheprovider", "--rootdir", str(CHECKOUT),
        "-c", str(CHECKOUT / "pyproject.toml"), str(CHECKOUT / "tests/hardware/test_camera.py"),
    )  # fmt: skip
    check("the camera's own tests", "5 passed" in done.stdout, done.stdout[-3000:])


PARTS = {
    "others": others,
    "camera": prove_camera,
    "conversation": prove_conversation,
    "mending": prove_mending,
    "protection": prove_protection,
    "recoveries": prove_recoveries,
    "removal": prove_removal,
    "slowness": prove_slowness,
    "soak": prove_soak,
    "space": prove_space,
    "stall": stalled_loop,
    "viewer": prove_browser,
}

if __name__ == "__main__":
    sys.exit(main())
