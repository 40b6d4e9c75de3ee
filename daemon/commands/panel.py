"""``panel``: the page in the browser."""

import argparse
import os
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING

from daemon.api.client import Client
from daemon.commands.console import Subcommands, err, out
from daemon.i18n import tr

if TYPE_CHECKING:
    from daemon.config import Settings


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


def open_panel(arguments: argparse.Namespace, _settings: "Settings") -> int:
    """Print the link, and open it where there is a browser."""
    invited = Client().post("panel")
    out.print(invited["url"], markup=False)
    if arguments.print or not _show(str(invited.get("file", ""))):
        err.print(tr("Open it in a browser on this computer; it is for one use."))
    else:
        err.print(tr("If the browser shows nothing, open this link in it; it is for one use."))
    return 0


def _show(file: str) -> bool:
    """Open the page in a browser, if there is one.

    The browser is given the private ``file`` that leads there, never the link: others can read its
    command line.
    """
    screen = any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"))
    return bool(file) and screen and webbrowser.open(Path(file).as_uri())
