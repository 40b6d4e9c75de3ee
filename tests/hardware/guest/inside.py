"""Runs in the guest: ``python -m tests.hardware.guest.inside PROOF``."""

import subprocess
import sys
import time
from pathlib import Path

from tests.hardware.guest import scene
from tests.hardware.guest.installed import prove_installation, prove_removal
from tests.hardware.guest.scene import CHECKOUT, MODELS, Service, check
from tests.hardware.guest.talking import prove_conversation

STAGE = Path("/var/lib/digital-life-proof")  # on the guest's disk: it outlives a boot


def keep_shares() -> None:
    """Mount what the bench shares at boot, as the disk of an installation would be."""
    base = Path(sys.base_prefix)
    with Path("/etc/fstab").open("a") as table:
        for place in (sys.prefix, str(base), str(CHECKOUT), MODELS):
            table.write(f"none {place} hostfs ro,{place} 0 0\n")


def reboot() -> None:
    """Begin again; the bench starts this program once more."""
    subprocess.run(["sync"])
    subprocess.run(["systemctl", "reboot"])
    time.sleep(60)


def main() -> int:
    proof = sys.argv[1]
    if proof in ("user", "system"):
        service = Service(system=proof == "system")
        second = STAGE.exists()
        prove_installation(service, second)
        if not second:
            STAGE.touch()
            keep_shares()
            if not scene.failed:
                reboot()
            return 1
    for part in sys.argv[2:]:
        PARTS[part](service)
    return 1 if scene.failed else 0


def prove_camera(service: Service) -> None:
    """The tests for a real camera, which are skipped elsewhere."""
    service.systemctl("stop", "digital-life.service")
    done = scene.as_user(
        sys.executable, "-B", "-m", "pytest", "-p", "no:cacheprovider", "--rootdir", str(CHECKOUT),
        "-c", str(CHECKOUT / "pyproject.toml"), str(CHECKOUT / "tests/hardware/test_camera.py"),
    )  # fmt: skip
    check("the camera's own tests", "5 passed" in done.stdout, done.stdout[-3000:])


PARTS = {"conversation": prove_conversation, "camera": prove_camera, "removal": prove_removal}

if __name__ == "__main__":
    sys.exit(main())
