"""What the wheels of this environment link to is in the list of system packages."""

import re
import subprocess
import sysconfig
from pathlib import Path

from daemon.system_packages import BASE

# Parts of the C library, and of the graphics cards' drivers, which bring them.
C_LIBRARY = re.compile(
    r"lib(c|m|mvec|dl|pthread|rt|util|resolv)\.so\.\d+$|ld-linux|linux-vdso|libgcc_s\.so\.1$"
)
DRIVERS = re.compile(r"lib(cuda|cudart|nv\w*|cu\w+|Qnn\w+|OpenCL|(c10|torch)_(cuda|hip|xpu))\.so")
LINE = re.compile(r"^\s+(\S+) => (\S.*?)(?: \(0x|$)")


def test_every_library_from_outside_is_listed() -> None:
    site = Path(sysconfig.get_path("platlib"))
    folders = {site, *(Path(line) for line in _linked(site))}
    files = [str(file) for folder in folders for file in folder.rglob("*.so*") if file.is_file()]
    own = {_stem(Path(file).name) for file in files}
    outside: dict[str, str] = {}
    for start in range(0, len(files), 100):
        done = subprocess.run(["ldd", *files[start : start + 100]], capture_output=True, text=True)
        found = (match.groups() for match in map(LINE.match, done.stdout.splitlines()) if match)
        outside |= {
            name: place
            for name, place in found
            # wheels open libraries of their own before those that need them
            if not (place == "not found" and _stem(name) in own)
            and not any(place.startswith(str(folder)) for folder in folders)
        }
    assert "libc.so.6" in outside
    listed = tuple(need.what for need in BASE)
    assert not {
        name: place
        for name, place in outside.items()
        if not name.startswith(listed) and not C_LIBRARY.search(name) and not DRIVERS.match(name)
    }


def _stem(name: str) -> str:
    """Return a library's name without its version, or the mark by which a wheel renamed it."""
    return re.split(r"\.so|-[0-9a-f]{8}", name)[0]


def _linked(site: Path) -> list[str]:
    """Name the folders that the environment borrows from, where it is a thin one."""
    lines = [line for path in site.glob("*.pth") for line in path.read_text().splitlines()]
    return [line for line in lines if line.endswith("site-packages") and Path(line).is_dir()]
