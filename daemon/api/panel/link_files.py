"""Private files that lead a browser to the page.

A browser is told what to open by its command line, which every user of the machine may read. So it
is told of a file that only this user may read, and that holds the link; it is there until the link
was used or is void.
"""

import asyncio
import html
import logging
import os
import secrets
from pathlib import Path

from daemon.api.panel.access import TOKEN_S
from daemon.folders import socket_path

PREFIX = "digital-life-panel-"
PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="referrer" content="no-referrer">
<meta http-equiv="refresh" content="0; url={url}">
<title>Digital Life</title>
</head>
<body><p><a href="{url}">Digital Life</a></p></body>
</html>
"""

log = logging.getLogger(__name__)


class LinkFiles:
    """The files there are. Belongs to the event loop's thread."""

    def __init__(self) -> None:
        self._files: dict[str, tuple[Path, asyncio.TimerHandle]] = {}
        self._swept = False

    def write(self, token: str, url: str) -> str:
        """Make a file that leads to ``url``; return its path, "" where there is no place for it."""
        socket = socket_path()
        if socket is None:
            return ""
        self._sweep(socket.parent)
        path = socket.parent / f"{PREFIX}{secrets.token_hex(8)}.html"
        try:
            made = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
            with open(made, "w", encoding="utf-8") as file:
                file.write(PAGE.format(url=html.escape(url, quote=True)))
        except OSError as error:
            path.unlink(missing_ok=True)
            log.warning("no file for the link: %s", error.strerror)
            return ""
        end = asyncio.get_running_loop().call_later(TOKEN_S, self.remove, token)
        self._files[token] = path, end
        return str(path)

    def remove(self, token: str) -> None:
        """Take away the file of a link that was used, or is void."""
        found = self._files.pop(token, None)
        if found is not None:
            path, end = found
            end.cancel()
            path.unlink(missing_ok=True)

    def clear(self) -> None:
        """Take all away."""
        for token in list(self._files):
            self.remove(token)

    def _sweep(self, folder: Path) -> None:
        """Take away once what a daemon that was killed has left."""
        if not self._swept:
            self._swept = True
            for path in folder.glob(f"{PREFIX}*.html"):
                path.unlink(missing_ok=True)
