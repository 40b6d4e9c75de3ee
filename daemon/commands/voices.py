"""``digital-life voices``: the plain voices, and those that they are converted to."""

import argparse
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING

from daemon.commands import train_voice, voice_list
from daemon.commands.console import Subcommands, check_writable, err, out
from daemon.commands.questions import confirm, confirm_consent
from daemon.config import Settings
from daemon.errors import InputError, SetupError
from daemon.files import unwritable
from daemon.i18n import tr
from daemon.worker import CancelToken

if TYPE_CHECKING:
    from daemon.media import Audio
    from daemon.stages import VoiceConverter
    from daemon.store.model_store import ModelStore
    from daemon.training.recordings import Recording
    from daemon.voice.catalogue import ConvertedVoiceSettings, Voice

MAX_RECORDING_S = 3600.0  # of a recording that is converted
TEST = "This is how I sound now. 这就是我现在的声音。"  # in a converted voice
USUAL_S = 30.0  # of speech; from less, a voice is not learnt well
MIN_SPEECH_S = 3.0  # its pitch is then right to a tenth, half a minute's to a fortieth


def register(commands: Subcommands) -> None:
    """Add the commands."""
    voices = commands.add_parser(
        "voices",
        help=tr("speak in another voice: choose one, try it, add or train your own"),
        description=tr(
            "Plain voices, which come with models, and voices that a plain one is converted to. "
            "Add only your own, or one whose owner has agreed."
        ),
    )
    leaves = voices.add_subparsers(required=True, metavar="list|use|test|add|remove|convert|train")
    for register_one in (voice_list.register, _test, _add, _remove, _convert, train_voice.register):
        register_one(leaves)


def _add(leaves: Subcommands) -> None:
    adding = leaves.add_parser(
        "add",
        help=tr("add a voice from recordings, or from a so-vits-svc model"),
        epilog="digital-life voices add mother --from recordings/",
    )
    adding.add_argument("name", metavar="NAME")
    adding.add_argument(
        "--from",
        dest="source",
        type=Path,
        required=True,
        metavar="PATH",
        help=tr("a recording, a folder of recordings, or a folder with G_*.pth and config.json"),
    )
    adding.add_argument("--yes", action="store_true", help=tr("answer every question with yes"))
    adding.set_defaults(run=add)


def _remove(leaves: Subcommands) -> None:
    removing = leaves.add_parser("remove", help=tr("delete a voice with all its files"))
    removing.add_argument("name", metavar="NAME")
    removing.add_argument("--yes", action="store_true", help=tr("answer every question with yes"))
    removing.set_defaults(run=remove)


def _test(leaves: Subcommands) -> None:
    testing = leaves.add_parser("test", help=tr("let a voice say a sentence"))
    testing.add_argument("name", metavar="NAME")
    testing.add_argument("--text", help=tr("what it says"))
    testing.add_argument(
        "--out", type=Path, metavar="FILE", help=tr("write a sound file instead of playing it")
    )
    testing.set_defaults(run=test)


def _convert(leaves: Subcommands) -> None:
    converting = leaves.add_parser(
        "convert",
        help=tr("convert a recording to a voice"),
        epilog="digital-life voices convert talk.wav converted.wav --voice mother",
    )
    converting.add_argument("input", type=Path, metavar="IN", help=tr("a sound or video file"))
    converting.add_argument(
        "output", type=Path, metavar="OUT", help=tr("a .wav, .flac, .mp3, .ogg, .opus or .m4a file")
    )
    converting.add_argument(
        "--voice", required=True, metavar="NAME", help=tr("the voice it is converted to")
    )
    converting.set_defaults(run=convert)


def add(arguments: argparse.Namespace, settings: Settings) -> int:
    """Make a voice from what is given."""
    from daemon.training.recordings import find_recordings
    from daemon.voice.catalogue import NewVoice, checkpoints

    source: Path = arguments.source.expanduser()
    if not source.exists():
        raise InputError(tr("{path} does not exist.").format(path=source))
    a_model = source.suffix == ".pth" or (source.is_dir() and checkpoints(source))
    recordings = [] if a_model else find_recordings(source)
    with NewVoice(arguments.name) as new:
        confirm_consent(arguments.yes)
        if a_model:
            from daemon.voice.sovits_files import install

            made = install(source, new.directory)
        else:
            made = learn_voice(recordings, new.directory, settings, arguments.yes)
        voice = new.finish(made)
    out.print(tr("The voice “{name}” is ready. Listen to it:").format(name=voice.name))
    out.print(f"  digital-life voices test {voice.name}", markup=False)
    return 0


def learn_voice(
    paths: list[Path], directory: Path, settings: Settings, yes: bool
) -> "ConvertedVoiceSettings":
    """Learn a voice from recordings into a folder; asks where they are not good.

    Raises ``InputError`` where they cannot be used, ``SetupError`` where the answer is no.
    """
    from daemon.ears.speech_detection import Silero
    from daemon.store.model_store import open_store
    from daemon.training.recordings import examine_all
    from daemon.voice.catalogue import TIMBRE, ConvertedVoiceSettings, today
    from daemon.voice.world import measure

    store = open_store(settings.models.directory)
    silero = Silero(store.path("silero-vad") / "silero_vad.onnx")
    with err.status(tr("Listening to the recordings…")):
        recordings, faults = examine_all(paths, silero, CancelToken())
        faults += _other_speakers(recordings, store)
    speech_s = sum(recording.speech_s for recording in recordings)
    if speech_s < MIN_SPEECH_S:
        for fault in faults:  # may be why
            err.print(fault)
        raise InputError(
            tr("There is too little speech: {seconds:.1f} s; half a minute is wanted.").format(
                seconds=speech_s
            )
        )
    if speech_s < USUAL_S:
        faults.append(
            tr("only {seconds:.0f} s of speech; half a minute is wanted").format(seconds=speech_s)
        )
    if faults:
        confirm("\n".join([tr("This will make the voice worse:"), *faults]), yes)
    with err.status(tr("Learning the voice…")):
        timbre = measure([recording.audio for recording in recordings], CancelToken())
    timbre.save(directory / TIMBRE)
    return ConvertedVoiceSettings(kind="world", consent=today())


def _other_speakers(recordings: "list[Recording]", store: "ModelStore") -> list[str]:
    """Say in which recordings somebody else speaks, where there is what can tell."""
    from daemon.people.encoder import open_encoder
    from daemon.people.recordings import SAME
    from daemon.training.recordings import several_speakers

    try:
        encoder = open_encoder(store)
    except SetupError:
        return []
    others = several_speakers(recordings, encoder.embed, SAME)
    return [f"{path.name}: {tr('another person speaks')}" for path in others]


def remove(arguments: argparse.Namespace, _settings: Settings) -> int:
    """Delete a voice's folder."""
    from daemon.voice.catalogue import voice_directory

    directory = voice_directory(arguments.name)
    if not directory.is_dir():
        raise SetupError(
            tr("There is no voice called “{name}”.").format(name=arguments.name),
            "digital-life voices list",
        )
    confirm(tr("Delete {path} with all that is in it?").format(path=directory), arguments.yes)
    try:
        shutil.rmtree(directory)
    except OSError as error:
        raise unwritable(directory, error) from error
    return 0


def test(arguments: argparse.Namespace, settings: Settings) -> int:
    """Speak a sentence in a voice."""
    from daemon.audio.file_writer import check_kind
    from daemon.signals import run_until_signal
    from daemon.voice.catalogue import find_voice, is_voice

    if arguments.out:
        check_kind(arguments.out)
        check_writable(arguments.out)
    if is_voice(arguments.name):
        voice = find_voice(arguments.name)
        audio, statement = _converted_sample(voice, arguments.text or TEST, settings)
    else:
        audio, statement = _plain_sample(arguments.name, arguments.text, settings), ""
    if arguments.out:
        _write(arguments.out, audio, statement)
    else:
        run_until_signal(_play(audio, settings))
    return 0


def _converted_sample(voice: "Voice", text: str, settings: Settings) -> "tuple[Audio, str]":
    """Return a text in a converted voice, and what a file must say of it."""
    from daemon.components import Components
    from daemon.voice.converters import examples, make_converter

    components = Components(settings)
    with err.status(tr("Loading models…")):
        plain = components.voice()
        plain.warm_up()
        converter = make_converter(voice, examples(plain, CancelToken()), settings)
        converter.warm_up()
    spoken = _joined(list(plain.synthesize(text, CancelToken())))
    return _converted(converter, spoken), voice.statement


def _plain_sample(name: str, text: str, settings: Settings) -> "Audio":
    """Return a text, or the sample of its language, in a plain voice."""
    from daemon.store.model_store import open_store
    from daemon.voice.named import plain_named
    from daemon.voice.samples import sample

    store = open_store(settings.models.directory)
    with err.status(tr("Loading models…")):
        return sample(plain_named(name, store), text, settings, store, CancelToken())


def _joined(pieces: "list[Audio]") -> "Audio":
    import numpy as np

    from daemon.media import Audio

    if not pieces:
        raise InputError(tr("There is nothing to say in this text"))
    return Audio(np.concatenate([piece.samples for piece in pieces]), pieces[0].rate)


async def _play(audio: "Audio", settings: Settings) -> None:
    from daemon.audio.loudspeaker import Loudspeaker
    from daemon.audio.player import wait_until_heard
    from daemon.audio.virtual_microphone import local_loudspeaker
    from daemon.media import SPEAK_RATE

    player = Loudspeaker(local_loudspeaker(settings.voice))
    try:
        player.open()
        samples = audio.at_rate(SPEAK_RATE).samples
        await player.play(samples)
        await wait_until_heard(player, len(samples))
    finally:
        await player.close()


def convert(arguments: argparse.Namespace, settings: Settings) -> int:
    """Convert a file to a file."""
    from daemon.audio.file_writer import check_kind
    from daemon.audio.files import read_recording
    from daemon.voice.catalogue import find_voice
    from daemon.voice.converters import make_converter

    voice = find_voice(arguments.voice)
    check_kind(arguments.output)
    check_writable(arguments.output)
    audio = read_recording(arguments.input, MAX_RECORDING_S, rate=None)
    with err.status(tr("Converting…")):
        converter = make_converter(voice, [audio], settings)
        made = _converted(converter, audio)
    _write(arguments.output, made, voice.statement)
    return 0


def _converted(converter: "VoiceConverter", audio: "Audio") -> "Audio":
    begin = time.perf_counter()
    made = converter.convert(audio, CancelToken())
    took = time.perf_counter() - begin
    err.print(
        tr(
            "{seconds:.1f} s of sound converted in {took:.1f} s: real-time factor {factor:.2f}"
        ).format(seconds=audio.seconds, took=took, factor=took / max(audio.seconds, 1e-9))
    )
    return made


def _write(path: Path, audio: "Audio", statement: str) -> None:
    from daemon.audio.file_writer import write_sound

    write_sound(path, audio, statement)
    out.print(f"→ {path}", markup=False)
