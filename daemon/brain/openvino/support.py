"""Whether a GGUF file can be run with OpenVINO, told by the beginning of its header."""

import importlib.util
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

ARCHITECTURES = ("llama", "qwen2", "qwen3")
PRE_TOKENIZERS = frozenset({"gpt-2", "llama-bpe", "llama3", "qwen2", "smollm"})
"""Values of ``tokenizer.ggml.pre``: how a text is parted before it becomes tokens."""
MODULES = ("openvino", "gguf", "jinja2", "llguidance", "tokenizers")
MAGIC = b"GGUF"
MAX_TEXT = 1 << 20  # bytes of a text in a header; a chat template has some thousand
MAX_KEYS = 1000
_NUMBERS = {
    0: "B",
    1: "b",
    2: "H",
    3: "h",
    4: "I",
    5: "i",
    6: "f",
    7: "?",
    10: "Q",
    11: "q",
    12: "d",
}
_TEXT = 8


def unsupported(path: Path) -> str:
    """Return why the model is not for this engine, as a few English words for a log; "" if it is.

    Reads a few hundred bytes: what comes before the list of tokens.
    """
    missing = [name for name in MODULES if importlib.util.find_spec(name) is None]
    if missing:
        return f"{missing[0]} is not installed"
    try:
        with path.open("rb") as file:
            header = dict(_values(file))
    except (OSError, ValueError, struct.error) as error:
        return f"it cannot be read: {error}"
    kind = header.get("general.architecture")
    if kind not in ARCHITECTURES:
        return f"its architecture is {kind}"
    scaling = header.get(f"{kind}.rope.scaling.type", "none")
    if scaling != "none":
        return f"its positions are scaled: {scaling}"
    if header.get(f"{kind}.expert_count", 0):
        return "it is a mixture of experts"
    if header.get("tokenizer.ggml.model") != "gpt2":
        return f"its tokenizer is {header.get('tokenizer.ggml.model')}"
    if header.get("tokenizer.ggml.pre") not in PRE_TOKENIZERS:
        return f"its tokenizer is {header.get('tokenizer.ggml.pre')}"
    return ""


def _values(file: BinaryIO) -> Iterator[tuple[str, object]]:
    """Yield keys and values up to the first list."""
    if file.read(4) != MAGIC:
        raise ValueError("no GGUF")
    file.seek(4 + 8, 1)  # its version, and how many tensors there are
    keys = _integer(file, "Q")
    for _ in range(min(keys, MAX_KEYS)):
        key = _text(file)
        kind = _integer(file, "I")
        if kind == _TEXT:
            yield key, _text(file)
        elif kind in _NUMBERS:
            yield key, _number(file, _NUMBERS[kind])
        elif key.startswith("tokenizer."):
            return
        else:
            _skip_list(file)


def _skip_list(file: BinaryIO) -> None:
    kind, count = _integer(file, "I"), _integer(file, "Q")
    if count > MAX_TEXT:
        raise ValueError("a list without end")
    if kind == _TEXT:
        for _ in range(count):
            _text(file)
    elif kind in _NUMBERS:
        file.seek(count * struct.calcsize(_NUMBERS[kind]), 1)
    else:
        raise ValueError(f"a list of kind {kind}")


def _text(file: BinaryIO) -> str:
    length = _integer(file, "Q")
    if length > MAX_TEXT:
        raise ValueError("a text without end")
    return file.read(length).decode(errors="replace")


def _integer(file: BinaryIO, form: str) -> int:
    return int(_number(file, form))


def _number(file: BinaryIO, form: str) -> float:
    (value,) = struct.unpack(f"<{form}", file.read(struct.calcsize(f"<{form}")))
    return value  # type: ignore[no-any-return]  # struct knows no types
