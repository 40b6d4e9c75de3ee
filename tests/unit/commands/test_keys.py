import asyncio
import os
import pty
import termios
from collections.abc import Iterator
from io import FileIO
from typing import Any

import pytest

from daemon.commands.keys import keys
from tests.virtual_time import run


class Terminal:
    """A terminal that is typed on; the test is its foreground job."""

    def __init__(self) -> None:
        self.keyboard, self.side = pty.openpty()
        self.stdin = FileIO(self.side, closefd=False)

    def state(self) -> list[Any]:
        return termios.tcgetattr(self.side)

    def local_modes(self) -> int:
        return int(self.state()[3])

    def press(self, text: str) -> None:
        os.write(self.keyboard, text.encode())


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    terminal = Terminal()
    monkeypatch.setattr("sys.stdin", terminal.stdin)
    monkeypatch.setattr(os, "tcgetpgrp", lambda _: os.getpgrp())
    yield terminal
    os.close(terminal.keyboard)
    os.close(terminal.side)


async def until(pressed: list[str], count: int) -> None:
    async with asyncio.timeout(300):
        while len(pressed) < count:  # noqa: ASYNC110
            await asyncio.sleep(0.005)


def test_a_key_acts_at_once_and_the_terminal_is_given_back(terminal: Terminal) -> None:
    before, pressed = terminal.state(), list[str]()

    async def main() -> None:
        with keys({"m": lambda: pressed.append("m"), "c": lambda: pressed.append("c")}) as there:
            assert there
            assert not terminal.local_modes() & (termios.ICANON | termios.ECHO)
            assert terminal.local_modes() & termios.ISIG, "Ctrl+C stays what it is"
            terminal.press("mxC你m")
            await until(pressed, 3)
        assert terminal.state() == before

    run(main())
    assert pressed == ["m", "c", "m"]


def test_a_crash_gives_the_terminal_back(terminal: Terminal) -> None:
    before = terminal.state()

    async def main() -> None:
        with keys({}):
            raise RuntimeError("crash")

    with pytest.raises(RuntimeError, match="crash"):
        run(main())
    assert terminal.state() == before


def test_a_job_in_the_background_leaves_the_terminal_alone(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = terminal.state()
    monkeypatch.setattr(os, "tcgetpgrp", lambda _: os.getpgrp() + 1)

    async def main() -> None:
        with keys({}):
            assert terminal.state() == before

    run(main())
    assert terminal.state() == before


def test_without_a_terminal_there_are_no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        with open(os.devnull) as nothing:  # noqa: ASYNC230
            monkeypatch.setattr("sys.stdin", nothing)
            with keys({}) as there:
                assert not there

    run(main())
