"""What is logged reaches the terminal or the journal whatever a library does, and has no words."""

import logging
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from daemon.errors import MAX_MESSAGE_CHARS, MAX_SAID_CHARS, StageError, named
from daemon.journal import DiscreetFormatter, without_words

CANARY = "xylophone"

LOG = """
import logging, os
from daemon.journal import start_logging

start_logging("info")
log = logging.getLogger("daemon.test")
log.info("before")
real = os.dup(2)
os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # as sounddevice does while PortAudio starts
log.info("meanwhile")
os.dup2(real, 2)
log.info("after")
"""

# Each line is a way in which a text of somebody else's may reach standard error.
LEAKS = """
import asyncio, gc, logging, sys, threading, warnings
from daemon.errors import StageError
from daemon.journal import start_logging

start_logging(sys.argv[1])
word = sys.argv[2]  # a traceback may show the lines of this script
ours, theirs = logging.getLogger("daemon.test"), logging.getLogger("somebody.else")

def broken():
    try:
        raise ValueError(word)
    except ValueError as error:
        raise UnicodeEncodeError("utf-8", word, 0, 1, word) from error

class Told:
    def __del__(self):
        broken()

def caught(fn):
    try:
        fn()
    except Exception as error:
        return error

async def forgotten():
    async def fail():
        broken()
    task = asyncio.ensure_future(fail())
    await asyncio.sleep(0)
    asyncio.get_running_loop().call_soon(broken)
    await asyncio.sleep(0)
    del task
    gc.collect()

error = caught(broken)
ours.error("turn 1 failed: %s", error)
ours.error("turn 1 failed: %s", StageError("brain", "the brain failed", said=word))
ours.error("failed", exc_info=error)
ours.error("failed", exc_info=ExceptionGroup(word, [error]))
ours.error("%d", word)
theirs.warning("it said %s", word)
theirs.error("it said " + word, exc_info=error, stack_info=True)
logging.warning(word)
warnings.warn(word)
asyncio.run(forgotten())
Told()
gc.collect()
thread = threading.Thread(target=broken)
thread.start()
thread.join()
print("through", flush=True)
broken()
"""


def test_a_library_that_silences_stderr_does_not_silence_the_log() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", LOG], capture_output=True, text=True
    )
    lines = [f"INFO daemon.test: {word}" for word in ("before", "meanwhile", "after")]
    assert done.stderr.splitlines() == lines


def leaks(level: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", LEAKS, level, CANARY], capture_output=True, text=True, check=False
    )
    assert done.stdout == "through\n" and done.returncode == 1, done.stderr
    return done.stderr


def test_no_error_of_anybody_brings_words_into_the_log() -> None:
    told = leaks("info")
    assert CANARY not in told
    assert "turn 1 failed: UnicodeEncodeError\n" in told
    assert "turn 1 failed: the brain failed\n" in told
    assert "ValueError" in told and "in broken" in told, "where it happened is told"
    assert "somebody.else" in told
    assert told.count("unexpected") == 2 and "could not be raised" in told


def test_at_debug_all_is_told() -> None:
    assert leaks("debug").count(CANARY) > 10


def test_it_starts_without_a_standard_error() -> None:
    script = 'from daemon.journal import start_logging; start_logging("info")'
    command = f"exec {sys.executable} -c '{script}' 2>&-"
    assert subprocess.run(["sh", "-c", command], check=False).returncode == 0


def test_errors_of_others_are_short_and_steer_no_terminal() -> None:
    error = StageError("brain", "it failed\n" + "x" * 5000, said="\x1b[31m" + "y\n" * 10**6)
    assert len(named(error)) == MAX_MESSAGE_CHARS and "\n" not in named(error)
    assert len(error.said) <= MAX_SAID_CHARS and error.said.isprintable()
    assert named(FileNotFoundError(2, "xylophone", CANARY)).startswith("FileNotFoundError: No such")


def test_a_traceback_without_words_ends_even_where_causes_go_round() -> None:
    first, second = ValueError(CANARY), KeyError(CANARY)
    first.__cause__, second.__cause__ = second, first
    text = without_words(first)
    assert text.splitlines()[-1] == "ValueError" and "KeyError" in text and CANARY not in text


def test_a_record_of_ours_keeps_its_own_values() -> None:
    record = logging.LogRecord("daemon.a", 20, "a.py", 1, "turn %d: %s", (3, "heard"), None)
    assert DiscreetFormatter().format(record) == "turn 3: heard"
    assert record.args == (3, "heard"), "others' handlers get it as it was"


RUN = """
import sys
from pathlib import Path
from daemon.cli import main
from daemon.commands import live
from daemon.errors import StageError

async def failing(*arguments):
    error = StageError("brain", "the brain failed", "start it again", sys.argv[1])
    raise ExceptionGroup("several", [error]) if sys.argv[2:] else error

live._serve = failing
raise SystemExit(main(["run"]))
"""


@pytest.mark.parametrize("several", [[], ["several"]])
def test_what_ends_a_service_is_told_without_others_words(
    tmp_path: Path, several: list[str]
) -> None:
    environment = {**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", RUN, CANARY, *several],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "the brain failed\n" in done.stderr and "start it again" in done.stderr
    assert CANARY not in done.stderr + done.stdout


WATCHED = "from daemon.commands.console import is_watched; raise SystemExit(not is_watched())"


@pytest.mark.parametrize("name", ["FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"])
def test_only_a_terminal_is_watched(name: str) -> None:
    environment = {**os.environ, name: "1", "TERM": "xterm-256color"}
    command = [sys.executable, "-c", WATCHED]
    piped = subprocess.run(command, env=environment, capture_output=True, check=False)
    assert piped.returncode == 1
    closed = subprocess.run(["sh", "-c", f"{sys.executable} -c '{WATCHED}' >&-"], check=False)
    assert closed.returncode == 1
    ours, theirs = pty.openpty()
    try:
        assert subprocess.run(command, stdout=theirs, check=False).returncode == 0
    finally:
        os.close(ours)
        os.close(theirs)
