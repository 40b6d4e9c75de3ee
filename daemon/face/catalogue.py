"""Which faces there are: drawn ones that come with the program, and the user's own.

The face of a double lies in the double's folder, and has its name.
"""

import difflib
import json
import re
import shutil
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from daemon.errors import InputError, SetupError
from daemon.expression import Attitude
from daemon.files import atomic_write, make_folder
from daemon.folders import data_folder, part_of_double, parts_of_doubles
from daemon.i18n import tr
from daemon.store.verify import storage_errors

FACE = "face.toml"
DRAWN = "default"  # the face that comes with the program

_PACKAGE = Path(__file__).parents[1]
_NAME = re.compile(r"[\w][\w-]{0,39}")


class NoFace(SetupError):
    """A face is not there, or damaged."""


@dataclass(frozen=True, slots=True)
class ClipEntry:
    """A clip, or the photograph, of a user's face."""

    folder: Path
    source: str
    """The name of the file that it was made from."""
    use: Attitude
    """What it is shown for."""


@dataclass(frozen=True, slots=True)
class Face:
    """A face that can be shown."""

    name: str
    """The name of its folder, which is what the setting ``face.name`` holds."""
    description: str
    directory: Path
    clips: tuple[ClipEntry, ...] = ()
    """Empty for a drawn face."""

    @property
    def statement(self) -> str:
        """What a film of it must say of it; nothing of a drawn one."""
        if not self.clips:
            return ""
        return f"Synthetic video with the face “{self.name}”, made by Digital Life."


def own_faces_directory() -> Path:
    """Return where the user's faces are: ``digital-life/faces`` in XDG's data directory."""
    return data_folder() / "faces"


def faces_directories() -> list[Path]:
    """Return the folders that hold faces: those of an installed package or checkout, the user's."""
    places = (_PACKAGE / "faces", _PACKAGE.parent / "faces", own_faces_directory())
    return [path for path in places if path.is_dir()]


def list_faces() -> list[Face]:
    """Return all faces by name; a folder without a readable ``face.toml`` is none."""
    found: dict[str, Face] = {}
    own = (path.parent for each in faces_directories() for path in sorted(each.glob(f"*/{FACE}")))
    for name, directory in (*((path.name, path) for path in own), *parts_of_doubles("face", FACE)):
        if (face := read_face(name, directory)) is not None:
            found.setdefault(name, face)
    return sorted(found.values(), key=lambda face: face.name)


def read_face(name: str, directory: Path) -> Face | None:
    """Read the face in a folder; ``None`` where that cannot be."""
    try:
        kept = tomllib.loads((directory / FACE).read_text(encoding="utf-8"))
        clips = tuple(
            ClipEntry(directory / clip["folder"], str(clip["source"]), _use(clip))
            for clip in kept.get("clips", ())
        )
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    return Face(name, str(kept.get("description", "")), directory, clips)


def find_face(name: str) -> Face:
    """Return the face of that name; ``NoFace`` with a suggestion when there is none."""
    known = {face.name: face for face in list_faces()}
    if name in known:
        return known[name]
    near = difflib.get_close_matches(name, known, 1, 0.5)
    message = tr("There is no face called “{name}”.").format(name=name)
    if near:
        raise NoFace(message, tr("Did you mean “{name}”?").format(name=near[0]))
    raise NoFace(message, tr("`digital-life faces list` shows those there are."))


def own_face(name: str) -> Face:
    """Return the user's face of that name, or a new one without clips, not written yet.

    ``InputError`` when the name cannot be a folder's, ``SetupError`` when a drawn face has it.
    """
    if not _NAME.fullmatch(name):
        raise InputError(
            tr("“{name}” cannot be a face's name: use letters, digits, - and _").format(name=name)
        )
    place = part_of_double(name, "face") or own_faces_directory() / name
    for face in list_faces():
        if face.name == name:
            if face.directory != place:
                raise SetupError(
                    tr("The face “{name}” comes with the program; it cannot be changed.").format(
                        name=name
                    ),
                    tr("choose another name"),
                )
            return face
    return Face(name, "", place)


def add_clip(face: Face, entry: ClipEntry) -> Face:
    """Add a clip to a user's face, or change what it is for; ``StorageError``."""
    clips = tuple(clip for clip in face.clips if clip.folder != entry.folder)
    clips = (*clips, entry)
    changed = replace(face, clips=clips, description=", ".join(clip.source for clip in clips))
    lines = [f"description = {_text(changed.description)}"]
    for clip in changed.clips:
        lines += [
            "", "[[clips]]", f"folder = {_text(clip.folder.name)}",
            f"source = {_text(clip.source)}", f"state = {_text(clip.use)}",
        ]  # fmt: skip
    target = face.directory / FACE
    with storage_errors(face.directory):
        make_folder(face.directory)
    with atomic_write(target) as part:
        part.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return changed


def remove_face(face: Face) -> None:
    """Delete a user's face with all its clips; ``StorageError``."""
    with storage_errors(face.directory):
        (face.directory / FACE).unlink(missing_ok=True)  # from here on it is no face
        shutil.rmtree(face.directory)


def _use(clip: Mapping[str, object]) -> Attitude:
    """Return what a clip is for; until version 0.2 it was said only whether it is idle."""
    if "state" in clip:
        return Attitude(str(clip["state"]))
    return Attitude.IDLE if clip["idle"] else Attitude.SPEAKING


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)  # a JSON string is a TOML string, too
