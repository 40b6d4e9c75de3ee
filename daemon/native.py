"""Native libraries: their chatter, the memory that they have freed, and how a process ends."""

import contextlib
import ctypes
import gc
import logging
import mmap
import os
import signal
from collections.abc import Iterator
from pathlib import Path

PR_SET_PDEATHSIG = 1  # of prctl.h


@contextlib.contextmanager
def quiet_stderr() -> Iterator[None]:
    """Drop what C and C++ code writes to standard error meanwhile, unless debugging.

    Some libraries print a line at each start and offer no switch. The whole process loses its
    standard error for that moment, so keep it to the one call that chatters.
    """
    if logging.getLogger().getEffectiveLevel() <= logging.DEBUG:
        yield
        return
    kept = os.dup(2)
    try:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 2)
        os.close(null)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def end_with_parent() -> None:
    """Have the kernel end this process when the one that started it is gone, however it ended.

    Precisely: when the thread that started it is, see prctl(2).
    """
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def give_memory_back() -> None:
    """Return memory that was freed to the system.

    glibc keeps it for the threads that used it, and other threads never get it: each life of the
    daemon would need as much again.
    """
    gc.collect()  # what is kept alive only by itself has not been freed yet
    with contextlib.suppress(AttributeError, OSError):  # another C library
        ctypes.CDLL(None).malloc_trim(0)


def give_pages_back(file: Path) -> None:
    """Drop this process's pages of a file that is mapped for reading: they can be read again."""
    with contextlib.suppress(OSError, ValueError):
        libc = ctypes.CDLL(None, use_errno=True)
        for line in Path("/proc/self/maps").read_text().splitlines():
            span, rights, *_, path = line.split(maxsplit=5)
            if path == str(file) and rights.startswith("r--"):
                start, end = (int(part, 16) for part in span.split("-"))
                length = ctypes.c_size_t(end - start)
                libc.madvise(ctypes.c_void_p(start), length, mmap.MADV_DONTNEED)
