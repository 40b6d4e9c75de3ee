"""``run`` and ``chat``; what they do is in ``live.py``, whose parts take a second to import."""

import argparse
from typing import TYPE_CHECKING

from daemon.commands.brain_options import add_brain_options
from daemon.commands.console import Subcommands, add_trace_option
from daemon.commands.double_option import add_double_option
from daemon.commands.film import add_face_option
from daemon.commands.voice_option import add_voice_option
from daemon.i18n import tr

if TYPE_CHECKING:
    from daemon.config import Settings


def register(commands: Subcommands) -> None:
    """Add the commands."""
    run = commands.add_parser(
        "run",
        help=tr("listen, answer and show the face until Ctrl+C"),
        description=tr(
            "Listens to the microphone and answers aloud, with the face on the virtual camera if "
            "there is one. Speak over it to interrupt. Ctrl+C ends it."
        ),
    )
    add_double_option(run)
    add_face_option(run)
    add_voice_option(run)
    add_brain_options(run)
    add_trace_option(run)
    run.set_defaults(run=_run)

    chat = commands.add_parser(
        "chat",
        help=tr("chat with the brain in the terminal, by typing"),
        epilog="digital-life chat --brain chatglm --model ~/models/chatglm3-6b",
    )
    add_double_option(chat)
    add_brain_options(chat)
    chat.set_defaults(run=_chat)


def _run(arguments: argparse.Namespace, settings: "Settings") -> int:
    from daemon.commands.live import run_daemon

    return run_daemon(arguments, settings)


def _chat(arguments: argparse.Namespace, settings: "Settings") -> int:
    from daemon.commands.live import chat_typed

    return chat_typed(arguments, settings)
