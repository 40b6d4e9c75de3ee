"""Keys that do something at once, without Enter, while a command runs."""

import asyncio
import os
import signal
import sys
import termios
import tty
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress

MAX_BYTES = 64  # bytes taken at a time: more is no key but something pasted


@contextmanager
def keys(actions: Mapping[str, Callable[[], None]]) -> Iterator[bool]:
    """Call an action when its key is pressed, small or capital; yields whether there are keys.

    The terminal is given back as it was, whatever ends the block. Ctrl+C and Ctrl+Z stay what they
    are. Belongs to the event loop's thread.
    """
    if not sys.stdin.isatty():
        yield False
        return
    keyboard = _Keyboard(sys.stdin.fileno(), actions)
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGCONT, keyboard.open)  # back from Ctrl+Z, or from another job
    try:
        keyboard.open()
        yield True
    finally:
        loop.remove_signal_handler(signal.SIGCONT)
        keyboard.close()


class _Keyboard:
    def __init__(self, terminal: int, actions: Mapping[str, Callable[[], None]]) -> None:
        self._terminal = terminal
        self._actions = actions
        self._before: list[int | list[bytes | int]] = termios.tcgetattr(terminal)

    def open(self) -> None:
        """Take keys one by one, unless the terminal is another job's."""
        if self._ours():
            tty.setcbreak(self._terminal, termios.TCSADRAIN)
            asyncio.get_running_loop().add_reader(self._terminal, self._read)

    def close(self) -> None:
        """Leave the terminal as it was."""
        asyncio.get_running_loop().remove_reader(self._terminal)
        if self._ours():
            termios.tcsetattr(self._terminal, termios.TCSADRAIN, self._before)

    def _ours(self) -> bool:
        """Whether we are in the foreground: a job in the background is stopped when it asks."""
        try:
            return os.tcgetpgrp(self._terminal) == os.getpgrp()
        except OSError:  # the terminal has been closed
            return False

    def _read(self) -> None:
        data = b""
        if self._ours():
            with suppress(OSError):
                data = os.read(self._terminal, MAX_BYTES)
        if not data:
            asyncio.get_running_loop().remove_reader(self._terminal)
        for key in data.decode(errors="ignore").lower():
            if key in self._actions:
                self._actions[key]()
