"""What is logged reaches the terminal or the journal, whatever a library does meanwhile."""

import subprocess
import sys

LOG = """
import logging, os
from daemon.service.journal import start_logging

start_logging("info")
logging.info("before")
real = os.dup(2)
os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # as sounddevice does while PortAudio starts
logging.info("meanwhile")
os.dup2(real, 2)
logging.info("after")
"""


def test_a_library_that_silences_stderr_does_not_silence_the_log() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", LOG], capture_output=True, text=True
    )
    lines = [f"INFO root: {word}" for word in ("before", "meanwhile", "after")]
    assert done.stderr.splitlines() == lines
