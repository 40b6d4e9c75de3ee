"""Whisper's two graphs as OpenVINO's files, made once and kept beside the weights.

Mapped from there they take 100 MB less than graphs that are made in memory, and half a second less
of the start. What is made is known by the model's file, its time and size, and by ``VERSION``.
"""

import hashlib
import json
import logging
from pathlib import Path

import openvino as ov

from daemon.ears.openvino.graph import decoder, encoder
from daemon.ears.openvino.model_file import ModelFile
from daemon.errors import StorageError
from daemon.files import atomic_folder, discard
from daemon.store.engines import EARS, engines_directory, prune

VERSION = 1  # of what is written
GRAPHS = {"encoder": encoder, "decoder": decoder}
_FILES = (*(f"{name}.{end}" for name in GRAPHS for end in ("xml", "bin")), EARS.description)

log = logging.getLogger(__name__)


def kept_graphs(model: Path, file: ModelFile, directory: Path | None = None) -> Path | None:
    """Return the folder with ``encoder.xml`` and ``decoder.xml`` of the ``file`` at ``model``.

    ``None`` where the disk does not take them. Raises ``ValueError`` for weights that are missing
    or quantised.
    """
    directory = directory or engines_directory()
    try:
        place = directory / f"{EARS.prefix}{_key(model)}"
        if all((place / name).is_file() for name in _FILES):
            return place
        discard(place)  # somebody has taken a file out of it
        prune(directory, model)
        with atomic_folder(place, replace=False) as making:
            for name, graph in GRAPHS.items():
                # compressed, 8 bits would become 16 and the scales would be rounded again
                ov.save_model(graph(file), str(making / f"{name}.xml"), compress_to_fp16=False)
            told = json.dumps({"model": str(model.resolve())})
            (making / EARS.description).write_text(told, encoding="utf-8")
    except (OSError, RuntimeError, StorageError) as error:  # OpenVINO raises the second
        log.debug("%s is prepared anew at each start: %s", model, error)
        return None
    return place


def _key(model: Path) -> str:
    seen = model.stat()
    parts = (model.resolve(), seen.st_size, seen.st_mtime_ns, VERSION)
    return hashlib.sha256(repr(tuple(map(str, parts))).encode()).hexdigest()[:32]
