"""The doctor on a real system: it finds what is wrong, mends what it may, and is content after."""

import json
import os
import subprocess
import sys

from tests.hardware.guest.scene import (
    CHECKOUT,
    CONFIG,
    MODELS,
    USER,
    Service,
    check,
    digital_life,
    run,
    wait,
)


def found() -> dict[str, str]:
    """Return what the doctor finds that is not well, with how bad that is."""
    done = digital_life("doctor", "--json")
    return {one["name"]: one["level"] for one in json.loads(done.stdout) if one["level"] != "ok"}


def as_administrator() -> "subprocess.CompletedProcess[str]":
    """Run ``doctor --fix`` as root, with the user's settings and models."""
    environment = {**os.environ, "HOME": f"/home/{USER}", "XDG_CACHE_HOME": f"/home/{USER}/.cache"}
    return run(
        sys.executable, "-B", "-m", "daemon", "--config", str(CONFIG), "doctor", "--fix",
        cwd=CHECKOUT, env=environment,
    )  # fmt: skip


def prove_mending(service: Service) -> None:
    """Three troubles: one that is the user's to mend, one that is root's, one that is nobody's."""
    well = found()
    check("of a machine that is well nothing is an error", "error" not in well.values(), well)
    service.systemctl("stop", "digital-life.service")
    for folder in (MODELS, MODELS.parent):
        folder.chmod(0o755)
    model = MODELS / "silero-vad" / "silero_vad.onnx"
    whole = model.read_bytes()
    model.write_bytes(whole[:-1])
    run("modprobe", "-r", "v4l2loopback")
    ill = found()
    expected = {"privacy": "note", "model": "error", "camera module": "warning"}
    check("all three are found", ill.items() >= expected.items(), ill)

    done = digital_life("doctor", "--fix")
    rights = MODELS.stat().st_mode & 0o777
    check("what is the user's is mended", rights == 0o700, oct(rights))
    camera = run("lsmod").stdout
    check("what is root's is told", "v4l2loopback" not in camera and "modprobe" in done.stdout)
    check("without a network no model comes, which it says", done.returncode == 1, done.stderr)

    model.write_bytes(whole)
    done = as_administrator()
    check("root mends the rest", "v4l2loopback" in run("lsmod").stdout, done.stdout + done.stderr)
    took = service.restart()
    check("and it is up again", took >= 0, f"{took:.1f} s")
    after = wait(lambda: found() == well, 30, 2.0)
    check("as well as before", after, f"{well} {found()}")
