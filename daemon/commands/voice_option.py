"""``--voice NAME`` of the commands that speak."""

import argparse
from typing import TYPE_CHECKING

from daemon.i18n import tr

if TYPE_CHECKING:
    from daemon.config import Settings


def add_voice_option(parser: argparse.ArgumentParser) -> None:
    """Add the option."""
    parser.add_argument(
        "--voice",
        metavar="NAME",
        help=tr("speak in this voice (`digital-life voices list`); an empty name converts none"),
    )


def with_voice(arguments: argparse.Namespace, settings: "Settings") -> "Settings":
    """Return the settings with the voice that was asked for; ``SetupError`` if there is none."""
    if arguments.voice is None:
        return settings
    from daemon.config.state import with_values
    from daemon.store.model_store import open_store
    from daemon.voice.named import values_for

    store = open_store(settings.models.directory)
    return with_values(settings, values_for(arguments.voice, settings, store))
