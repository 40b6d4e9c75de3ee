"""Whether the parts of a double that comes from elsewhere can be used, and do no harm."""

import zipfile
from pathlib import Path

from daemon.brain.style import Style
from daemon.dialogue.personas import check_double
from daemon.doubles.store import PLACES, read_double
from daemon.errors import SetupError
from daemon.i18n import tr

MAX_LIST_BYTES = 3_000_000  # of the list at an archive's end: 1500 bytes for each file
LAST_BYTES = 22  # of what stands behind that list, without a comment
END_BYTES = LAST_BYTES + 20  # with what stands there if the list is large, as ours never is
MAX_ARRAYS_BYTES = 500_000_000  # of a clip's: an hour of film at 25 pictures a second has 340 MB


def check_parts(folder: Path) -> None:
    """Open all that is in a double's folder once; ``SetupError`` for what cannot be used.

    Nothing in it may name a file outside the folder.
    """
    for path in folder.rglob("*.npz"):
        _check_arrays(path)
    read_double(folder)
    check_double(folder)
    if (folder / PLACES["chats"]).exists():
        Style.load(folder / PLACES["chats"])
    if (folder / PLACES["voice"]).exists():
        _check_voice(folder / "voice")
    if (folder / PLACES["face"]).exists():
        _check_face(folder / "face")


def check_end(end: bytes) -> None:
    """Raise ``BadZipFile`` where the list of an archive's files would fill the memory.

    Python reads all of it, whatever its size, before it can be asked for anything. ``end`` is an
    archive's last ``END_BYTES``.
    """
    large, last = end[:-LAST_BYTES], end[-LAST_BYTES:]
    size = int.from_bytes(last[12:16], "little")
    if last[:4] != b"PK\5\6" or large[:4] == b"PK\6\7" or size > MAX_LIST_BYTES:
        raise zipfile.BadZipFile


def _check_arrays(path: Path) -> None:
    """Raise where arrays would fill the memory: a megabyte of zeros may be packed in a thousand."""
    try:
        with zipfile.ZipFile(path) as held:
            if sum(info.file_size for info in held.infolist()) <= MAX_ARRAYS_BYTES:
                return
        reason = tr("larger than {limit} MB").format(limit=MAX_ARRAYS_BYTES // 1_000_000)
    except (OSError, zipfile.BadZipFile, NotImplementedError) as error:
        reason = str(error)
    raise SetupError(tr("{path} cannot be used: {reason}").format(path=path.name, reason=reason))


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
