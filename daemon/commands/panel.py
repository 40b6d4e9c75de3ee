"""``panel``: the page in the browser."""

import argparse
import os
import webbrowser

from daemon.commands.console import Subcommands, err, out
from daemon.config import Settings
from daemon.errors import DigitalLifeError
from daemon.i18n import tr
from daemon.service.client import Client, NotRunning


def register(commands: Subcommands) -> None:
    """Add the command."""
    panel = commands.add_parser(
        "panel",
        help=tr("see it, type to it and change it, in the browser"),
        description=tr(
            "Has the running daemon serve a page to this computer only, and opens it. The link is "
            "for one use, within five minutes."
        ),
    )
    panel.add_argument("--print", action="store_true", help=tr("print the link, open nothing"))
    panel.set_defaults(run=open_panel)


def open_panel(arguments: argparse.Namespace, settings: Settings) -> int:
    """Print the link, and open it where there is a browser."""
    try:
        with Client() as client:
            url = str(client.do("panel")["url"])
    except NotRunning as error:
        raise DigitalLifeError(str(error), "digital-life run") from None
    out.print(url, markup=False)
    screen = any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"))
    if arguments.print or not screen or not webbrowser.open(url):
        err.print(tr("Open it in a browser on this computer; it is for one use."))
    return 0
