"""No package imports from above: the layers of the program, top to bottom."""

import ast
from collections.abc import Iterator
from pathlib import Path

import daemon

PACKAGE = Path(daemon.__file__).parent
LAYERS = (
    {"__main__"},
    {"cli"},
    {"commands"},
    {"service", "api"},
    {"bench"},
    {"app", "server"},
    {"components", "loading", "apply", "weights"},
    {"training"},
    {"dialogue"},
    {"skills", "tools", "memory"},
    {"brain", "voice", "face", "ears"},
    {"audio", "store"},
    {"config", "stages"},
    {
        "media",
        "media_files",
        "worker",
        "events",
        "terminal",
        "extras",
        "system_packages",
        "native",
        "folders",
    },
    {"files"},
    {"errors"},
    {"i18n"},
)
HEIGHT = {room: -depth for depth, rooms in enumerate(LAYERS) for room in rooms}
KNOWN = {  # upwards today; none may be added
    "apply.py → app",
    "apply.py → service",
    "memory/export.py → training",
}


def rooms() -> set[str]:
    return {path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or path.is_dir()}


def imported(path: Path) -> Iterator[str]:
    """Yield the rooms that a file imports from."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.ImportFrom(module="daemon", names=names):
                yield from (alias.name for alias in names if alias.name in HEIGHT)
            case ast.ImportFrom(module=str(module)) if module.startswith("daemon."):
                yield module.split(".")[1]


def test_every_room_has_its_layer() -> None:
    assert rooms() - {"__init__", "__pycache__"} <= set(HEIGHT)


def test_nothing_is_imported_from_above() -> None:
    upwards = set()
    for path in PACKAGE.rglob("*.py"):
        inside = path.relative_to(PACKAGE)
        room = inside.parts[0].removesuffix(".py")
        if room == "__init__":
            continue
        for other in imported(path):
            if HEIGHT[other] > HEIGHT[room]:
                upwards.add(f"{inside} → {other}")
    assert upwards <= KNOWN
