"""What people and models write is shown as they wrote it."""

import ast
import io
import os
import pty
from pathlib import Path

import pytest
from rich.table import Table

import daemon
from daemon.terminal import PlainConsole, styled, visible

DATA = (
    "root:x:0:0:root:/root:/bin/bash",
    "put the :key: under the mat, :100: percent",
    "a[0] = [b]bold[/b] [red]",
    "[/]",
    "\\[x] and [link=http://a.b]",
    "C:\\Users\\me\\",
)


@pytest.mark.parametrize("text", DATA)
def test_data_stays_as_it_is(text: str) -> None:
    console = PlainConsole()
    console.file = io.StringIO()
    console.width = 200
    console.print(text)
    table = Table(text)
    table.add_row(text)
    console.print(table)
    console.print(styled((text, "bold"), text))
    shown = console.file.getvalue()
    assert shown.splitlines()[0] == text
    assert shown.count(text) == 5


def test_a_terminal_is_not_steered_by_data() -> None:
    leader, follower = pty.openpty()
    with os.fdopen(leader, "rb", 0) as seen, os.fdopen(follower, "w") as screen:
        console = PlainConsole()
        console.file = screen
        console.print("a\x1b]0;title\x07\x9b2Jb\r\nc", styled("d\x1b[2J"))
        screen.flush()
        shown = seen.read(1000)
    assert b"\x1b]0" not in shown and b"\x1b[2J" not in shown and "\x9b".encode() not in shown
    assert shown.startswith("a�]0;title".encode())


def test_what_cannot_be_encoded_is_shown_all_the_same() -> None:
    assert visible("a\udcffb") == "a?b"


@pytest.mark.parametrize(
    "steering", [*"\u202a\u202b\u202d\u202e\u2066\u2067\u2069\u2028\u2029\u206e"]
)
def test_no_letter_is_read_in_another_order(steering: str) -> None:
    assert visible(f"bill{steering}fdp.exe") == "bill\ufffdfdp.exe"


@pytest.mark.parametrize("hidden", [*"\xad\u061c\u200b\u200e\u200f\u2060\ufeff\U000e0041"])
def test_nothing_is_hidden_between_letters(hidden: str) -> None:
    assert visible(f"a{hidden}b") == "ab"


@pytest.mark.parametrize("text", ["👨‍👩‍👧", "می‌خواهم", "क्‍ष", "שלום", "❤️"])
def test_what_shapes_letters_stays(text: str) -> None:
    assert visible(text) == text


def test_every_console_is_plain() -> None:
    """Another would eat what stands between colons and brackets."""
    package = Path(daemon.__file__).parent
    for path in package.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                continue
            given = {word.arg: word.value for word in node.keywords}
            if node.func.id == "Console":
                assert "quiet" in given, path
            if node.func.id == "TextColumn":
                assert isinstance(given.get("markup"), ast.Constant), path
            assert node.func.id != "escape", f"{path}: nothing is markup"
