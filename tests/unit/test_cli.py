"""Which commands there are, and what is imported for one."""

import argparse
import subprocess
import sys
from collections.abc import Iterator

import pytest

from daemon.cli import ENGINES, MODULES, _command, build_parser
from daemon.i18n import speaking


def commands(parser: argparse.ArgumentParser) -> set[str]:
    [choices] = [action for action in parser._actions if action.dest == "command"]
    return set(choices.choices or ())


@pytest.mark.parametrize(("module", "names"), MODULES.items())
def test_a_module_has_the_commands_that_it_is_said_to_have(
    module: str, names: tuple[str, ...]
) -> None:
    for name in names:
        assert commands(build_parser(name)) == set(names)


def test_help_and_a_word_that_is_no_command_know_them_all() -> None:
    named = {name for names in MODULES.values() for name in names}
    assert commands(build_parser("")) == commands(build_parser("fly")) == named


def all_parsers(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    yield parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for below in action.choices.values():
                yield from all_parsers(below)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_command_and_option_is_explained_in_one_language(language: str) -> None:
    with speaking(language):
        for parser in all_parsers(build_parser()):
            assert parser.description, parser.prog
            assert parser.description.isascii() or parser.description[-1] == "。", parser.prog
            for action in parser._actions:
                assert action.help or not action.option_strings, (parser.prog, action)
            headings = {"arguments:", "options:"} & set(parser.format_help().splitlines())
            assert bool(headings) is (language == "en"), parser.prog


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("status --json", "status"),
        ("--config say status", "status"),
        ("--conf say status", "status"),
        ("--config=say status", "status"),
        ("--help", ""),
        ("--version", ""),
        ("", ""),
    ],
)
def test_the_command_is_found_among_the_words(line: str, command: str) -> None:
    assert _command(line.split()) == command


def test_to_steer_the_daemon_takes_no_engine() -> None:
    engines = (*ENGINES, "cv2", "pypinyin", "fastapi")
    script = (
        "import sys; from daemon.cli import main; main(['status']);"
        f"print([name for name in {engines} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"
