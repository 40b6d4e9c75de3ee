"""``digital-life brain``: which language models this machine could run, and using one."""

import argparse
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.table import Table

from daemon.commands.console import Subcommands, err, out
from daemon.i18n import tr
from daemon.json_object import JsonObject

if TYPE_CHECKING:
    from daemon.brain.engine_choice import EngineChoice
    from daemon.brain.survey import Brain
    from daemon.config import Settings
    from daemon.store.model_store import ModelStore


def register(commands: Subcommands) -> None:
    """Add the commands."""
    brain = commands.add_parser(
        "brain",
        help=tr("the language model: list what this machine could run, or use another"),
        description=tr(
            "Lists the language models that are known, the best for this machine first. Those that "
            "are there are measured for a few seconds; the others are estimated from these."
        ),
    )
    brain.add_argument("--json", action="store_true", help=tr("print JSON, for programs"))
    brain.set_defaults(run=list_all)
    leaves = brain.add_subparsers(metavar="list|use|build")
    listing = leaves.add_parser("list", help=tr("the same"))
    listing.add_argument("--json", action="store_true", help=tr("print JSON, for programs"))
    listing.set_defaults(run=list_all)
    using = leaves.add_parser(
        "use",
        help=tr("download a model, try it, and keep it in the settings"),
        epilog="\n".join(
            [
                tr("examples:"),
                "  digital-life brain use glm-edge-1.5b",
                "  digital-life brain use best",
                "  digital-life brain use default",
                "  digital-life brain use hub:OWNER/REPOSITORY/FILE.gguf@REVISION",
                "  digital-life brain use ~/models/mine.gguf",
            ]
        ),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    using.add_argument(
        "name",
        metavar="NAME",
        help=tr("a name from the list, best, default, a file of the hub, or a .gguf file"),
    )
    using.add_argument("--yes", action="store_true", help=tr("answer every question with yes"))
    using.set_defaults(run=use_one)
    building = leaves.add_parser(
        "build",
        help=tr("compile llama.cpp for this machine's processor"),
        description=tr(
            "Compiles the part of llama.cpp that computes with all that this machine's processor "
            "can, from the source of the version that is installed: a few minutes, with a C++ "
            "compiler. It is used from the next start on."
        ),
    )
    building.add_argument(
        "--remove",
        action="store_true",
        help=tr("delete what was built, and use what was installed"),
    )
    building.set_defaults(run=build_engine)


def list_all(arguments: argparse.Namespace, settings: "Settings") -> int:
    """Show all models and how each would do here."""
    from daemon.brain.hardware import look_at_hardware
    from daemon.brain.speed import is_busy
    from daemon.brain.survey import best, survey
    from daemon.store.model_store import open_store

    busy = is_busy()
    store = open_store(settings.models.directory)
    engine = calibrated_engine(settings, store)
    brains = survey(store, settings.brain, look_at_hardware(settings.brain), tell_measuring)
    found = best(brains, settings.ears.languages)
    if arguments.json:
        value = {
            "kind": settings.brain.kind,
            "best": found.name if found else None,
            "busy": busy,
            "engine": engine.engine if engine else None,
            "brains": [_entry(brain) for brain in brains],
        }
        out.print(json.dumps(value, ensure_ascii=False, indent=2), markup=False, highlight=False)
        return 0
    out.print(_table(brains))
    for line in _notes(brains, found, busy):
        out.print(line, markup=False, highlight=False)
    if engine:
        told = tr("The brain computes with {engine}.").format(engine=engine)
        out.print(told, markup=False, highlight=False)
    if settings.brain.kind != "llamacpp":
        told = tr('In use is another kind of brain: kind = "{kind}" under [brain].')
        out.print(told.format(kind=settings.brain.kind), markup=False)
    return 0


def use_one(arguments: argparse.Namespace, settings: "Settings") -> int:
    """Fetch a model, try it and keep it."""
    from daemon.commands.brain_use import use

    use(arguments.name, settings, arguments.config, yes=arguments.yes)
    return 0


def build_engine(arguments: argparse.Namespace, _settings: "Settings") -> int:
    """Compile llama.cpp's arithmetic for this processor, or delete that."""
    from daemon.brain.native_build import build, remove

    if arguments.remove:
        there = remove()
        out.print(tr("Deleted.") if there else tr("Nothing was built."), markup=False)
        return 0
    features = build(lambda line: err.print(line, markup=False, highlight=False))
    told = tr("llama.cpp computes with {features} from the next start on.")
    out.print(told.format(features=features), markup=False, highlight=False)
    return 0


def calibrated_engine(settings: "Settings", store: "ModelStore") -> "EngineChoice | None":
    """Measure the engines for the model in use, if that is to be done; ``None`` if it has none."""
    from daemon.brain.choice import gguf_files
    from daemon.brain.engine_choice import calibrate, choose_engine

    brain = settings.brain
    if brain.kind != "llamacpp":
        return None
    path, adapter = gguf_files(brain, brain.model, store)
    if not path.is_file():
        return None
    calibrate(brain, path, adapter, tell_measuring)
    return choose_engine(brain, path, adapter)


def tell_measuring(name: str) -> None:
    """Say what takes the time."""
    err.print(tr("Measuring {name} …").format(name=name), markup=False, highlight=False)


def _entry(brain: "Brain") -> JsonObject:
    facts, weight, speed = brain.facts, brain.weight, brain.speed
    return {
        "name": brain.name,
        "description": str(weight.description) if weight else "",
        "size": brain.size,
        "memory": round(brain.need),
        "licence": weight.licence if weight else "",
        "restriction": str(weight.restriction or "") if weight else "",
        "languages": facts.languages if facts else "",
        "tools": facts.tools if facts else "",
        "thinks": facts.thinks if facts else None,
        "quality": facts.quality if facts else None,
        "first_clause_s": round(speed.first_clause_s, 2) if speed else None,
        "read_tokens_per_s": round(speed.read, 1) if speed else None,
        "write_tokens_per_s": round(speed.write, 1) if speed else None,
        "measured": brain.measured,
        "installed": brain.installed,
        "in_use": brain.in_use,
        "refusal": brain.refusal,
    }


def _table(brains: Sequence["Brain"]) -> Table:
    """Return all of them, in 80 columns."""
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column("", no_wrap=True)
    table.add_column(tr("name"), overflow="fold")
    for heading in (tr("size"), tr("memory"), tr("seconds")):
        table.add_column(heading, justify="right", no_wrap=True)
    for heading in (tr("tools"), tr("languages")):
        table.add_column(heading, no_wrap=True)
    table.add_column(tr("licence"), overflow="fold")
    tools = {"native": tr("yes"), "json": "JSON", "no": tr("no"), "": "?"}
    for brain in brains:
        facts, weight = brain.facts, brain.weight
        seconds = f"{brain.speed.first_clause_s:.1f}" if brain.speed else "?"
        table.add_row(
            "*" if brain.in_use else "✓" if brain.installed else "",
            Path(brain.name).name if brain.name.endswith(".gguf") else brain.name,
            _gigabytes(brain.size),
            _gigabytes(brain.need),
            seconds if brain.measured else f"~{seconds}",
            tools[facts.tools if facts else ""],
            facts.languages if facts else "?",
            (weight.licence + "†" * bool(weight.restriction)) if weight else "?",
            style="dim" if brain.refusal else "",
        )
    return table


def _gigabytes(size: float) -> str:
    return f"{size / 1e9:.1f} GB"


def _notes(brains: Sequence["Brain"], found: "Brain | None", busy: bool) -> Iterator[str]:
    """Say what the marks mean, what cannot run, and which is the best."""
    yield tr(
        "* in use, ✓ there, † the licence restricts use. Seconds from a question to the end of the "
        "answer's first clause; ~ estimated from what was measured here."
    )
    for brain in brains:
        if brain.refusal:
            told = tr("{name} cannot run here: it {reason}.")
            yield told.format(name=brain.name, reason=brain.refusal)
    if busy:
        yield tr(
            "Other programs keep this machine busy: what was measured now is slower than it would "
            "be otherwise, and is not remembered."
        )
    if found is None:
        yield tr("None is quick enough here for talking, and speaks all of your languages.")
    elif found.in_use:
        yield tr("The best for this machine is in use: {name}.").format(name=found.name)
    else:
        told = tr("The best for this machine: {command}")
        yield told.format(command=f"digital-life brain use {found.name}")
