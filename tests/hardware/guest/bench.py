"""The bench that boots the guest: found by DIGITAL_LIFE_GUEST or beside the checkout."""

import os
import subprocess
import sys
import threading
from pathlib import Path

from daemon.store.model_store import default_directory
from tests.hardware.guest.scene import NEEDED

CHECKOUT = Path(__file__).parents[3]
START = Path(__file__).parent / "start"
BOOT_S = 60.0  # a boot takes 10 s; one in many stands still before its first line
BOOTS = 3
SILENT_S = 1800.0  # a guest that has proved nothing for so long has got stuck, however slow it is
LONGEST_S = 6 * 3600.0
LOOK_S = 1.0
MAPPINGS = Path("/proc/sys/vm/max_map_count")
# each page of a process in the guest may be a mapping of its own; kernels begin with 65530
MOST_MAPPINGS = 1_048_576
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
        return "no guest: run tests/hardware/guest/build, once, as root"
    if int(MAPPINGS.read_text()) < MOST_MAPPINGS and not os.access(MAPPINGS, os.W_OK):
        return (
            f"programs in the guest would be killed: sudo sysctl vm.max_map_count={MOST_MAPPINGS}"
        )
    if not all((default_directory() / name).is_dir() for name in NEEDED):
        return "no models: digital-life models pull --profile tiny"
    return ""


def run(*proofs: str, soak_s: float = 60) -> str:
    """Run proofs of ``inside.py`` in one fresh guest; return all they printed."""
    place = folder()
    assert place is not None
    if int(MAPPINGS.read_text()) < MOST_MAPPINGS:  # until the next boot; another guest may need it
        MAPPINGS.write_text(str(MOST_MAPPINGS))
    models = default_directory()
    command = [
        str(place / "run"), "--accel", "uml", "--venv", sys.prefix, "--share", str(models),
        "--mem", "3072", "--timeout", str(LONGEST_S), "--env", f"DL_CHECKOUT={CHECKOUT}",
        "--env", f"DL_MODELS={models}", "--env", f"DL_SOAK_S={soak_s}", str(START), *proofs,
    ]  # fmt: skip
    for _ in range(BOOTS):
        if (printed := _run(command, SILENT_S + soak_s)) is not None:
            return printed
    raise AssertionError(f"the guest did not boot in {BOOTS} attempts")


def _run(command: list[str], silent_s: float) -> str | None:
    """Return what a guest printed; ``None`` if it did not even boot."""
    booted, said = threading.Event(), threading.Event()
    lines: list[str] = []
    program = subprocess.Popen(
        command, cwd=CHECKOUT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip

    def read() -> None:
        assert program.stdout is not None
        for line in program.stdout:
            booted.set()
            print(line, end="")
            lines.append(line)
            said.set()
        said.set()

    reader = threading.Thread(target=read)
    reader.start()
    try:
        if not booted.wait(BOOT_S):
            return None
        while reader.is_alive() and said.wait(silent_s):
            said.clear()
            reader.join(LOOK_S)
        code = program.poll() if reader.is_alive() else program.wait()
    finally:
        program.terminate()
        program.wait()
        reader.join()
        assert program.stdout is not None
        program.stdout.close()
    assert code is not None, f"nothing was proved for {silent_s:.0f} s"
    assert code == 0, f"exit {code}"
    return "".join(lines)
