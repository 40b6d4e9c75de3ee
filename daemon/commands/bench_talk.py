"""``bench talk``: how well a brain answers, and how soon."""

import argparse
import asyncio
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from daemon.commands.console import Subcommands, check_writable, out, write_json
from daemon.errors import SetupError
from daemon.i18n import tr

if TYPE_CHECKING:
    from daemon.config import Settings


def register(leaves: Subcommands) -> None:
    """Add the command to those of ``bench``."""
    talk = leaves.add_parser(
        "talk",
        help=tr("questions in both languages: how often its answers are right, and how soon"),
        description=tr(
            "Asks about 130 questions in English and Chinese whose answers can be checked, always "
            "with the likeliest word (temperature 0) and at the same date, so that all runs are "
            "alike. It takes about five minutes for each brain; nothing is spoken."
        ),
        epilog="digital-life bench talk --all --json talk.json",
    )
    which = talk.add_mutually_exclusive_group()
    which.add_argument(
        "--brain",
        metavar="NAME",
        help=tr("as digital-life brain lists it, or a GGUF file; the one in the settings if none"),
    )
    which.add_argument("--all", action="store_true", help=tr("every brain that is installed"))
    talk.set_defaults(run=bench_talk)
    talk.add_argument("--json", type=Path, metavar="FILE", help=tr("write the figures as JSON"))


def bench_talk(arguments: argparse.Namespace, settings: "Settings") -> int:
    """Run ``bench talk``."""
    from daemon.bench.talk import results
    from daemon.bench.talk.asking import Asked, load_and_ask
    from daemon.bench.talk.questions import LANGUAGES, load
    from daemon.commands.bench import ended_by_signals, shown_progress
    from daemon.components import Components

    if arguments.json:
        check_writable(arguments.json)
    conversations = [
        (language, one) for language in LANGUAGES for one in load(language).conversation
    ]
    tools = [tool for language in LANGUAGES for tool in load(language).tool]
    questions = sum(len(one.turns) for _, one in conversations)
    found: dict[str, list[Asked]] = {}
    try:
        with ended_by_signals(), shown_progress() as progress:
            for name, chosen in _brains(arguments, settings):
                asking = partial(load_and_ask, Components(chosen).brain, chosen, conversations)
                with progress(name, questions) as step:
                    found[name] = asyncio.run(asking(tools, step))
    finally:  # whoever ends it keeps what was measured of the brains before
        if found:
            if arguments.json:
                write_json(arguments.json, results.as_json(found))
            out.print(results.table(found))
    return 0


def _brains(arguments: argparse.Namespace, settings: "Settings") -> list[tuple[str, "Settings"]]:
    """Return the names of the brains that are to be asked, and settings with each."""
    from daemon.brain.survey import installed_files
    from daemon.store.model_store import open_store

    brain = settings.brain
    if not (arguments.brain or arguments.all):
        name = settings.server.model if brain.kind == "openai" else brain.model
        return [(_short(name) or brain.kind, _set(settings))]
    installed = list(installed_files(open_store(settings.models.directory), brain.model))
    if arguments.all:
        names = installed
    elif arguments.brain in installed or Path(arguments.brain).expanduser().is_file():
        names = [arguments.brain]
    else:
        raise SetupError(
            tr("There is no brain {name} here.").format(name=arguments.brain), "digital-life brain"
        )
    return [(_short(name), _set(settings, kind="llamacpp", model=name)) for name in names]


def _short(name: str) -> str:
    return Path(name).name if "/" in name else name


def _set(settings: "Settings", **brain: str) -> "Settings":
    """Return the settings with another brain, that always takes the likeliest word."""
    told = settings.brain.model_copy(update={**brain, "temperature": 0.0})
    return settings.model_copy(update={"brain": told})
