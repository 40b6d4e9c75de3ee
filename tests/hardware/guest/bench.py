"""The bench that boots the guest: found by DIGITAL_LIFE_GUEST or beside the checkout."""

import os
import subprocess
import sys
from pathlib import Path

from daemon.store.model_store import default_directory

CHECKOUT = Path(__file__).parents[3]
START = Path(__file__).parent / "start"
IMAGE = Path(os.environ.get("DL_GUEST_CACHE") or Path.home() / ".cache/dl-guest")


def folder() -> Path | None:
    """Return the bench's folder, if there is one."""
    named = os.environ.get("DIGITAL_LIFE_GUEST")
    place = Path(named) if named else CHECKOUT.parent / "shared" / "guest"
    return place if (place / "run").is_file() else None


def missing() -> str:
    """Say why no guest can be booted; empty when one can."""
    place = folder()
    if place is None:
        return "no bench: set DIGITAL_LIFE_GUEST to its folder"
    if not (IMAGE / "root.ext4").exists() or not (IMAGE / "uml" / "linux").exists():
        return f"no guest: run {place}/build --uml"
    if not (default_directory() / "smollm2-135m").is_dir():
        return "no models: digital-life models pull --profile tiny"
    return ""


def run(*proofs: str, seconds: float) -> str:
    """Run proofs of ``inside.py`` in one fresh guest; return all they printed."""
    place = folder()
    assert place is not None
    models = default_directory()
    done = subprocess.run(
        [str(place / "run"), "--accel", "uml", "--venv", sys.prefix, "--share", str(models),
         "--mem", "3072", "--timeout", str(seconds), "--env", f"DL_CHECKOUT={CHECKOUT}",
         "--env", f"DL_MODELS={models}", str(START), *proofs],
        cwd=CHECKOUT, stdin=subprocess.DEVNULL, capture_output=True, text=True,
    )  # fmt: skip
    print(done.stdout, done.stderr, sep="\n")
    assert done.returncode == 0, f"exit {done.returncode}"
    return done.stdout
