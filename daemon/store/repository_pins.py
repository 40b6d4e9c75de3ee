"""Speech recognisers that are whole repositories of the hub: named in a word, remembered once had.

``hub:OWNER/REPOSITORY[@REVISION]`` is a model of several files. Beside it stands
``.repository.json``: the commit that the revision meant, and each file's size and sha256. From then
on they count like those of the manifest, and nothing but that commit is ever fetched.
"""

import hashlib
import re
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from daemon.errors import InputError
from daemon.files import atomic_write, make_folder
from daemon.i18n import tr
from daemon.store.manifest import Contents, Hub, Manifest, Text, Weight, WeightFile
from daemon.store.pins import MAX_NAME_CHARS, MAX_PIN_BYTES, name_of, parse_reference

REFERENCE = "hub:"
REPOSITORY_PIN = ".repository.json"

File = Literal[
    "config.json",
    "tokenizer.json",
    "vocabulary.json",
    "vocabulary.txt",
    "preprocessor_config.json",
    "model.bin",
]

_WORD = r"[A-Za-z0-9][\w.-]{0,95}"
_REPOSITORY = re.compile(rf"hub:({_WORD}/{_WORD})(?:@([A-Za-z0-9][\w./-]{{0,199}}))?", re.ASCII)


class Repository(BaseModel):
    """A repository of the hub at a revision, which may be a branch."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    repository: str
    revision: str

    def __str__(self) -> str:
        """Return it as a setting has it."""
        return f"{REFERENCE}{self.repository}" + f"@{self.revision}" * (self.revision != "main")

    def file(self, name: str, commit: str) -> Hub:
        """Return where one of its files is."""
        return Hub(repository=self.repository, revision=commit, path=name)


class PinnedFile(Contents):
    """A file, and what it has to hold."""

    name: File


class RepositoryPin(BaseModel):
    """What a repository was when it was first asked for."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    place: Repository
    commit: str
    """What its revision meant."""
    files: tuple[PinnedFile, ...]

    @property
    def weight(self) -> Weight:
        """Return the weight that it makes."""
        files = [
            WeightFile(
                name=file.name,
                size=file.size,
                sha256=file.sha256,
                hub=self.place.file(file.name, self.commit),
            )
            for file in self.files
        ]
        told = self.place.repository
        return Weight(
            name=repository_name(self.place),
            description=Text(
                en=f"Speech recogniser from the hub: {told}", zh=f"来自模型仓库的语音识别：{told}"
            ),
            licence="?",
            files=tuple(files),
        )


def is_repository(text: str) -> bool:
    """Whether a name is a reference to a repository, and to no single file of one."""
    return text.startswith(REFERENCE) and not text.partition("@")[0].endswith(".gguf")


def parse_repository(text: str) -> Repository:
    """Read ``hub:OWNER/REPOSITORY[@REVISION]``; raises ``InputError``."""
    match = _REPOSITORY.fullmatch(text)
    if match is None or ".." in text:
        raise InputError(
            tr("{text} is not of the form hub:OWNER/REPOSITORY[@REVISION].").format(text=text)
        )
    return Repository(repository=match[1], revision=match[2] or "main")


def repository_name(place: Repository) -> str:
    """Return the name, and folder, of the model.

    Three hyphens are before a revision: no name on the hub holds two.
    """
    name = place.repository.replace("/", "--")
    if place.revision != "main":
        name += "---" + place.revision.replace("/", "--")
    if len(name) <= MAX_NAME_CHARS:
        return name
    return name[: MAX_NAME_CHARS - 9] + "-" + hashlib.sha256(name.encode()).hexdigest()[:8]


def name_on_hub(reference: str) -> str:
    """Return the name of a repository or of a single file on the hub; raises ``InputError``."""
    if is_repository(reference):
        return repository_name(parse_repository(reference))
    return name_of(parse_reference(reference))


def read_repository_pin(folder: Path) -> RepositoryPin | None:
    """Return what is remembered in a model's folder; ``None`` for nothing that can be read."""
    try:
        with (folder / REPOSITORY_PIN).open("rb") as file:
            pin = RepositoryPin.model_validate_json(file.read(MAX_PIN_BYTES))
    except (OSError, ValidationError):
        return None
    return pin if pin.files and folder.name == repository_name(pin.place) else None


def write_repository_pin(folder: Path, pin: RepositoryPin) -> None:
    """Remember it; raises ``StorageError``."""
    make_folder(folder)
    with atomic_write(folder / REPOSITORY_PIN) as part:
        part.write_text(pin.model_dump_json(indent=2) + "\n", encoding="utf-8")


def with_repositories(manifest: Manifest, directory: Path) -> Manifest:
    """Add the repositories remembered below the models' directory to what the manifest knows."""
    weights = dict(manifest.weights)
    for path in sorted(directory.glob(f"*/{REPOSITORY_PIN}")):
        pin = read_repository_pin(path.parent)
        if pin is not None:
            weights.setdefault(path.parent.name, pin.weight)
    return manifest.model_copy(update={"weights": weights})
