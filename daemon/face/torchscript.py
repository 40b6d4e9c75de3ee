"""The tensors of a TorchScript archive, read without running anything in it.

``torch.jit.load`` runs what the archive says is to be done while loading, and that may write files.
Here the archive's ``data.pkl`` is read as what it is for TorchScript: a notation of objects with
names and tensors. Only the instructions that PyTorch writes are understood (torch/csrc/jit/
serialization/pickler.cpp), each becomes plain data, and nothing is ever imported or called.
"""

import pickletools
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import torch
from torch import Tensor

MAX_WEIGHT_BYTES = 2**30  # bytes of weights; Wav2Lip's are 145 MB
MAX_PICKLE_BYTES = 2**24  # bytes of the notation; Wav2Lip's is 40 KB
MAX_DEPTH, MAX_ENTRIES = 50, 20_000  # modules within modules, and entries in all

_TENSOR = "torch._utils _rebuild_tensor_v2"
_WRAPPERS = {  # calls that stand for their first argument
    "torch._utils _rebuild_parameter",
    "torch.jit._pickle restore_type_tag",
    *(f"torch.jit._pickle build_{kind}list" for kind in ("int", "double", "bool", "tensor")),
}
_TYPES = {
    "Float": torch.float32, "Double": torch.float64, "Half": torch.float16,
    "BFloat16": torch.bfloat16, "Long": torch.int64, "Int": torch.int32, "Short": torch.int16,
    "Char": torch.int8, "Byte": torch.uint8, "Bool": torch.bool,
}  # fmt: skip
_PLAIN = {
    "BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT", "BINUNICODE", "SHORT_BINUNICODE",
}  # fmt: skip
_FIXED = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False, "EMPTY_TUPLE": ()}


Value: TypeAlias = Any
"""Whatever the notation makes: text, numbers, tuples and our stand-ins for all else."""


class NotTorchScript(Exception):
    """The archive is damaged, or holds what PyTorch does not write."""


@dataclass(frozen=True, slots=True)
class _Name:
    """What would be imported."""

    text: str


@dataclass(slots=True)
class _Object:
    """What would be made of a class."""

    state: object = None


@dataclass(frozen=True, slots=True)
class _Call:
    """A tensor: where its numbers are, and how they are arranged."""

    arguments: tuple[Value, ...]


@dataclass(slots=True)
class _Machine:
    """The state while reading the notation."""

    stack: list[Value] = field(default_factory=list)
    marks: list[int] = field(default_factory=list)
    memo: dict[int, Value] = field(default_factory=dict)

    def after_mark(self) -> list[Value]:
        begin = self.marks.pop()
        taken, self.stack[begin:] = self.stack[begin:], []
        return taken


def is_torchscript(path: Path) -> bool:
    """Whether ``torch.jit`` has written the file."""
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return any(name.endswith("/constants.pkl") for name in archive.namelist())


def read_tensors(path: Path) -> dict[str, Tensor]:
    """Return the tensors by name, as the module's ``state_dict`` would; float types are kept.

    Raises ``NotTorchScript``, or whatever a damaged archive leads its reader into.
    """
    with zipfile.ZipFile(path) as archive:
        records = {info.filename.partition("/")[2]: info for info in archive.infolist()}
        if sum(info.file_size for info in records.values()) > MAX_WEIGHT_BYTES:
            raise NotTorchScript("it is too large")
        if "byteorder" in records and archive.read(records["byteorder"]) != b"little":
            raise NotTorchScript("byte order")
        if records["data.pkl"].file_size > MAX_PICKLE_BYTES:
            raise NotTorchScript("data.pkl is too large")
        root = _understood(archive.read(records["data.pkl"]))
        stores: dict[tuple[str, torch.dtype], Tensor] = {}

        def store(key: str, dtype: torch.dtype) -> Tensor:
            if (key, dtype) not in stores:
                data = bytearray(archive.read(records[f"data/{key}"]))
                stores[key, dtype] = torch.frombuffer(data, dtype=dtype)
            return stores[key, dtype]

        found = {}
        for number, (name, call) in enumerate(_walk(root, "", 0)):
            if number > MAX_ENTRIES:
                raise NotTorchScript("too many entries")
            if isinstance(call, _Call):
                found[name] = _tensor(call, store)
        return found


def _walk(value: object, name: str, depth: int) -> Iterator[tuple[str, object]]:
    """Yield every attribute of an object and of those in it."""
    if depth > MAX_DEPTH:
        raise NotTorchScript("too deep")
    if not isinstance(value, _Object) or not isinstance(value.state, dict):
        return
    for key, held in value.state.items():
        yield f"{name}{key}", held
        yield from _walk(held, f"{name}{key}.", depth + 1)


def _tensor(call: _Call, store: Callable[[str, torch.dtype], Tensor]) -> Tensor:
    (kind, storage, key, *_), offset, size, stride = call.arguments[:4]
    if kind != "storage" or not isinstance(storage, _Name) or not isinstance(key, str):
        raise NotTorchScript("storage")
    dtype = _TYPES[storage.text.removeprefix("torch ").removesuffix("Storage")]
    numbers: Tensor = store(key, dtype)
    if not all(isinstance(n, int) and n >= 0 for n in (offset, *size, *stride)):
        raise NotTorchScript("place")
    return numbers.as_strided(size, stride, offset)


def _understood(data: bytes) -> object:
    """Return the value that the notation describes."""
    machine = _Machine()
    for code, argument, _ in pickletools.genops(data):
        if code.name == "STOP":
            return machine.stack[-1]
        _step(code.name, argument, machine)
    raise NotTorchScript("it has no end")


def _step(code: str, argument: Value, machine: _Machine) -> None:
    stack = machine.stack
    if code in _PLAIN:
        stack.append(argument)
    elif code in _FIXED:
        stack.append(_FIXED[code])
    elif code in ("BINPUT", "LONG_BINPUT"):
        machine.memo[argument] = stack[-1]
    elif code in ("BINGET", "LONG_BINGET"):
        stack.append(machine.memo[argument])
    elif code == "GLOBAL":
        stack.append(_Name(argument))
    elif code == "MARK":
        machine.marks.append(len(stack))
    elif code in ("EMPTY_LIST", "EMPTY_DICT"):
        stack.append([] if code == "EMPTY_LIST" else {})
    elif code == "TUPLE":
        stack.append(tuple(machine.after_mark()))
    elif code in ("TUPLE1", "TUPLE2", "TUPLE3"):
        count = int(code[-1])
        stack[-count:] = [tuple(stack[-count:])]
    elif code in ("APPEND", "APPENDS"):
        items = [stack.pop()] if code == "APPEND" else machine.after_mark()
        stack[-1].extend(items)
    elif code in ("SETITEM", "SETITEMS"):
        pairs = [stack.pop(-2), stack.pop()] if code == "SETITEM" else machine.after_mark()
        stack[-1].update(zip(pairs[::2], pairs[1::2], strict=True))
    elif code == "BINPERSID":
        stack[-1] = tuple(stack[-1])
    elif code in ("NEWOBJ", "REDUCE"):
        arguments, name = stack.pop(), stack.pop()
        stack.append(_made(code, name, arguments))
    elif code == "BUILD":
        state = stack.pop()
        stack[-1].state = state
    elif code != "PROTO":
        raise NotTorchScript(code)


def _made(code: str, name: object, arguments: object) -> object:
    """Return what stands for an object or a tensor; nothing else can be made."""
    if not isinstance(name, _Name) or not isinstance(arguments, tuple):
        raise NotTorchScript("a call of a value")
    if code == "NEWOBJ" and name.text.startswith(("__torch__.", "__torch__ ")):
        return _Object()
    if name.text == _TENSOR:
        return _Call(arguments)
    if name.text == "collections OrderedDict" and not arguments:
        return {}
    if name.text in _WRAPPERS:
        return arguments[0]
    raise NotTorchScript(name.text)
