"""``digital-life models``: list, pull, verify and remove weights."""

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from rich.filesize import decimal
from rich.table import Table

from daemon.errors import SetupError
from daemon.i18n import tr
from daemon.json_object import JsonObject
from daemon.store import pull
from daemon.store.model_store import ModelStore, WeightState, open_store
from daemon.store.progress import Report
from daemon.terminal import PlainConsole, styled

if TYPE_CHECKING:
    from daemon.config import Settings

    Subcommands = argparse._SubParsersAction[argparse.ArgumentParser]


def register(subcommands: "Subcommands") -> None:
    """Add ``models`` and its commands to the command line."""
    models = subcommands.add_parser(
        "models",
        help=tr("list, download, check or remove models"),
        description=tr("The models that do the work: speech, language, voice, face."),
    )
    commands = models.add_subparsers(required=True, metavar=tr("COMMAND"))
    _register_list(commands)
    _register_pull(commands)
    _register_verify_and_remove(commands)


def _register_list(commands: "Subcommands") -> None:
    listing = _add(
        commands,
        "list",
        tr("show all known models and which are there"),
        ("list", ""),
        ("list --json", tr("the same for programs")),
    )
    listing.add_argument("--json", action="store_true", help=tr("print JSON, for programs"))
    listing.set_defaults(run=list_models)


def _register_pull(commands: "Subcommands") -> None:
    pulling = _add(
        commands,
        "pull",
        tr("download models; goes on where it stopped"),
        ("pull", tr("everything that a conversation needs")),
        ("pull mandarin-baker --accept-license", tr("a voice for non-commercial use")),
        ("pull --profile tiny", tr("the smallest set, English only")),
        ("pull whisper-base piper-joe", tr("these two")),
        ("pull hub:OWNER/REPOSITORY", tr("a speech recogniser of the hub, for faster-whisper")),
        ("pull s3fd --from s3fd.pth", tr("from a file that you have")),
    )
    pulling.add_argument("names", nargs="*", metavar="NAME", help=tr("models to download"))
    pulling.add_argument("--profile", help=tr("a set of models: default or tiny"))
    pulling.add_argument(
        "--accept-license",
        action="store_true",
        help=tr("accept licences that restrict what you may do"),
    )
    pulling.add_argument(
        "--from",
        dest="files",
        type=Path,
        action="append",
        metavar="FILE",
        help=tr("install a file that you already have; its checksum is checked"),
    )
    pulling.set_defaults(run=pull_models)


def _register_verify_and_remove(commands: "Subcommands") -> None:
    verifying = _add(
        commands,
        "verify",
        tr("compute the checksums of models again"),
        ("verify", tr("all that are there")),
        ("verify whisper-base", ""),
    )
    verifying.add_argument("names", nargs="*", metavar="NAME", help=tr("models to check"))
    verifying.set_defaults(run=verify_models)

    removing = _add(
        commands, "remove", tr("delete models"), ("remove smollm2-135m whisper-tiny-en", "")
    )
    removing.add_argument("names", nargs="+", metavar="NAME", help=tr("models to delete"))
    removing.set_defaults(run=remove_models)


def _add(
    commands: "Subcommands", name: str, text: str, *examples: tuple[str, str]
) -> argparse.ArgumentParser:
    width = max(len(words) for words, _ in examples)
    lines = [f"  digital-life models {words:{width}}   {what}".rstrip() for words, what in examples]
    return commands.add_parser(
        name,
        help=text,
        epilog="\n".join([tr("examples:"), *lines]),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def list_models(args: argparse.Namespace, settings: "Settings") -> int:
    """Show a table, or JSON, of all known weights."""
    store = open_store(settings.models.directory)
    entries = [_entry(store, name) for name in store.manifest.weights]
    if args.json:
        json.dump(
            {"directory": str(store.directory), "models": entries},
            sys.stdout,
            ensure_ascii=False,
            indent=2,
        )
        sys.stdout.write("\n")
        return 0
    states = {
        WeightState.READY: styled((tr("ready"), "green")),
        WeightState.MISSING: styled((tr("missing"), "dim")),
        WeightState.DAMAGED: styled((tr("damaged"), "red")),
    }
    table = Table(caption=str(store.directory), caption_justify="left", box=None)
    table.add_column(tr("name"), no_wrap=True)
    table.add_column(tr("what"), overflow="fold")
    table.add_column(tr("size"), justify="right", no_wrap=True)
    table.add_column(tr("licence"), no_wrap=True)
    table.add_column(tr("state"), no_wrap=True)
    for entry in entries:
        table.add_row(
            entry["name"],
            entry["description"],
            decimal(entry["size"]),
            entry["licence"] + ("*" if entry["restriction"] else ""),
            states[entry["state"]],
        )
    console = PlainConsole()
    console.print(table, soft_wrap=False)
    console.print(tr("* restricts use: pull says how, --accept-license accepts it"))
    return 0


def _entry(store: ModelStore, name: str) -> JsonObject:
    weight, status = store.manifest.weight(name), store.status(name)
    return {
        "name": name,
        "description": str(weight.description),
        "size": weight.size,
        "licence": weight.licence,
        "restriction": str(weight.restriction or ""),
        "state": status.state,
        "missing": status.missing,
        "damaged": status.damaged,
    }


def pull_models(args: argparse.Namespace, settings: "Settings") -> int:
    """Download the named weights, or those of a profile."""
    store, report = open_store(settings.models.directory), Report()
    if args.files:
        if len(args.names) != 1 or args.profile:
            raise SetupError(
                tr("--from needs the name of the one model that the file belongs to."),
                "digital-life models pull NAME --from FILE",
            )
        for file in args.files:
            pull.install(store, args.names[0], file, report, accept_license=args.accept_license)
        return 0
    if args.names and args.profile:
        raise SetupError(tr("Give either names or a profile, not both."))
    if args.names:
        pull.pull(store, args.names, report, accept_license=args.accept_license)
        return 0
    left_out = pull.pull_profile(
        store, args.profile or "default", report, accept_license=args.accept_license
    )
    for weight in left_out:
        report.note(
            tr("Not downloaded: {name}. {restriction} To accept that:").format(
                name=weight.name, restriction=weight.restriction
            )
        )
        report.note(f"  digital-life models pull {weight.name} --accept-license")
    return 0


def verify_models(args: argparse.Namespace, settings: "Settings") -> int:
    """Compute checksums again; 2 if a file is damaged, or a named weight is not there."""
    store, report = open_store(settings.models.directory), Report()
    bad = 0
    for name in args.names or store.manifest.weights:
        weight = store.weight(name)
        name = weight.name
        if not args.names and len(store.status(name).missing) >= len(weight.files):
            continue
        with report.bar(name, weight.size) as bar:
            status = store.verify(name, bar.advance)
        if status.state is WeightState.READY:
            report.note(tr("{name} is in order.").format(name=name))
            continue
        bad += 1
        try:
            store.path(name)
        except SetupError as error:
            report.note(f"{error} → {error.fix}")
    return 2 if bad else 0


def remove_models(args: argparse.Namespace, settings: "Settings") -> int:
    """Delete weights; all names are looked at before the first is deleted."""
    store, report = open_store(settings.models.directory), Report()
    names = [store.weight(name).name for name in args.names]
    for name in names:
        freed = pull.remove(store, name, report)
        if freed:
            report.note(tr("{name} removed: {size} freed.").format(name=name, size=decimal(freed)))
        else:
            report.note(tr("{name} is not there.").format(name=name))
    return 0
