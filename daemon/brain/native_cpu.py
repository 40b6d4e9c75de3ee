"""llama.cpp's arithmetic compiled for this very processor, in the place of the wheel's.

The wheel of xllamacpp has to run on every processor with AVX2. ggml, which computes for llama.cpp,
keeps its "backends" in a registry that also takes shared libraries, the processor's among them
(``ggml_backend_load`` in ggml-backend.h). So one that ``daemon/brain/native_build.py`` has compiled
from the same version's source takes the place of the one in the wheel before a model is loaded.
"""

import ctypes
import functools
import hashlib
import logging
import os
import sys
from pathlib import Path

import xllamacpp
import xllamacpp.xllamacpp as library

from daemon.folders import cache_folder
from daemon.processor_load import processor

log = logging.getLogger(__name__)


def native_library() -> Path:
    """Return where the library for this processor and this version of llama.cpp belongs."""
    machine = f"{processor()}|{_instructions()}"
    name = hashlib.sha256(machine.encode()).hexdigest()[:12]
    return cache_folder() / "engine" / f"ggml-cpu-{xllamacpp.__version__}-{name}.so"


@functools.cache
def use_native_cpu() -> bool:
    """Compute with the library, if there is one; whether this process does. Models loaded stay."""
    path = native_library()
    if not path.is_file():
        return False
    if replace_backend(path):
        return True
    log.warning("%s cannot be loaded; the processor is used as before", path)
    return False


def replace_backend(path: Path) -> bool:
    """Put a library into the place of the wheel's own; whether it could be loaded."""
    # What it needs of ggml, it finds in the wheel's library once that is visible to all.
    ggml = ctypes.CDLL(library.__file__, mode=os.RTLD_GLOBAL | os.RTLD_NOLOAD)
    ggml.ggml_backend_cpu_reg.restype = ggml.ggml_backend_load.restype = ctypes.c_void_p
    ggml.ggml_backend_unload.argtypes = ggml.ggml_backend_register.argtypes = [ctypes.c_void_p]
    own = ggml.ggml_backend_cpu_reg()
    ggml.ggml_backend_unload(own)
    if ggml.ggml_backend_load(os.fsencode(path)):
        return True
    ggml.ggml_backend_register(own)
    return False


def _instructions() -> str:
    """Return what the processor can do; a virtual machine may wake up on another one."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    found = (line for line in lines if line.startswith(("flags", "Features")))
    return next(found, "").partition(":")[2].strip()


if __name__ == "__main__":  # who has built a library tries it here: a fault ends only this process
    if not replace_backend(Path(sys.argv[1])):
        sys.exit(1)
    sys.stdout.write(xllamacpp.get_system_info())
