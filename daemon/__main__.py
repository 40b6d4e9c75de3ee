"""The program ``digital-life``; ``python -m daemon`` is the same.

Until a command begins, Ctrl+C ends the process at once: nothing has to be put in order yet, and
what is being imported would show a traceback, or lose the exception in a library that calls Python.
"""

import os
import signal
from functools import partial

INTERRUPTED = 130  # what a shell reports after Ctrl+C


def main() -> int:
    """Run the command that the command line names; return the exit code."""
    begins = partial(signal.signal, signal.SIGINT, signal.getsignal(signal.SIGINT))
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, lambda _number, _frame: os._exit(INTERRUPTED))
    from daemon import cli

    return cli.main(begins=begins)


if __name__ == "__main__":
    raise SystemExit(main())
