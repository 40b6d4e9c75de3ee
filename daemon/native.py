"""Keeping native libraries' chatter off the terminal."""

import contextlib
import logging
import os
from collections.abc import Iterator


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
