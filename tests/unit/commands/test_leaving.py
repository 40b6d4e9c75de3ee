"""How the program ends: with a message and an exit code, whatever threads are left."""

import subprocess
import sys

import pytest

SCRIPT = """
import sys, threading, time
import daemon.cli as cli

def work():
    while True:
        time.sleep(0.001)

for _ in range(20):
    threading.Thread(target=work, daemon=True).start()

def fail(argv):
    class Arguments:
        what = ""
        config = None
        @staticmethod
        def run(arguments, settings):
            {failure}
    class Parser:
        def parse_args(self, argv):
            return Arguments
    return Parser()

cli.build_parser = lambda command: fail(None)
sys.argv = ["digital-life", "status"]
raise SystemExit(cli.main())
"""


def ended(failure: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", SCRIPT.replace("{failure}", failure)],
        capture_output=True, text=True, timeout=300,
    )  # fmt: skip


def test_an_unexpected_failure_is_a_message_and_exit_1() -> None:
    done = ended('raise ValueError("what somebody said")')
    assert done.returncode == 1, done.stderr
    assert "Something unexpected happened: ValueError" in done.stderr
    assert "Traceback" not in done.stderr and "somebody" not in done.stderr


def test_so_is_one_in_a_group() -> None:
    done = ended('raise ExceptionGroup("tasks", [KeyError("what somebody said")])')
    assert done.returncode == 1, done.stderr
    assert "KeyError" in done.stderr and "somebody" not in done.stderr


def test_an_expected_failure_keeps_its_code() -> None:
    done = ended('from daemon.errors import DeviceError; raise DeviceError("no microphone")')
    assert done.returncode == 4, done.stderr
    assert "no microphone" in done.stderr


# The interrupt comes while the settings' libraries are imported, and one of them swallows it.
EARLY = """
import os, signal, sys, threading
from daemon.__main__ import main

class Early:
    def find_spec(self, name, path=None, target=None):
        if name == "{module}":
            try:
                signal.raise_signal(signal.SIGINT)
            except KeyboardInterrupt:
                pass

sys.meta_path.insert(0, Early())
sys.argv = ["digital-life", "config", "show"]
raise SystemExit(main())
"""


@pytest.mark.parametrize("module", ["daemon.cli", "argparse", "pydantic", "daemon.config"])
def test_an_interrupt_before_a_command_begins_ends_it_at_once(module: str) -> None:
    command = [sys.executable, "-c", EARLY.replace("{module}", module)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")
