"""``--double NAME`` of the commands that speak, and who answers where no daemon says so."""

import argparse
from typing import TYPE_CHECKING

from daemon.i18n import tr

if TYPE_CHECKING:
    from daemon.config import Settings


def add_double_option(parser: argparse.ArgumentParser) -> None:
    """Add the option."""
    parser.add_argument(
        "--double",
        metavar="NAME",
        help=tr("answer as this double: with its voice, face and way of talking"),
    )


def choosing_double(arguments: argparse.Namespace, settings: "Settings") -> "Settings":
    """Return the settings in which the double is chosen, for a daemon, which then becomes it.

    Raises ``SetupError`` where there is none of that name.
    """
    if arguments.double is None:
        return settings
    from daemon.config.state import with_values
    from daemon.doubles.store import find_double

    return with_values(settings, {"persona.name": find_double(arguments.double).name})


def with_double(arguments: argparse.Namespace, settings: "Settings") -> "Settings":
    """Return the settings as they are while the double, or the persona that is set, answers."""
    from daemon.dialogue.personas import find_persona, with_persona

    chosen = choosing_double(arguments, settings)
    return with_persona(chosen, find_persona(chosen.persona.name, chosen))
