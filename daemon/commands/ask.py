"""``digital-life ask``: one question, typed or from a recording."""

import argparse
import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from daemon.api.client import Client, NotRunning
from daemon.commands.brain_options import add_brain_options, with_brain
from daemon.commands.console import (
    Subcommands,
    add_trace_option,
    check_writable,
    out,
    require_whole,
    tell_waiting,
)
from daemon.commands.double_option import add_double_option, with_double
from daemon.commands.film import add_face_option, film_path, with_face
from daemon.commands.voice_option import add_voice_option, with_voice
from daemon.errors import SetupError
from daemon.i18n import tr
from daemon.signals import run_until_signal

if TYPE_CHECKING:
    from daemon.config import Settings


def register(commands: Subcommands) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "ask",
        help=tr("answer one question, typed or from a recording"),
        description=tr(
            "Answers the question in a recording: prints what it heard and answered, and how long "
            "each step took, counted from the end of the question's speech. A typed question is "
            "put to the running daemon, which answers it aloud; timers, lists and the time need "
            "none."
        ),
        epilog="digital-life ask --audio question.wav --out reply.mp4 --json reply.json",
    )
    question = parser.add_mutually_exclusive_group(required=True)
    question.add_argument(
        "text", nargs="?", help=tr("a question for the running daemon"), metavar="QUESTION"
    )
    question.add_argument("--audio", type=Path, metavar="FILE", help=tr("a sound or video file"))
    parser.add_argument(
        "--out",
        type=film_path,
        metavar="FILE.mp4",
        help=tr("write the answer as a film of the face"),
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help=tr("write the figures as JSON"))
    parser.add_argument("--play", action="store_true", help=tr("also play the answer aloud"))
    add_trace_option(parser)
    add_double_option(parser)
    add_face_option(parser)
    add_voice_option(parser)
    add_brain_options(parser)
    parser.set_defaults(run=ask)


def ask(arguments: argparse.Namespace, settings: "Settings") -> int:
    """Run the command."""
    if arguments.audio is None:
        return _ask_daemon(arguments)
    from daemon.audio.files import read_recording
    from daemon.commands.ask_recording import MAX_RECORDING_S, answer_recording

    settings = with_face(with_double(arguments, settings), arguments.face)
    for path in (arguments.out, arguments.json, arguments.trace):
        if path is not None:
            check_writable(path)
    settings = with_brain(settings, arguments)
    recording = read_recording(arguments.audio, MAX_RECORDING_S)
    run_until_signal(answer_recording(arguments, with_voice(arguments, settings), recording))
    return 0


def _ask_daemon(arguments: argparse.Namespace) -> int:
    if arguments.out or arguments.json or arguments.trace or arguments.play:
        raise SetupError(tr("--out, --json, --trace and --play go with --audio."))
    if arguments.double:
        raise SetupError(
            tr("The running daemon answers typed questions; it must be this double already."),
            f"digital-life double use {arguments.double}",
        )
    try:
        client = Client()
    except NotRunning:
        from daemon.commands.without_daemon import answer_by_skill

        told = asyncio.run(answer_by_skill(arguments.text))
        if told is None:
            raise
        out.print(told, markup=False)
        return 0
    answer = client.speak("ask", arguments.text, tell_waiting)
    if answer["text"]:
        out.print(answer["text"], markup=False)
    require_whole(answer)
    return 0
