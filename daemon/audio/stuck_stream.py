"""Ends the thread of a sound stream that would run for ever.

When a device fails while it plays, as PipeWire's plug-in for ALSA does when its server restarts,
PortAudio 19 goes round in circles: ``PaAlsaStream_WaitForFrames`` jumps from a failed check back to
before it. Its thread then prints the same line again and again at the cost of a whole core, with
cancellation switched off, and whoever closes the stream waits for it. All that it still touches is
C's ``stderr``. So for the time of closing we stand there, and switch its cancellation on again.
"""

import contextlib
import ctypes
import functools
import os
import threading
from collections.abc import Iterator

# Lines of one thread while its stream is closed; a fault that is no circle prints three.
MAX_LINES = 20
ENABLE = 0  # PTHREAD_CANCEL_ENABLE
UNBUFFERED = 2  # _IONBF
BY_CALLER = 2  # FSETLOCKING_BYCALLER: no lock

_WRITE = ctypes.CFUNCTYPE(ctypes.c_ssize_t, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t)


class _Functions(ctypes.Structure):
    """The C library's ``cookie_io_functions_t``."""

    _fields_ = (
        ("read", ctypes.c_void_p),
        ("write", _WRITE),
        ("seek", ctypes.c_void_p),
        ("close", ctypes.c_void_p),
    )


class _StandIn:
    """A file of the C library that takes the place of ``stderr`` and passes everything on."""

    def __init__(self, library: ctypes.CDLL) -> None:
        library.fopencookie.restype = ctypes.c_void_p
        library.fopencookie.argtypes = [ctypes.c_void_p, ctypes.c_char_p, _Functions]
        library.setvbuf.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int, ctypes.c_size_t]
        self._library = library
        self._place = ctypes.c_void_p.in_dll(library, "stderr")
        self._functions = _Functions(write=_WRITE(self._write))
        self._file = library.fopencookie(None, b"w", self._functions)
        library.setvbuf(self._file, None, UNBUFFERED, 0)
        # Its lock would be held while a line waits for Python's; an extension that prints has that.
        library["__fsetlocking"](ctypes.c_void_p(self._file), BY_CALLER)
        self._real = self._place.value
        self._thread = 0
        self._lines = 0

    def begin(self, thread: int) -> None:
        """Take the place, and look out for ``thread``."""
        self._thread, self._lines = thread, 0
        if self._place.value != self._file:  # so it is while another closing hangs
            self._real = self._place.value
        self._place.value = self._file

    def end(self) -> None:
        """Give the place back."""
        if self._place.value == self._file:
            self._place.value = self._real

    def _write(self, cookie: int, data: int, size: int) -> int:
        """Take a line, in the thread of whoever prints it."""
        if threading.get_ident() == self._thread:
            self._lines += 1
            if self._lines == MAX_LINES:
                self._library.pthread_setcancelstate(ENABLE, None)
                self.end()  # the next line goes to a real file, and writing that can be cancelled
        with contextlib.suppress(OSError):
            os.write(2, ctypes.string_at(data, size))
        return size


@functools.cache
def _stand_in() -> _StandIn | None:
    """Make the file, once: who has begun to print may hold it for long."""
    try:
        return _StandIn(ctypes.CDLL(None))
    except (AttributeError, ValueError):  # another C library; its sound is not ALSA's
        return None


@contextlib.contextmanager
def closing_stuck_stream(thread: int) -> Iterator[None]:
    """Let the stream whose callback ran in ``thread`` be closed in this block.

    ``thread`` is what ``threading.get_ident`` returned there, 0 if it was never called.
    """
    stand_in = _stand_in() if thread else None
    if stand_in is None:
        yield
        return
    stand_in.begin(thread)
    try:
        yield
    finally:
        stand_in.end()
