"""``say``: a text aloud, into a film, or explained."""

import argparse
from typing import TYPE_CHECKING

from daemon.api.client import Client, NotRunning
from daemon.commands.console import (
    Subcommands,
    check_writable,
    out,
    require_whole,
    tell_waiting,
)
from daemon.commands.double_option import add_double_option, with_double
from daemon.commands.film import add_face_option, film_path, with_face
from daemon.commands.voice_option import add_voice_option, with_voice
from daemon.errors import InputError
from daemon.i18n import tr
from daemon.signals import run_until_signal

if TYPE_CHECKING:
    from daemon.config import Settings
    from daemon.media import Sentence


def register(commands: Subcommands) -> None:
    """Add the command."""
    say = commands.add_parser(
        "say",
        help=tr("speak a text"),
        description=tr(
            "Speaks a text: the running daemon does, with its face, or else this command itself."
        ),
        epilog='digital-life say "Hello, 你好。" --out hello.mp4',
    )
    say.add_argument("text", help=tr("what to say, in the languages that have a voice here"))
    instead = say.add_mutually_exclusive_group()
    instead.add_argument(
        "--out", type=film_path, metavar="FILE.mp4", help=tr("write a film of the face instead")
    )
    instead.add_argument(
        "--explain",
        action="store_true",
        help=tr("print each clause as it would be spoken, with its language and its sounds"),
    )
    add_double_option(say)
    add_face_option(say)
    add_voice_option(say)
    say.set_defaults(run=say_text)


def say_text(arguments: argparse.Namespace, settings: "Settings") -> int:
    """Speak through the loudspeaker, or into a film."""
    from daemon.api.bodies import MAX_TEXT
    from daemon.brain.sentences import sentences_of
    from daemon.languages.guess import language_of

    settings = with_face(with_double(arguments, settings), arguments.face)
    if arguments.out:
        check_writable(arguments.out)
    if not arguments.text.strip():
        raise InputError(tr("There is nothing to say in this text"))
    if len(arguments.text) > MAX_TEXT:
        raise InputError(tr("The text is longer than {limit} characters").format(limit=MAX_TEXT))
    sentences = sentences_of(arguments.text, language_of(arguments.text))
    if not sentences:
        raise InputError(tr("There is nothing to say in this text"))
    if arguments.explain:
        return _explain(sentences, with_voice(arguments, settings))
    # What the daemon would not do.
    own = (arguments.out, arguments.double, arguments.face, arguments.voice)
    if all(option is None for option in own) and (client := _running_daemon()):
        require_whole(client.speak("say", arguments.text, tell_waiting))
        return 0
    from daemon.commands.speaking import speak

    run_until_signal(speak(sentences, arguments.out, with_voice(arguments, settings)))
    return 0


def _explain(sentences: list["Sentence"], settings: "Settings") -> int:
    from rich.cells import cell_len, set_cell_size

    from daemon.languages import codes, language
    from daemon.voice.explain import explain

    names = {code: language(code).name for code in codes()}
    names |= {"en": tr("English"), "zh": tr("Chinese"), "": tr("no voice")}
    width = max(map(cell_len, names.values()))
    for sentence in sentences:
        for clause in explain(sentence.text, settings):
            name = set_cell_size(names[clause.language], width)
            out.print(f"{name}  {clause.text}", markup=False)
            if clause.sounds:
                out.print(f"{' ' * width}  {clause.sounds}", markup=False)
    return 0


def _running_daemon() -> Client | None:
    try:
        return Client()
    except NotRunning:
        return None
