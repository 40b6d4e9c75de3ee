"""The parts of a double, each made at once, and there whole or not at all."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from daemon.commands.console import err, out
from daemon.doubles.store import Double, Part, Source, note_sources, sources_of
from daemon.errors import InputError
from daemon.files import atomic_folder, discard
from daemon.i18n import tr

if TYPE_CHECKING:
    from daemon.config import Settings


def make_voice(double: Double, paths: Sequence[Path], settings: "Settings", yes: bool) -> Double:
    """Learn its voice from recordings, in the place of the one it has.

    Raises ``InputError`` where they cannot be used, ``SetupError`` where somebody says no.
    """
    from daemon.commands.voices import learn_voice
    from daemon.training.recordings import find_recordings
    from daemon.voice.catalogue import write_settings

    recordings = [found for path in paths for found in find_recordings(path.expanduser())]
    sources = _new_sources(double, "voice", recordings)
    if not sources:
        return double
    with atomic_folder(double.folder / "voice") as making:
        made = learn_voice(recordings, making, settings, yes)
        write_settings(making, made.model_copy(update={"consent": double.record.consented}))
    out.print(tr("The voice is ready."))
    return note_sources(double, "voice", sources)


def make_face(double: Double, path: Path, settings: "Settings") -> Double:
    """Prepare its face from a film or a photograph, in the place of the one it has.

    Raises ``InputError`` where no face is in it.
    """
    from daemon.commands.faces import prepare_clip
    from daemon.expression import Attitude
    from daemon.face.catalogue import ClipEntry, add_clip, own_face
    from daemon.face.source import Options, probe_media

    path = path.expanduser()
    source = probe_media(path)
    sources = _new_sources(double, "face", [path])
    if not sources:
        return double
    face = own_face(double.name)
    folder = prepare_clip(source, Options(), settings, face)
    add_clip(replace(face, clips=()), ClipEntry(folder, path.name, Attitude.SPEAKING))
    for old in face.directory.iterdir():  # also clips of runs that were interrupted
        if old.is_dir() and old != folder:
            discard(old)
    out.print(tr("The face is ready."))
    return note_sources(double, "face", sources)


def _new_sources(double: Double, part: Part, paths: Sequence[Path]) -> list[Source]:
    """Return what is noted of the files; nothing where the part was made of just these."""
    try:
        sources = sources_of(part, paths)
    except OSError as error:
        raise InputError(
            tr("Cannot read {path}: {reason}").format(
                path=error.filename or paths[0], reason=error.strerror
            )
        ) from error
    known = [source for source in double.record.sources if source.part == part]
    if double.has(part) and known == sources:
        err.print(tr("{part}: already made from these files.").format(part=part_name(part)))
        return []
    return sources


def part_name(part: Part) -> str:
    """Return what a part is called."""
    return {"chats": tr("way of talking"), "voice": tr("voice"), "face": tr("face")}[part]
