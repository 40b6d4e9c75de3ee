"""Whether the parts of a double that comes from elsewhere can be used, and do no harm."""

from pathlib import Path

from daemon.brain.style import Style
from daemon.dialogue.personas import check_double
from daemon.doubles.store import PLACES, read_double
from daemon.errors import SetupError
from daemon.i18n import tr


def check_parts(folder: Path) -> None:
    """Open all that is in a double's folder once; ``SetupError`` for what cannot be used.

    Nothing in it may name a file outside the folder.
    """
    read_double(folder)
    check_double(folder)
    if (folder / PLACES["chats"]).exists():
        Style.load(folder / PLACES["chats"])
    if (folder / PLACES["voice"]).exists():
        _check_voice(folder / "voice")
    if (folder / PLACES["face"]).exists():
        _check_face(folder / "face")


def _check_voice(directory: Path) -> None:
    from daemon.voice.catalogue import TIMBRE, read_voice
    from daemon.voice.world import Timbre

    voice = read_voice(directory.parent.name, directory)
    if voice.settings.kind == "world":
        Timbre.load(directory / TIMBRE)


def _check_face(directory: Path) -> None:
    from daemon.face.catalogue import read_face
    from daemon.face.clip import Clip

    face = read_face(directory.parent.name, directory)
    if face is None or not face.clips:
        raise SetupError(tr("The face cannot be used."))
    for clip in face.clips:
        if clip.folder.parent != directory or clip.folder.name in ("", ".", ".."):
            raise SetupError(tr("The face cannot be used."))
        Clip(clip.folder)
