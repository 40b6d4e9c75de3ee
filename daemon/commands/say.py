"""``say``: a text aloud, into a film, or explained."""

import argparse
from pathlib import Path

import numpy as np
from rich.cells import cell_len, set_cell_size

from daemon.app import run_until_signal
from daemon.audio.player import Loudspeaker, heard
from daemon.audio.virtual_microphone import local_loudspeaker
from daemon.brain.sentences import sentences_of
from daemon.commands.console import (
    Subcommands,
    check_writable,
    err,
    out,
    require_whole,
    tell_waiting,
)
from daemon.commands.film import add_face_option, film_path, with_face, write_film
from daemon.commands.voice_option import add_voice_option, statement, with_voice
from daemon.config import Settings
from daemon.errors import InputError
from daemon.face.screen import Film
from daemon.i18n import tr
from daemon.loading import Loader
from daemon.media import SPEAK_RATE, Audio, FaceFrame, Samples, Sentence
from daemon.service.client import Client, NotRunning
from daemon.service.protocol import LONGEST_TEXT


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
    say.add_argument("text", help=tr("what to say, in English, Chinese or both"))
    instead = say.add_mutually_exclusive_group()
    instead.add_argument(
        "--out", type=film_path, metavar="FILE.mp4", help=tr("write a film of the face instead")
    )
    instead.add_argument(
        "--explain",
        action="store_true",
        help=tr("print each clause as it would be spoken, with its language and its sounds"),
    )
    add_face_option(say)
    add_voice_option(say)
    say.set_defaults(run=say_text)


def say_text(arguments: argparse.Namespace, settings: Settings) -> int:
    """Speak through the loudspeaker, or into a film."""
    settings = with_face(settings, arguments.face)
    if arguments.out:
        check_writable(arguments.out)
    if not arguments.text.strip():
        raise InputError(tr("There is nothing to say in this text"))
    if len(arguments.text) > LONGEST_TEXT:
        raise InputError(
            tr("The text is longer than {limit} characters").format(limit=LONGEST_TEXT)
        )
    sentences = sentences_of(arguments.text)
    if not sentences:
        raise InputError(tr("There is nothing to say in this text"))
    if arguments.explain:
        return _explain(sentences, with_voice(arguments, settings))
    own = (arguments.out, arguments.face, arguments.voice)  # what the daemon would not do
    if all(option is None for option in own) and (client := _running_daemon()):
        with client:
            require_whole(client.spoken("say", arguments.text, tell_waiting))
        return 0
    run_until_signal(speak(sentences, arguments.out, with_voice(arguments, settings)))
    return 0


def _explain(sentences: list[Sentence], settings: Settings) -> int:
    from daemon.voice.explain import explain

    names = {"en": tr("English"), "zh": tr("Chinese")}
    width = max(map(cell_len, names.values()))
    for sentence in sentences:
        for clause in explain(sentence.text, settings):
            name = set_cell_size(names[clause.language], width)
            out.print(f"{name}  {clause.text}", markup=False)
            out.print(f"{' ' * width}  {clause.sounds}", markup=False)
    return 0


def _running_daemon() -> Client | None:
    try:
        return Client()
    except NotRunning:
        return None


async def speak(sentences: list[Sentence], path: Path | None, settings: Settings) -> None:
    """Speak aloud, or into a film at ``path``."""
    async with Loader(settings) as loader:
        player = None
        if path is None:
            player = Loudspeaker(local_loudspeaker(settings.voice))
            loader.own(player.close)
            player.open()
        speaking = loader.worker("voice")
        with err.status(tr("Loading models…")):
            voice = await loader.make(speaking, loader.voice)
            conversion = await loader.conversion(voice, speaking)
        total, pieces = 0, []
        for sentence in sentences:
            async for plain in speaking.stream(voice.synthesize, sentence.text):
                audio = await conversion.convert(plain) if conversion else plain
                samples = audio.at_rate(SPEAK_RATE).samples
                total += len(samples)
                pieces.append(samples)
                if player:
                    await player.play(samples)
        if not pieces:
            raise InputError(tr("There is nothing to say in this text"))
        if player:
            await heard(player, total)
        if path:
            await _film(loader, path, np.concatenate(pieces), statement(conversion))


async def _film(loader: Loader, path: Path, sound: Samples, comment: str) -> None:
    drawing, film = loader.worker("lips"), Film()
    face = await loader.make(drawing, loader.face)
    await drawing.run(lambda _: face.begin())
    number = 0
    for work in ((face.render, Audio(sound, SPEAK_RATE)), (face.finish,)):
        async for mouth in drawing.stream(*work):
            await film.put(FaceFrame(0, number * SPEAK_RATE // face.fps, mouth))
            number += 1
    await drawing.run(write_film, path, face, film, sound, comment)
