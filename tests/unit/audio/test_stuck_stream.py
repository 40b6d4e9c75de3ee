"""Closing a stream whose thread goes round in circles, with threads of the C library."""

import ctypes
import shutil
import subprocess
import threading
from pathlib import Path

import pytest

from daemon.audio.stuck_stream import ENABLE, MAX_LINES, closing_stuck_stream
from tests.waiting import PATIENCE_S

DISABLE = 1
# As PortAudio's thread does: cancelled only where it waits, and it never waits again.
CIRCLE = r"""
#include <pthread.h>
#include <stdio.h>
static pthread_t thread;
static void *circle(void *nothing) {
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
    for (;;) {
        fprintf(stderr, "Expression failed\n");
        fflush(stderr);
        for (volatile int i = 0; i < 100000; i++);
    }
}
unsigned long begin(void) { pthread_create(&thread, NULL, circle, NULL); return thread; }
void finish(void) { pthread_cancel(thread); pthread_join(thread, NULL); }
"""


def switch(state: int) -> int:
    """Set whether this thread can be cancelled; return what it was."""
    before = ctypes.c_int()
    ctypes.CDLL(None).pthread_setcancelstate(state, ctypes.byref(before))
    return before.value


def say(line: bytes) -> None:
    """Print as a C library does."""
    library = ctypes.CDLL(None)
    library.fputs(line, ctypes.c_void_p.in_dll(library, "stderr"))


@pytest.mark.skipif(not shutil.which("cc"), reason="no C compiler")
def test_a_thread_in_a_circle_is_ended(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "circle.c").write_text(CIRCLE)
    made = tmp_path / "circle.so"
    command = ["cc", "-shared", "-fPIC", "-O1", "-pthread", "-o", str(made), "circle.c"]
    subprocess.run(command, cwd=tmp_path, check=True)
    library = ctypes.CDLL(str(made))
    library.begin.restype = ctypes.c_ulong
    circle = library.begin()
    closing = threading.Thread(target=library.finish)
    closing.start()
    closing.join(0.5)
    assert closing.is_alive()  # by itself it waits for ever
    held = ctypes.PyDLL(None)  # keeps Python's lock while it prints, as an extension may
    with closing_stuck_stream(circle):
        for _ in range(1000):
            held.fputs(b"a line\n", ctypes.c_void_p.in_dll(held, "stderr"))
        closing.join(PATIENCE_S)
    assert not closing.is_alive()
    assert "Expression failed\n" * MAX_LINES in capfd.readouterr().err.replace("a line\n", "")


def test_only_many_lines_are_a_circle(capfd: pytest.CaptureFixture[str]) -> None:
    before = switch(DISABLE)
    try:
        with closing_stuck_stream(threading.get_ident()):
            for _ in range(MAX_LINES - 1):
                say(b"fault\n")
        assert switch(DISABLE) == DISABLE
        with closing_stuck_stream(threading.get_ident()):
            for _ in range(MAX_LINES):
                say(b"fault\n")
        assert switch(DISABLE) == ENABLE
    finally:
        switch(before)
    assert capfd.readouterr().err == "fault\n" * (2 * MAX_LINES - 1)


def test_others_print_and_are_left_alone(capfd: pytest.CaptureFixture[str]) -> None:
    before = switch(DISABLE)
    try:
        for thread in (0, threading.get_ident() + 1):
            with closing_stuck_stream(thread):
                for _ in range(2 * MAX_LINES):
                    say(b"a line\n")
        assert switch(DISABLE) == DISABLE
    finally:
        switch(before)
    say(b"and after it\n")
    assert capfd.readouterr().err == "a line\n" * (4 * MAX_LINES) + "and after it\n"
