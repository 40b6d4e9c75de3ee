"""``digital-life faces``: add a face from a film or a photograph, list, show, preview, remove."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from rich.filesize import decimal
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from daemon.commands.console import Subcommands, check_writable, err, out
from daemon.commands.film import film_path, with_face
from daemon.commands.questions import confirm
from daemon.dialogue.personas import list_personas
from daemon.errors import SetupError
from daemon.expression import Attitude
from daemon.face.catalogue import ClipEntry, Face, add_clip, find_face, remove_face
from daemon.face.catalogue import list_faces as known_faces
from daemon.face.catalogue import own_face as own_face_called
from daemon.i18n import language as system
from daemon.i18n import tr
from daemon.languages import language
from daemon.signals import run_until_signal
from daemon.store.model_store import open_store
from daemon.worker import CancelToken, Worker

if TYPE_CHECKING:
    from daemon.config import Settings
    from daemon.face.source import MediaInfo, Options

STATES = (Attitude.SPEAKING, Attitude.LISTENING, Attitude.THINKING, Attitude.IDLE)


def register(commands: Subcommands) -> None:
    """Add the commands."""
    faces = commands.add_parser(
        "faces",
        help=tr("the faces that can be shown"),
        description=tr(
            "The faces that can be shown: the drawn one, and your own from films and photographs."
        ),
    )
    leaves = faces.add_subparsers(
        dest="what", required=True, metavar="list|add|show|preview|remove"
    )
    leaves.add_parser("list", help=tr("list all faces")).set_defaults(run=list_faces)
    _register_add(leaves)
    show = leaves.add_parser("show", help=tr("show what a face is made of"))
    show.add_argument("name", metavar="NAME")
    show.set_defaults(run=show_face)
    preview = leaves.add_parser("preview", help=tr("film a face saying a few words"))
    preview.add_argument("name", metavar="NAME")
    preview.add_argument(
        "--out",
        type=film_path,
        metavar="FILE.mp4",
        help=tr("default: NAME-preview.mp4 in this folder"),
    )
    preview.set_defaults(run=preview_face)
    remove = leaves.add_parser("remove", help=tr("delete one of your own faces"))
    remove.add_argument("name", metavar="NAME")
    remove.add_argument("--yes", action="store_true", help=tr("answer every question with yes"))
    remove.set_defaults(run=delete_face)


def _register_add(leaves: Subcommands) -> None:
    add = leaves.add_parser(
        "add",
        help=tr("make a face from a film or a photograph"),
        description=tr(
            "Makes a face from a film (MP4, MOV, WebM) or a photograph of one person who looks at "
            "the camera. Called again with the same name it adds another clip."
        ),
        epilog="digital-life faces add me.mp4 --name me\n"
        "digital-life faces add listening.mp4 --name me --state listening",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add.add_argument("path", type=Path, metavar="PATH", help=tr("the film or photograph"))
    add.add_argument("--name", required=True, help=tr("what the face is to be called"))
    add.add_argument(
        "--state", type=Attitude, choices=STATES, default=Attitude.SPEAKING,
        metavar="|".join(STATES),
        help=tr("what this clip is for; default: speaking, and whatever has no clip of its own"),
    )  # fmt: skip
    add.add_argument(  # what it was called until there was more than speaking and not
        "--idle", dest="state", action="store_const", const=Attitude.IDLE, help=argparse.SUPPRESS
    )
    sides = ("TOP", "BOTTOM", "LEFT", "RIGHT")
    add.add_argument(
        "--box", type=int, nargs=4, metavar=sides,
        help=tr("where the face is, in pixels, instead of looking for it"),
    )  # fmt: skip
    add.add_argument(
        "--pads", type=int, nargs=4, metavar=sides, default=(0, 10, 0, 0),
        help=tr("pixels around the face that Wav2Lip sees, too; default 0 10 0 0"),
    )  # fmt: skip
    add.add_argument(
        "--crop", type=int, nargs=4, metavar=sides, default=(0, -1, 0, -1),
        help=tr("the part of the picture to use, in pixels; -1 is its edge"),
    )  # fmt: skip
    add.add_argument("--rotate", action="store_true", help=tr("rotate by 90 degrees clockwise"))
    add.add_argument(
        "--resize-factor",
        type=int,
        default=1,
        metavar="N",
        help=tr("divide width and height by this"),
    )
    add.set_defaults(run=add_face)


def list_faces(_arguments: argparse.Namespace, settings: "Settings") -> int:
    """Print the faces."""
    table = Table(tr("face"), tr("what it is"), tr("folder"))
    for face in known_faces():
        mark = " *" if face.name == settings.face.name else ""
        table.add_row(face.name + mark, face.description, str(face.directory))
    out.print(table)
    return 0


def add_face(arguments: argparse.Namespace, settings: "Settings") -> int:
    """Prepare a clip, and write it down as the face's."""
    from daemon.face.source import Options, probe_media

    face = own_face_called(arguments.name)
    options = Options(
        tuple(arguments.box) if arguments.box else None,
        tuple(arguments.pads),
        tuple(arguments.crop),
        arguments.rotate,
        arguments.resize_factor,
    )
    if options.resize_factor < 1:
        raise SetupError(tr("--resize-factor must be 1 or more"))
    source = probe_media(arguments.path)
    if face.clips and (source.still or _is_photo(face)):
        raise SetupError(
            tr("A face is one photograph, or any number of films: “{name}” has {source}.").format(
                name=face.name, source=face.description
            ),
            f"digital-life faces remove {face.name}",
        )
    folder = prepare_clip(source, options, settings, face)
    add_clip(face, ClipEntry(folder, arguments.path.name, arguments.state))
    out.print(tr("The face “{name}” is there.").format(name=face.name), markup=False)
    _tell_next(face.name, settings)
    return 0


def prepare_clip(source: "MediaInfo", options: "Options", settings: "Settings", face: Face) -> Path:
    """Prepare a clip with a progress bar and return its folder; raises as ``prepare``."""
    with Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TimeRemainingColumn(),
        console=err,
    ) as progress:
        return run_until_signal(_prepare(source, options, settings, face, progress))


async def _prepare(
    source: "MediaInfo",
    options: "Options",
    settings: "Settings",
    face: Face,
    progress: Progress,
) -> Path:
    """Prepare the clip on a thread of its own, so that Ctrl+C ends it."""
    from daemon.face.own_face_factory import PERSON, face_detectors, person_finder
    from daemon.face.prepare import PrepareObserver, prepare

    store = open_store(settings.models.directory)
    task = progress.add_task(tr("Looking for the face"), total=1.0)
    worker = Worker("faces")

    def work(cancel: CancelToken) -> Path:
        def went_on(share: float) -> None:
            cancel.check()
            progress.update(task, completed=share)

        person = None
        if not store.status(PERSON).missing:
            person = person_finder(store)
        elif not source.still:
            note = tr("To change its background, run {pull}, and then this command again.")
            err.print(note.format(pull=f"digital-life models pull {PERSON}"), markup=False)
        watch = PrepareObserver(went_on, lambda text: progress.console.print(text, markup=False))
        shown = settings.face
        return prepare(
            source, options, shown.fps, (shown.width, shown.height), face_detectors(store),
            face.directory, watch, person,
        )  # fmt: skip

    try:
        return await worker.run(work)
    finally:
        await worker.close()


def _is_photo(face: Face) -> bool:
    from daemon.face.clip import Clip

    return any(len(Clip(clip.folder)) == 1 for clip in face.clips)


def _tell_next(name: str, settings: "Settings") -> None:
    """Say how to see it, and what would make it better."""
    from daemon.face.own_face_factory import WEIGHTS, pull_command

    store = open_store(settings.models.directory)
    err.print(f"  digital-life faces preview {name}", markup=False)
    err.print(f"  digital-life run --face {name}", markup=False)
    if all(store.status(weight).missing for weight in WEIGHTS):
        err.print(
            tr("Its own lips are moved. Wav2Lip's look better: {command}").format(
                command=pull_command()
            ),
            markup=False,
        )
        err.print(f"  {store.manifest.weight(WEIGHTS[0]).restriction}", markup=False)


def show_face(arguments: argparse.Namespace, _settings: "Settings") -> int:
    """Print what a face is made of."""
    from daemon.face.clip import Clip

    face = find_face(arguments.name)
    out.print(f"{face.name}: {face.description}", markup=False)
    out.print(str(face.directory), markup=False)
    if not face.clips:
        return 0
    table = Table(tr("file"), tr("seconds"), tr("size"), tr("for"), tr("on disk"))
    for entry in face.clips:
        clip = Clip(entry.folder)
        still = len(clip) == 1
        shown = sum(end - first for first, end in clip.runs)
        seconds = tr("photograph") if still else f"{shown / clip.fps:.1f}"
        use = tr("everything") if still else entry.use.value
        weight = sum(file.stat().st_size for file in entry.folder.iterdir())
        size = f"{clip.size[0]}×{clip.size[1]}"
        table.add_row(entry.source, seconds, size, use, decimal(weight))
    out.print(table)
    return 0


def preview_face(arguments: argparse.Namespace, settings: "Settings") -> int:
    """Film the face."""
    face = find_face(arguments.name)
    path = arguments.out or Path(f"{face.name}-preview.mp4")
    check_writable(path)
    from daemon.brain.sentences import sentences_of
    from daemon.commands.speaking import speak

    run_until_signal(
        speak(sentences_of(language(system()).said.preview), path, with_face(settings, face.name))
    )
    out.print(f"→ {path}", markup=False)
    return 0


def delete_face(arguments: argparse.Namespace, settings: "Settings") -> int:
    """Delete a face with all that was made of its clips; the files they came from stay."""
    find_face(arguments.name)
    face = own_face_called(arguments.name)
    personas = [one.name for one in list_personas(settings) if one.face == face.name]
    if settings.face.name == face.name:
        confirm(
            tr("The face “{name}” is set: without it the drawn one is shown. Remove it?").format(
                name=face.name
            ),
            arguments.yes,
        )
    elif personas:
        confirm(
            tr("The face “{name}” is that of {personas}. Remove it?").format(
                name=face.name, personas=", ".join(personas)
            ),
            arguments.yes,
        )
    remove_face(face)
    out.print(tr("The face “{name}” has been removed.").format(name=arguments.name), markup=False)
    return 0
