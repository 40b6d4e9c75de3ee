"""Keeps what goes wrong again and again from filling the log."""

import logging
import time
from collections import OrderedDict

MAX_REPEATS = 10  # of one message in a period
PERIOD_S = 60.0
MAX_MESSAGES = 256  # that are told apart; the one that was seen first is forgotten


class Repeats(logging.Filter):
    """Lets a warning or an error through ``MAX_REPEATS`` times in ``PERIOD_S``, then counts them.

    Messages are the same when their text before its values are put in is the same. What is not a
    warning passes always.
    """

    def __init__(self) -> None:
        super().__init__()
        self._seen: OrderedDict[tuple[str, str], tuple[float, int]] = OrderedDict()

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether to log it; the first one of a new period tells how many were left out."""
        if record.levelno < logging.WARNING:
            return True
        now, key = time.monotonic(), (record.name, str(record.msg))
        began, count = self._seen.get(key, (now, 0))
        left_out = 0
        if now - began >= PERIOD_S:
            began, count, left_out = now, 0, max(0, count - MAX_REPEATS)
        self._seen[key] = began, count + 1
        while len(self._seen) > MAX_MESSAGES:
            self._seen.popitem(last=False)
        if left_out:
            record.msg = f"{record.msg} (and {left_out} times more in the last minute)"
        return count < MAX_REPEATS
