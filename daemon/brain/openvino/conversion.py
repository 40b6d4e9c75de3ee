"""A GGUF file as OpenVINO's model, made once and kept in the cache.

It is made by a process of its own, whose memory then is free again. What is made is known by the
file, its time and size, by the adapter's checksum and by ``VERSION``; what belongs to a file that
is gone or was replaced is removed when the next one is made, or when a model is removed.
"""

import hashlib
import json
import logging
import subprocess
import sys
from pathlib import Path

from daemon.errors import SetupError
from daemon.files import atomic_folder, discard
from daemon.i18n import tr
from daemon.media import JsonObject
from daemon.native import end_with_parent
from daemon.store.engines import DESCRIPTION, PREFIX, engines_directory, prune
from daemon.store.verify import sha256

log = logging.getLogger(__name__)

VERSION = 1  # of what is written
TIME_LIMIT_S = 1800.0  # 25 s for half a billion weights on two cores
TOKENIZER = "tokenizer.json"
_FILES = ("model.xml", "model.bin", TOKENIZER, DESCRIPTION)


def converted(model: Path, adapter: Path | None, directory: Path | None = None) -> Path:
    """Return the folder of the converted model, which is made if it is not there.

    Raises ``SetupError`` if that fails, ``StorageError`` when the disk refuses.
    """
    directory = directory or engines_directory()
    place = directory / f"{PREFIX}{_key(model, adapter)}"
    if _complete(place):
        return place
    discard(place)  # somebody has taken a file out of it
    prune(directory, model)
    text = tr("Preparing the language model {path} for OpenVINO, once; this takes about a minute.")
    log.info("%s", text.format(path=model))
    with atomic_folder(place, replace=False) as making:
        _convert_apart(model, adapter, making)
    log.info("%s", tr("The language model {path} has been prepared.").format(path=model))
    return place


def is_converted(model: Path, adapter: Path | None, directory: Path | None = None) -> bool:
    """Whether ``converted`` would return at once. Raises ``SetupError`` for what is no file."""
    directory = directory or engines_directory()
    return _complete(directory / f"{PREFIX}{_key(model, adapter)}")


def _complete(place: Path) -> bool:
    return all((place / name).is_file() for name in _FILES)


def _key(model: Path, adapter: Path | None) -> str:
    try:
        seen = model.stat()
        parts = (model.resolve(), seen.st_size, seen.st_mtime_ns, adapter and sha256(adapter))
    except OSError as error:
        raise SetupError(
            tr("Cannot read {path}: {reason}").format(path=model, reason=error.strerror)
        ) from error
    return hashlib.sha256(repr((*map(str, parts), VERSION)).encode()).hexdigest()[:32]


def _convert_apart(model: Path, adapter: Path | None, to: Path) -> None:
    paths = [str(path) for path in (model.resolve(), to, adapter) if path]
    command = ["nice", sys.executable, "-m", "daemon.brain.openvino.conversion", *paths]
    try:
        subprocess.run(
            command,
            check=True,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=TIME_LIMIT_S,
        )
    except (OSError, subprocess.SubprocessError) as error:
        reason = (getattr(error, "stderr", None) or str(error)).strip().rpartition("\n")[2]
        raise SetupError(
            tr("{path} cannot be prepared for OpenVINO: {reason}").format(
                path=model, reason=reason
            ),
            tr('for the engine that takes every model set engine = "llama.cpp" under [brain]'),
        ) from error


def write(model: Path, to: Path, adapter: Path | None = None) -> None:
    """Convert into the folder ``to``; raises ``ValueError``, ``KeyError`` or ``OSError``."""
    import openvino

    from daemon.brain.openvino.gguf_file import GgufFile, Merged
    from daemon.brain.openvino.graph import build
    from daemon.brain.openvino.packing import int8
    from daemon.brain.openvino.tokenizer import describe_tokenizer, write_tokenizer

    file = GgufFile(model)
    lora = GgufFile(adapter) if adapter else None
    weights = Merged(file, lora)
    openvino.save_model(build(weights, int8), str(to / "model.xml"), compress_to_fp16=False)
    write_tokenizer(file.field, to / TOKENIZER)
    words = file.tensors["token_embd.weight"]
    shape = weights.shape
    told: JsonObject = {
        "model": str(model),
        "context_tokens": shape.context_tokens,
        "vocabulary": shape.vocabulary,
        "head_size": shape.head_size,
        "rope_base": shape.rope_base,
        "rope_factors": weights.rope_factors(),
        "embeddings": {
            "offset": int(words.data_offset),
            "rows": int(words.data.shape[0]),
            "bytes": int(words.data[0].nbytes),
            "kind": int(words.tensor_type),
        },
        "template": file.field("tokenizer.chat_template", ""),
        "tokens": describe_tokenizer(file.field),
    }
    (to / DESCRIPTION).write_text(json.dumps(told), encoding="utf-8")


if __name__ == "__main__":
    end_with_parent()
    write(*map(Path, sys.argv[1:]))
