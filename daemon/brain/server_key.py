"""The key that a server asks for: in a file that only its owner can read, or the environment."""

import os
import stat
from pathlib import Path

from daemon.errors import SetupError, named
from daemon.i18n import tr

KEY_VARIABLE = "DIGITAL_LIFE_KEY"


def read_key(file: str) -> str:
    """Return the key in ``file``, or in the environment if none is named; "" is none.

    Raises ``SetupError`` for a file that cannot be read, or that is another's to read, too, and for
    what is no key.
    """
    if not file:
        if key := os.environ.get(KEY_VARIABLE, "").strip():
            _check(key, KEY_VARIABLE)
        return key
    path = Path(file)
    try:
        path = path.expanduser()
        status = path.stat()
        if status.st_uid not in (os.geteuid(), 0):
            raise SetupError(
                tr("{path} belongs to somebody else.").format(path=path),
                f"sudo chown $USER {path} && chmod 600 {path}",
            )
        if status.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise SetupError(
                tr("Others can read the key in {path}.").format(path=path), f"chmod 600 {path}"
            )
        key = path.read_text(encoding="utf-8").strip()
    except (OSError, ValueError, RuntimeError) as error:  # NUL, no UTF-8; ~ of a user who is none
        coding = "UTF-8" if isinstance(error, UnicodeDecodeError) else named(error)
        reason = error.strerror if isinstance(error, OSError) else coding
        raise SetupError(
            tr("{path} cannot be read: {reason}.").format(path=path, reason=reason)
        ) from None  # which may repeat what is in the file
    _check(key, path)
    return key


def _check(key: str, where: str | Path) -> None:
    """Raise ``SetupError`` for what no header can hold; it would be repeated in an error."""
    if not key or not key.isascii() or any(char.isspace() for char in key):
        raise SetupError(tr("{path} does not hold a key.").format(path=where))
