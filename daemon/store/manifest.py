"""The list of known weights, ``models.toml``, as typed and checked values."""

import difflib
import hashlib
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError, model_validator

from daemon.errors import SetupError
from daemon.i18n import language, tr
from daemon.store.checksums import Digest

# The sections of the file, and the field that the name of an entry is.
FIELDS = (("weights", "name"), ("wheels", "distribution"), ("npm", "package"))

Sha256 = Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")]
FileName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][\w.-]*$")]


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Wheel(_Entry):
    """A package of which only the archive is read."""

    distribution: str
    version: str
    size: int
    """Bytes."""
    sha256: Sha256
    platform: str | None = None
    """Where the wheel is built for one platform: its tag, so that any machine may fetch it."""
    python: str | None = None
    """Likewise for the version of Python, as pip writes it: ``311``."""

    @property
    def package(self) -> str:
        """Its name on the package index."""
        return self.distribution


class NpmPackage(_Entry):
    """A package of npm's registry, of which only the archive is read."""

    package: str
    version: str
    size: int
    """Bytes of the archive."""
    sha256: Sha256


class Arrays(_Entry):
    """Raw float32 files in an npm package, which together make one archive of NumPy arrays."""

    package: str
    folder: str
    """Where they are in the package; each is named as its array, with ``.bin``."""
    shape: tuple[int, ...]
    """Of each array."""


class Member(_Entry):
    """An entry of a wheel's archive."""

    wheel: str
    path: str
    size: int


class Hub(_Entry):
    """A file in a repository on the model hub."""

    repository: str
    revision: str
    path: str


class Unpinned(_Entry):
    """A file whose checksum was found nowhere: the hub's own is taken, and remembered."""

    hub: Hub
    about: int
    """Bytes, roughly: the hub tells how many."""


class Text(_Entry):
    """What a person reads, in both languages."""

    en: str
    zh: str

    def __str__(self) -> str:
        return self.zh if language() == "zh" else self.en


class Contents(_Entry):
    """What a file must hold."""

    size: int
    sha256: Sha256

    @property
    def checksum(self) -> str:
        """What ``digest`` comes to, in hexadecimal."""
        return self.sha256

    def digest(self) -> Digest:
        """Return what computes the checksum of the contents that follow."""
        return hashlib.sha256()


class Provenance(Contents):
    """The file that another is made from."""

    by: Literal["mandarin"]
    """The preparation: ``daemon.store.mandarin.prepare``."""


class WeightFile(Contents):
    """One file of a weight."""

    name: FileName
    members: tuple[Member, ...] = ()
    hub: Hub | None = None
    made_from: Provenance | None = None
    arrays: Arrays | None = None

    @property
    def packaged(self) -> bool:
        """Whether a package registry has it, too."""
        return bool(self.members or self.arrays)

    @property
    def fetchable(self) -> bool:
        """Whether any source has it; else it is only installed from a file."""
        return self.packaged or self.hub is not None

    @property
    def fetched(self) -> Contents:
        """What comes from a source: the file itself, or the one that it is made from."""
        return self.made_from or self


class Adapter(Contents):
    """A LoRA that comes with the program, for one language model."""

    path: str
    """Where it is, beside ``models.toml``."""


class BrainFacts(_Entry):
    """What is known of a language model besides its file, by what its makers publish."""

    languages: str
    """As it is shown: ``zh en``, and how many more."""
    tools: Literal["native", "json", "no"]
    """Whether it was trained to call tools in a form of its own, writes plain JSON, or neither."""
    thinks: bool = False
    """Whether it thinks before it answers unless it is told not to."""
    parameters: float
    """Billions of weights."""
    active: float = 0.0
    """Billions that each token passes; 0 is all of them."""
    cache_bytes: int
    """Keys and values of one token in 16 bits: 2 · layers · heads · their width · 2 bytes."""
    quality: int
    """The class of how well it talks, 0 to 6; within a class the earlier in the list is better."""

    @property
    def active_share(self) -> float:
        """The share of the weights that a token passes."""
        return (self.active or self.parameters) / self.parameters


class VoiceFacts(_Entry):
    """What is known of a voice besides its files."""

    language: str
    """ISO 639-1."""
    sex: Literal["female", "male"]


class Weight(_Entry):
    """A model, or a part of one: a directory of files."""

    name: FileName
    description: Text
    licence: str
    files: tuple[WeightFile, ...] = ()
    """Empty for one that is ``unpinned`` until the hub has been asked."""
    restriction: Text | None = None
    """What the licence does not allow, in a sentence."""
    brain: BrainFacts | None = None
    voice: VoiceFacts | None = None
    """Of a weight that is one voice."""
    stand_in: str = ""
    """The weight that does its work where it cannot be had."""
    adapter: Adapter | None = None
    """What teaches it to talk; it fits this model's file and no other."""
    unpinned: Unpinned | None = None

    @property
    def size(self) -> int:
        """Bytes on disk; roughly, while the hub has not been asked."""
        if not self.files and self.unpinned:
            return self.unpinned.about
        return sum(file.size for file in self.files)

    @model_validator(mode="after")
    def _comes_from_somewhere(self) -> "Weight":
        if not self.files and not self.unpinned:
            raise ValueError(f"{self.name} has neither files nor a place on the hub")
        return self


class Manifest(_Entry):
    """All known weights, the packages that hold them, and sets of weights by name."""

    profiles: dict[str, tuple[str, ...]]
    weights: dict[str, Weight]
    wheels: dict[str, Wheel]
    npm: dict[str, NpmPackage] = {}

    @model_validator(mode="after")
    def _refers_to_what_exists(self) -> "Manifest":
        for profile, names in self.profiles.items():
            if unknown := set(names) - self.weights.keys():
                raise ValueError(f"profile {profile} names unknown weights: {sorted(unknown)}")
        for weight in self.weights.values():
            for file in weight.files:
                sizes = [member.size for member in file.members]
                if sizes and sum(sizes) != file.fetched.size:
                    raise ValueError(f"{weight.name}/{file.name}: its members' sizes do not add up")
                if unknown := {member.wheel for member in file.members} - self.wheels.keys():
                    raise ValueError(f"{weight.name}/{file.name}: unknown wheels {sorted(unknown)}")
                if file.arrays and file.arrays.package not in self.npm:
                    raise ValueError(f"{weight.name}/{file.name}: unknown {file.arrays.package}")
        return self

    def weight(self, name: str) -> Weight:
        """Return a weight; ``SetupError`` with the nearest known name if there is none."""
        if name in self.weights:
            return self.weights[name]
        message = tr("No model is called {name}.").format(name=name)
        raise SetupError(message + _suggestion(name, self.weights), "digital-life models list")

    def profile(self, name: str) -> tuple[Weight, ...]:
        """Return the weights of a profile; ``SetupError`` if there is no such profile."""
        if name in self.profiles:
            return tuple(self.weights[weight] for weight in self.profiles[name])
        message = tr("No profile is called {name}.").format(name=name)
        raise SetupError(message + _suggestion(name, self.profiles), "digital-life models list")


def load(text: str) -> Manifest:
    """Read a manifest; ``SetupError`` says what is wrong with it."""
    try:
        data = tomllib.loads(text)
        for section, field in FIELDS:
            table = data.get(section)
            for name, entry in table.items() if isinstance(table, dict) else ():
                if isinstance(entry, dict):
                    entry[field] = name
        return Manifest.model_validate(data)
    except (tomllib.TOMLDecodeError, RecursionError, ValidationError) as error:
        message = tr("The list of models cannot be read: {error}").format(error=error)
        raise SetupError(message) from error


def shipped(name: str) -> Path:
    """Return where a file is that comes with the program: the checkout's, or the installed one."""
    package = Path(__file__).resolve().parents[1]
    checkout = package.parent / "models"
    return (checkout if (checkout / "models.toml").is_file() else package) / name


def load_default() -> Manifest:
    """Read this version's manifest."""
    return load(shipped("models.toml").read_text(encoding="utf-8"))


def _suggestion(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return " " + tr("Did you mean {near}?").format(near=near[0]) if near else ""
