"""The key that a server asks for: in a file that only its owner can read, or the environment."""

import os
import stat
from pathlib import Path

from daemon.errors import SetupError
from daemon.i18n import tr

KEY_VARIABLE = "DIGITAL_LIFE_KEY"


def read_key(file: str) -> str:
    """Return the key in ``file``, or in the environment if none is named; "" is none.

    Raises ``SetupError`` for a file that cannot be read, or that is another's to read, too.
    """
    if not file:
        return os.environ.get(KEY_VARIABLE, "").strip()
    path = Path(file).expanduser()
    try:
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
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "UTF-8"
        raise SetupError(
            tr("{path} cannot be read: {reason}.").format(path=path, reason=reason)
        ) from error
    if not key or not key.isascii() or any(char.isspace() for char in key):
        raise SetupError(tr("{path} does not hold a key.").format(path=path))
    return key
