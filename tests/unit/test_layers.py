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
    {"api", "service"},
    {"bench"},
    {"server"},
    {"run_once"},
    {
        "apply",
        "changes",
        "persona_switcher",
        "quicker_engine",
        "running_assistant",
        "running_memory",
        "running_people",
    },
    {"running", "listening", "shown_timers", "captions", "shown_attitude", "recording"},
    {"components", "weights"},
    {"doubles", "part_pool", "training"},
    {"dialogue"},
    {"skills", "tools", "memory"},
    {"brain", "voice", "face", "ears", "people", "remote"},
    {"audio", "store"},
    {"config", "stages"},
    {
        "media",
        "expression",
        "json_object",
        "media_files",
        "worker",
        "bus",
        "events",
        "terminal",
        "extras",
        "system_packages",
        "native",
        "compiled_network",
        "onnx_writer",
        "protobuf",
        "torch_file",
        "power",
        "processor_load",
        "remembered",
        "folders",
        "graphics",
        "journal",
        "repeats",
        "signals",
    },
    {"database", "files"},
    {"errors"},
    {"i18n", "languages"},
)
HEIGHT = {module: -depth for depth, modules in enumerate(LAYERS) for module in modules}


def top_level() -> set[str]:
    return {path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or path.is_dir()}


def imported(path: Path) -> Iterator[str]:
    """Yield the modules that a file imports from."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.ImportFrom(module="daemon", names=names):
                yield from (alias.name for alias in names if alias.name in HEIGHT)
            case ast.ImportFrom(module=str(module)) if module.startswith("daemon."):
                yield module.split(".")[1]


def test_every_module_has_its_layer() -> None:
    assert top_level() - {"__init__", "__pycache__"} <= set(HEIGHT)


def test_nothing_is_imported_from_above() -> None:
    upwards = set()
    for path in PACKAGE.rglob("*.py"):
        inside = path.relative_to(PACKAGE)
        module = inside.parts[0].removesuffix(".py")
        if module == "__init__":
            continue
        for other in imported(path):
            if HEIGHT[other] > HEIGHT[module]:
                upwards.add(f"{inside} → {other}")
    assert not upwards
