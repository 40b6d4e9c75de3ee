"""Official checkpoints on disk: what they are, and their tensors without doubling memory.

Nothing in a checkpoint is run: ``config.json`` is data, ``.safetensors`` hold only tensors, and
``.bin`` files are unpickled as tensors only (``weights_only``). Python files beside them, which the
authors' own way of loading runs, are never imported.
"""

import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import torch
from safetensors import safe_open
from torch import Tensor

from daemon.errors import SetupError
from daemon.i18n import tr
from daemon.media import JsonObject

PREFIX = "transformer.prefix_encoder."  # what the names of a prefix's tensors begin with
PORTION = 32 * 2**20  # bytes mapped at a time, so that what was copied is given back soon


class Generation(StrEnum):
    """The kinds of checkpoint; each has its network, its tokens and its form of a chat."""

    FIRST = "ChatGLM-6B"
    SECOND = "ChatGLM2-6B"
    THIRD = "ChatGLM3-6B"
    GLM = "GLM"
    """GLM-4-9B-chat-hf, GLM-4-0414 and GLM-Edge, whose networks transformers has itself."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A directory with ``config.json`` and weights."""

    directory: Path
    config: JsonObject
    generation: Generation

    @property
    def size(self) -> int:
        """Bytes of its weights; ``SetupError`` when a file is missing."""
        return sum(path.stat().st_size for path in shards(self.directory))


def read_checkpoint(directory: Path) -> Checkpoint:
    """Look at a directory; ``SetupError`` says why it cannot be used."""
    if not directory.is_dir():
        raise SetupError(tr("There is no folder {path}").format(path=directory))
    config = read_json(directory / "config.json")
    if config.get("pre_seq_len") and _only_a_prefix(directory):
        raise SetupError(
            tr("{path} holds only a prefix, and not the model that it was trained on.").format(
                path=directory
            ),
            f"--model … --prefix {directory}",
        )
    return Checkpoint(directory, config, _generation(directory, config))


def _only_a_prefix(directory: Path) -> bool:
    names = (name for path in shards(directory) for name, _ in tensors(path))
    return all(name.startswith(PREFIX) for name in names)


def read_json(path: Path) -> JsonObject:
    """Read a JSON object; ``SetupError`` when there is none."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SetupError(
            tr("{path} cannot be read: {reason}.").format(path=path, reason=error.strerror)
        ) from error
    except ValueError as error:
        raise damaged(path) from error
    if not isinstance(value, dict):
        raise damaged(path)
    return value


def damaged(path: Path) -> SetupError:
    """Say that a file of a checkpoint cannot be used."""
    return SetupError(
        tr("{path} is damaged or incomplete.").format(path=path),
        tr("download this file again and compare its size with the publisher's"),
    )


def _generation(directory: Path, config: JsonObject) -> Generation:
    kind = config.get("model_type")
    if kind in ("glm", "glm4"):
        return Generation.GLM
    if kind != "chatglm":
        raise SetupError(
            tr("{path} holds a model of the kind {kind}, which is not a ChatGLM or GLM.").format(
                path=directory, kind=kind
            ),
            tr("serve it with llama.cpp or vLLM: see “Use a larger brain” in the README"),
        )
    if config.get("quantization_bit"):
        raise SetupError(
            tr("The checkpoint {path} is quantised in the authors' own way.").format(
                path=directory
            ),
            tr('take the full one and set dtype = "int4" or "int8" under [brain]'),
        )
    if "position_encoding_2d" in config or "inner_hidden_size" in config:
        return Generation.FIRST
    if (
        not (directory / "tokenizer.model").is_file()
        or config.get("padded_vocab_size", 0) > 100_000
    ):
        raise SetupError(
            tr("{path} lacks tokenizer.model, or is a GLM-4 in the authors' own form.").format(
                path=directory
            ),
            tr("of GLM-4, take the edition whose name ends in -hf"),
        )
    return Generation.SECOND if _is_second(directory, config) else Generation.THIRD


def _is_second(directory: Path, config: JsonObject) -> bool:
    """Tell the second generation from the third, whose network and vocabulary are the same.

    The names in its files say it; where somebody renamed it, the authors' tokenizer does, which
    has roles since the third generation. It is read, not run.
    """
    tokens = directory / "tokenizer_config.json"
    names = [config.get("_name_or_path"), directory.name]
    if tokens.is_file():
        names.insert(0, read_json(tokens).get("name_or_path"))
    for name in map(str, names):
        if "chatglm2" in name or "chatglm3" in name:
            return "chatglm2" in name
    code = directory / "tokenization_chatglm.py"
    return code.is_file() and b"<|user|>" not in code.read_bytes()


def shards(directory: Path) -> list[Path]:
    """Return the files that hold the weights; ``SetupError`` when there are none or too few."""
    for name in ("model.safetensors", "pytorch_model.bin"):
        index = directory / f"{name}.index.json"
        if index.is_file():
            places = read_json(index).get("weight_map")
            if not isinstance(places, dict) or not places:
                raise damaged(index)
            files = sorted({str(place) for place in places.values()})
            if any(Path(file).name != file for file in files):  # nothing outside of the directory
                raise damaged(index)
            missing = [file for file in files if not (directory / file).is_file()]
            if missing:
                raise SetupError(
                    tr("The checkpoint {path} is incomplete: {files} missing.").format(
                        path=directory, files=", ".join(missing)
                    ),
                    tr("download the missing files"),
                )
            return [directory / file for file in files]
        if (directory / name).is_file():
            return [directory / name]
    raise SetupError(
        tr("{path} holds no weights: neither .safetensors nor .bin files.").format(path=directory)
    )


def tensors(path: Path) -> Iterator[tuple[str, Tensor]]:
    """Yield a file's tensors; each is only valid until the next is asked for.

    The file is mapped, and mapped anew after every ``PORTION``: what has been copied does not stay
    in memory. Raises ``SetupError`` when the file is damaged.
    """
    try:
        names = [name for name, _ in _mapped(path, None)]
        while names:
            done, size = 0, 0
            for _, tensor in _mapped(path, names):
                yield names[done], tensor
                done, size = done + 1, size + tensor.nbytes
                del tensor  # or it would keep this mapping beside the next
                if size >= PORTION:
                    break
            names = names[done:]
    except Exception as error:  # a damaged file may lead PyTorch into any
        if "unsupported global" in str(error).lower():  # a name that tensors have no need of
            raise SetupError(
                tr("{path} holds more than tensors; it may be a program, and was not run.").format(
                    path=path
                ),
                tr("take the model from its authors, best as .safetensors, which are data only"),
            ) from error
        raise damaged(path) from error


def _mapped(path: Path, names: list[str] | None) -> Iterator[tuple[str, Tensor]]:
    """Map a file and yield the named tensors, or all."""
    if path.suffix == ".safetensors":
        with safe_open(path, framework="pt") as file:
            for name in file.keys() if names is None else names:
                yield name, file.get_tensor(name)
        return
    # The format before PyTorch 1.6 cannot be mapped; such files are read whole.
    held = torch.load(path, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(path))
    if not isinstance(held, dict):
        raise ValueError("it holds no tensors by name")
    for name in held if names is None else names:
        if not isinstance(held[name], Tensor):
            raise ValueError(f"{name} is not a tensor")
        yield name, held[name]
