"""Opening recordings and films: the one way in for whatever somebody gives or sends.

FFmpeg reads the file that was opened here and nothing else: a playlist that names other files or
addresses gets nothing. Whatever a damaged or hostile file leads the library into is one error.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import av
from av.container import InputContainer

from daemon.errors import DigitalLifeError, InputError
from daemon.i18n import tr

log = logging.getLogger(__name__)


class Undecodable(Exception):
    """A file cannot be decoded; the text is FFmpeg's reason, or empty where there is none."""


def check_file(path: Path) -> None:
    """Raise ``InputError`` unless ``path`` is a file with something in it."""
    try:
        if not path.exists():
            raise InputError(tr("{path} does not exist.").format(path=path))
        if not path.is_file():  # a pipe or a device may never end
            raise InputError(tr("{path} is not a file.").format(path=path))
        with path.open("rb") as file:
            if not file.read(1):
                raise InputError(tr("{path} is empty.").format(path=path))
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        reason = getattr(error, "strerror", None) or error
        raise InputError(
            tr("{path} cannot be read ({reason}).").format(path=path, reason=reason)
        ) from error


@contextmanager
def opened(path: Path) -> Iterator[InputContainer]:
    """Open a file for decoding; raises ``InputError`` where there is none, and ``Undecodable``.

    The latter also stands for every error within the block, but for those that are explained.
    """
    check_file(path)
    try:
        # An open file and no protocols: neither playlist nor reference makes FFmpeg open another.
        with (
            path.open("rb") as file,
            av.open(
                file, "r", options={"protocol_whitelist": "none"}, metadata_errors="replace"
            ) as container,
        ):
            yield container
    except (DigitalLifeError, Undecodable):
        raise
    # Headers that lie lead PyAV into errors of any class, from AttributeError to ZeroDivisionError.
    except Exception as error:
        log.debug("%s", path, exc_info=True)
        raise Undecodable(getattr(error, "strerror", None) or "") from error
