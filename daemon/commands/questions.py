"""Asking the person at the terminal."""

import sys

from daemon.commands.console import err
from daemon.errors import SetupError
from daemon.i18n import tr


def confirm(question: str, answered: bool) -> None:
    """Go on if the answer is yes; ``answered`` says so beforehand, as ``--yes`` does.

    Raises ``SetupError`` otherwise, and where there is nobody to ask.
    """
    err.print(question, markup=False)
    if answered:
        return
    if not sys.stdin.isatty():
        raise SetupError(tr("This needs an answer, and nobody is there to give it."), "--yes")
    err.print(tr("Type yes to go on:"), end=" ")
    try:
        answer = input()
    except EOFError:
        answer = ""
    if answer.strip().lower() not in ("y", "yes", "是", "好"):
        raise SetupError(tr("Nothing was done."))


def ask_line(question: str) -> str:
    """Return what somebody at the terminal types, without spaces around it; "" at its end."""
    err.print(question, end=" ", markup=False)
    try:
        return input().strip()
    except EOFError:
        return ""


def confirm_consent(yes: bool) -> None:
    """Have it stated that the voice may be used."""
    confirm(
        tr(
            "The voice must be your own, or its owner must have agreed that it is used here. "
            "With yes you state that this is so."
        ),
        yes,
    )
