"""Which faces there are."""

import difflib
import tomllib
from dataclasses import dataclass
from pathlib import Path

from daemon.errors import SetupError
from daemon.i18n import tr

_PACKAGE = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class Face:
    """A face that can be shown."""

    name: str
    """The name of its folder, which is what the setting ``face.name`` holds."""
    description: str
    directory: Path


def faces_directories() -> list[Path]:
    """Return the folders that hold faces: inside an installed package, or beside a checkout's."""
    return [path for path in (_PACKAGE / "faces", _PACKAGE.parent / "faces") if path.is_dir()]


def list_faces() -> list[Face]:
    """Return all faces by name; a folder without a readable ``face.toml`` is none."""
    found: dict[str, Face] = {}
    for directory in faces_directories():
        for path in sorted(directory.glob("*/face.toml")):
            try:
                description = tomllib.loads(path.read_text(encoding="utf-8")).get("description", "")
            except (OSError, ValueError):
                continue
            face = Face(path.parent.name, str(description), path.parent)
            found.setdefault(face.name, face)
    return sorted(found.values(), key=lambda face: face.name)


def find_face(name: str) -> Face:
    """Return the face of that name; ``SetupError`` with a suggestion when there is none."""
    known = {face.name: face for face in list_faces()}
    if name in known:
        return known[name]
    near = difflib.get_close_matches(name, known, 1, 0.5)
    message = tr("There is no face called “{name}”.").format(name=name)
    if near:
        raise SetupError(message, tr("Did you mean “{name}”?").format(name=near[0]))
    raise SetupError(message, tr("`digital-life faces list` shows those there are."))
