"""One daemon at a time, also where there is no runtime folder whose socket would tell."""

import hashlib
import os
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager

from daemon.errors import DigitalLifeError
from daemon.i18n import tr
from daemon.memory.file import memory_path

ANSWER_TIMEOUT_S = 1.0


@contextmanager
def single_instance() -> Iterator[None]:
    """Be the only daemon of this user, and of these data, while the block runs.

    The lock is a name of the kernel's, an abstract socket: it needs no folder, leaves no file, and
    ends with the process. Raises ``DigitalLifeError`` where another holds it.
    """
    data = hashlib.sha256(os.fsencode(memory_path())).hexdigest()[:16]
    name = f"\0digital-life-{os.getuid()}-{data}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as lock:
        try:
            lock.bind(name)
            lock.listen(1)  # so that who asks can see whose it is
        except OSError:
            if _holder(name) in (None, os.getuid()):
                raise DigitalLifeError(
                    tr("Digital Life is running already."), "digital-life status"
                ) from None
        yield  # a name that another user took is no reason not to run


def _holder(name: str) -> int | None:
    """Return the user who holds a name; ``None`` if that cannot be told."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(ANSWER_TIMEOUT_S)
        try:
            client.connect(name)
        except OSError:
            return None
        size = struct.calcsize("3i")
        peer = client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size)
        _, user, _ = struct.unpack("3i", peer)
        return int(user)
