"""Weights converted for an engine: they lie beside the weights, and go with them."""

import json
from dataclasses import dataclass
from pathlib import Path

from daemon.files import discard
from daemon.store.model_store import default_directory


@dataclass(frozen=True, slots=True)
class Kind:
    """What is made of one kind of weights: a folder for each."""

    prefix: str
    """Of the folder's name."""
    description: str
    """A file in it, JSON, which tells what the folder was made of, under ``model``."""


BRAIN = Kind("brain-", "brain.json")
VOICE = Kind("voice-", "voice.json")
EARS = Kind("ears-", "ears.json")
DESCRIPTION = BRAIN.description
PREFIX = BRAIN.prefix


def engines_directory() -> Path:
    """Return where engines are kept: beside the weights."""
    return default_directory().parent / "engines"


def prune(directory: Path, replaced: Path | None = None) -> None:
    """Remove what was made of weights that are gone, and of the file ``replaced``."""
    for kind in (BRAIN, VOICE, EARS):
        for place in directory.glob(f"{kind.prefix}*"):
            try:
                told = json.loads((place / kind.description).read_text(encoding="utf-8"))
                source = Path(told["model"])
                goes = not source.is_file() or (replaced and source == replaced.resolve())
            except (OSError, ValueError, KeyError, TypeError):
                continue
            if goes:
                discard(place)
