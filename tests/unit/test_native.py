import logging
import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from daemon.native import quiet_stderr
from tests.waiting import has_ended, wait_until


def test_native_lines_are_dropped_and_later_ones_come_through(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger(), "level", logging.INFO)
    with quiet_stderr():
        os.write(2, b"INFO: a delegate was created\n")
    os.write(2, b"an error\n")
    assert capfd.readouterr().err == "an error\n"


def test_debugging_hears_all(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger(), "level", logging.DEBUG)
    with quiet_stderr():
        os.write(2, b"INFO: a delegate was created\n")
    assert "delegate" in capfd.readouterr().err


FREED = """
import re
from pathlib import Path
from daemon.native import give_memory_back

def resident_mb():
    return int(re.search(r"VmRSS:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) // 1024

before = resident_mb()
blocks = [bytearray(100_000) for _ in range(3000)]
last = blocks.pop()  # holds the end of the heap
blocks.clear()
kept = resident_mb() - before
give_memory_back()
assert resident_mb() - before < kept / 2, (before, kept, resident_mb())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library")
def test_memory_that_was_freed_goes_back_to_the_system() -> None:
    subprocess.run([sys.executable, "-c", FREED], check=True, timeout=300)


@pytest.mark.parametrize(("chosen", "threads"), [("", 1), ("2", 2)])
def test_numpy_starts_no_thread_beside_the_one_that_calls_it(chosen: str, threads: int) -> None:
    if len(os.sched_getaffinity(0)) < 2:
        pytest.skip("one processor: nobody would start a second thread")
    program = "import daemon, os, numpy; print(len(os.listdir('/proc/self/task')))"
    env = {name: value for name, value in os.environ.items() if name != "OPENBLAS_NUM_THREADS"}
    if chosen:
        env["OPENBLAS_NUM_THREADS"] = chosen
    told = subprocess.run(
        [sys.executable, "-c", program], env=env, check=True, capture_output=True, text=True
    )
    assert int(told.stdout) == threads


def test_what_measures_ends_with_a_daemon_that_is_killed() -> None:
    measuring = (
        "from daemon.native import end_with_parent as end; end(); print('there', flush=True)"
    )
    measuring += "; import time; time.sleep(600)"
    daemon = (
        "import subprocess, sys, time; child = subprocess.Popen([sys.executable, '-c', "
        f"{measuring!r}], start_new_session=True); print(child.pid, flush=True); time.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", daemon], stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        try:
            told = {run.stdout.readline().strip(), run.stdout.readline().strip()}
            (child,) = told - {"there"}
            state = Path(f"/proc/{child}/stat")
            assert "there" in told and state.exists()
        finally:
            run.kill()
        assert not run.stdout.read(), "it is open for as long as the child lives"
    wait_until(lambda: has_ended(int(child)), "it goes on")
