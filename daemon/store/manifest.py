"""The list of known weights, ``models.toml``, as typed and checked values."""

import difflib
import tomllib
from collections.abc import Iterable
from importlib import resources
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError, model_validator

from daemon.errors import SetupError
from daemon.i18n import language, tr

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


class Source(Contents):
    """The file that another is made from."""

    by: Literal["mandarin"]
    """The preparation: ``daemon.store.mandarin.prepare``."""


class WeightFile(Contents):
    """One file of a weight."""

    name: FileName
    members: tuple[Member, ...] = ()
    hub: Hub | None = None
    made_from: Source | None = None

    @property
    def fetched(self) -> Contents:
        """What comes from a source: the file itself, or the one that it is made from."""
        return self.made_from or self


class Weight(_Entry):
    """A model, or a part of one: a directory of files."""

    name: FileName
    description: Text
    licence: str
    files: tuple[WeightFile, ...]
    restriction: Text | None = None
    """What the licence does not allow, in a sentence."""

    @property
    def size(self) -> int:
        """Bytes on disk."""
        return sum(file.size for file in self.files)


class Manifest(_Entry):
    """All known weights, the wheels that hold them, and sets of weights by name."""

    profiles: dict[str, tuple[str, ...]]
    weights: dict[str, Weight]
    wheels: dict[str, Wheel]

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
        for room, field in (("weights", "name"), ("wheels", "distribution")):
            table = data.get(room)
            for name, entry in table.items() if isinstance(table, dict) else ():
                if isinstance(entry, dict):
                    entry[field] = name
        return Manifest.model_validate(data)
    except (tomllib.TOMLDecodeError, RecursionError, ValidationError) as error:
        message = tr("The list of models cannot be read: {error}").format(error=error)
        raise SetupError(message) from error


def load_default() -> Manifest:
    """Read this version's manifest: the checkout's, or else the installed one."""
    checkout = Path(__file__).resolve().parents[2] / "models" / "models.toml"
    installed = resources.files("daemon").joinpath("models.toml")
    return load((checkout if checkout.is_file() else installed).read_text(encoding="utf-8"))


def _suggestion(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return " " + tr("Did you mean {near}?").format(near=near[0]) if near else ""
