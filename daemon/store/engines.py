"""Weights converted for an engine: they lie beside the weights, and go with them."""

import json
from pathlib import Path

from daemon.files import discard
from daemon.store.model_store import default_directory

DESCRIPTION = "brain.json"
"""Tells what a folder was made of, under ``model``."""
PREFIX = "brain-"


def engines_directory() -> Path:
    """Return where engines are kept: beside the weights."""
    return default_directory().parent / "engines"


def prune(directory: Path, replaced: Path | None = None) -> None:
    """Remove what was made of brains that are gone, and of the file ``replaced``."""
    for place in directory.glob(f"{PREFIX}*"):
        try:
            told = json.loads((place / DESCRIPTION).read_text(encoding="utf-8"))
            source = Path(told["model"])
        except (OSError, ValueError, KeyError, TypeError):
            continue
        if not source.is_file() or (replaced and source == replaced.resolve()):
            discard(place)
