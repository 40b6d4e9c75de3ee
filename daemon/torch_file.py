"""The tensors of a file that PyTorch saved, read without PyTorch and without running anything.

Such a file is an archive: ``data.pkl`` says in Python's pickle notation which tensors there are and
where their numbers lie (torch/serialization.py). Here the only names that the notation may use are
the handful that PyTorch writes for a dictionary of tensors, and each stands for a function of ours.
"""

import io
import pickle
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

MAX_NOTATION_BYTES = 2**22  # of the notation; CAM++'s is 0.13 MB
MAX_BYTES = 2**30  # of all numbers

Tensor = NDArray[np.generic]
"""Of float32 or int64."""

_TYPES: Mapping[str, type[np.generic]] = {"FloatStorage": np.float32, "LongStorage": np.int64}


def read_tensors(path: Path) -> dict[str, Tensor]:
    """Return the tensors by name; ``ValueError`` where the file is anything else, and ``OSError``.

    They are float32 or int64.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            sizes = {info.filename: info.file_size for info in archive.infolist()}
            notation = next((name for name in sizes if name.endswith("/data.pkl")), "")
            if not notation or sizes[notation] > MAX_NOTATION_BYTES:
                raise ValueError("no tensors in it")
            if sum(sizes.values()) > MAX_BYTES:
                raise ValueError("more numbers than any network here has")
            found = _Reader(archive, notation).load()
    # What damaged files lead pickle and zipfile into shares no base class but Exception.
    except (OSError, ValueError):
        raise
    except Exception as error:
        raise ValueError(f"not a file of tensors ({type(error).__name__})") from error
    if not isinstance(found, Mapping):
        raise ValueError("no dictionary of tensors")
    if not all(isinstance(k, str) and isinstance(v, np.ndarray) for k, v in found.items()):
        raise ValueError("something besides tensors in it")
    return dict(found)


class _Reader(pickle.Unpickler):
    """Reads the notation; what it names is looked up here and never imported."""

    def __init__(self, archive: zipfile.ZipFile, notation: str) -> None:
        super().__init__(io.BytesIO(archive.read(notation)))
        self._archive = archive
        self._folder = notation.removesuffix("data.pkl") + "data/"

    def find_class(self, module: str, name: str) -> object:
        match module, name:
            case "torch._utils", "_rebuild_tensor_v2":
                return _tensor
            case "collections", "OrderedDict":
                return dict
            case "torch", "FloatStorage" | "LongStorage":
                return name
        raise ValueError(f"{module}.{name} is none of a tensor's parts")

    def persistent_load(self, pid: tuple[str, str, str, str, int]) -> Tensor:
        _, kind, key, _, count = pid
        numbers = np.frombuffer(self._archive.read(self._folder + key), _TYPES[kind])
        if len(numbers) != count:
            raise ValueError("the numbers have been cut off")
        return numbers


def _tensor(
    numbers: Tensor, begin: int, shape: tuple[int, ...], steps: tuple[int, ...], *_: object
) -> Tensor:
    """Stand for a tensor; only those are known whose numbers lie one after the other."""
    count = 1
    for size, step in zip(reversed(shape), reversed(steps), strict=True):
        if size > 1 and step != count:
            raise ValueError("a tensor whose numbers are scattered")
        count *= size
    if min(begin, count) < 0 or begin + count > len(numbers):
        raise ValueError("a tensor beyond its numbers")
    return numbers[begin : begin + count].reshape(shape)
