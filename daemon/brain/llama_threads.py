"""Other numbers of threads for a model that llama.cpp's server has loaded.

The server takes the numbers once, when it loads a model; ``llama_set_n_threads`` would change them
between two tokens, but xllamacpp does not offer it. The library does export it, and what it needs,
the model's context, hangs below the Python object: ``xllamacpp.Server`` holds a ``shared_ptr`` to
a C++ object, in which a ``shared_ptr<server_context>`` follows the string with the address that it
listens on (server.h of xllamacpp), and ``server_context::get_llama_context`` is exported, too.

Nothing is believed: all is read through the kernel, which answers for addresses that are none with
an error, and the context has to tell the numbers that it was made with. A version with another
layout is used with the numbers it was loaded with.
"""

import ctypes
import logging
import os
import struct

import xllamacpp
import xllamacpp.xllamacpp as library

log = logging.getLogger(__name__)

WORD = struct.calcsize("P")
MAX_OBJECT = 64 * 1024  # bytes searched of the C++ object, most of which are the parameters: 23 kB
CHUNK = 4096  # of an object whose end is not known: what is read until then counts
CONTEXT_BYTES = 1024  # of a context that have to be readable before it is asked
GET_CONTEXT = "_ZNK14server_context17get_llama_contextEv"


class LlamaThreads:
    """Sets the threads of one server's model."""

    def __init__(self, server: xllamacpp.Server, context_tokens: int, threads: int) -> None:
        """Look for the context; ``threads`` is what the server was given, to read and to write."""
        self._set = 0
        self._context: int | None = None
        try:
            self._library = ctypes.PyDLL(library.__file__)
            self._context = self._find(server, (context_tokens, threads, threads))
        except (OSError, AttributeError, struct.error) as error:
            log.debug("llama.cpp's context: %s", error)
        if self._context is None:
            log.info("llama.cpp keeps its threads: this xllamacpp is built otherwise")

    @property
    def adjustable(self) -> bool:
        """Whether the numbers can be changed."""
        return self._context is not None

    def set(self, threads: int) -> None:
        """Compute with so many threads from the next token on; at most as many as at the start."""
        if self._context is not None and threads != self._set:
            self._library.llama_set_n_threads(ctypes.c_void_p(self._context), threads, threads)
            self._set = threads

    def get(self) -> int:
        """Return the threads that write; 0 if that is not known."""
        if self._context is None:
            return 0
        return int(self._library.llama_n_threads(ctypes.c_void_p(self._context)))

    def _find(self, server: xllamacpp.Server, facts: tuple[int, int, int]) -> int | None:
        address = server.listening_address.encode()
        thing = _word(id(server) + object.__basicsize__)
        inside = _read_until_the_end(thing)
        for at in range(0, len(inside) - WORD, WORD):
            text, candidate = struct.unpack_from("PP", inside, at)
            try:
                if _read(text, len(address) + 1) == address + b"\0":
                    return self._context_of(candidate, facts)
            except OSError:
                continue
        return None

    def _context_of(self, server_context: int, facts: tuple[int, int, int]) -> int | None:
        """Return the address of the context, if there is one with these tokens and threads."""
        _read(_word(server_context), CONTEXT_BYTES)
        find = self._library[GET_CONTEXT]
        find.restype = ctypes.c_void_p
        context: int | None = find(ctypes.c_void_p(server_context))
        if not context:
            return None
        _read(context, CONTEXT_BYTES)
        names = ("llama_n_ctx", "llama_n_threads", "llama_n_threads_batch")
        told = tuple(self._library[name](ctypes.c_void_p(context)) for name in names)
        return context if told == facts else None


class _Piece(ctypes.Structure):
    """A ``struct iovec``."""

    _fields_ = (("base", ctypes.c_void_p), ("length", ctypes.c_size_t))


def _read(address: int, count: int) -> bytes:
    """Return bytes of this process's memory; raises ``OSError`` where there are none."""
    into = ctypes.create_string_buffer(count)
    here = _Piece(ctypes.cast(into, ctypes.c_void_p), count)
    there = _Piece(ctypes.c_void_p(address), count)
    read = ctypes.CDLL(None, use_errno=True).process_vm_readv
    read.restype = ctypes.c_ssize_t
    got = read(os.getpid(), ctypes.byref(here), 1, ctypes.byref(there), 1, 0)
    if got != count:
        raise OSError(ctypes.get_errno(), "no such memory")
    return into.raw


def _word(address: int) -> int:
    (word,) = struct.unpack("P", _read(address, WORD))
    return int(word)


def _read_until_the_end(address: int) -> bytes:
    """Return what can be read from ``address`` on, at most ``MAX_OBJECT`` bytes."""
    parts = []
    for offset in range(0, MAX_OBJECT, CHUNK):
        try:
            parts.append(_read(address + offset, CHUNK))
        except OSError:
            break
    return b"".join(parts)
