"""What a person may be called."""

import unicodedata

from daemon.errors import InputError
from daemon.i18n import tr

JOINERS = str.maketrans("", "", "\u200c\u200d")  # some scripts shape their letters by them
MAX_NAME = 40  # characters: a name is told to the brain with each question


def checked_name(name: str) -> str:
    """Return a name as it is kept: composed, with single spaces.

    Raises ``InputError`` for one that is empty or too long, has no letter or digit, or has signs
    that nobody sees, which could steer a terminal or make two names look the same.
    """
    made = " ".join(unicodedata.normalize("NFC", name[: 4 * MAX_NAME]).split())
    if not any(map(str.isalnum, made)):
        raise InputError(tr("A name needs at least one letter or digit."))
    if len(made) > MAX_NAME:
        raise InputError(
            tr("A name has at most {count} characters; this is longer.").format(count=MAX_NAME)
        )
    if not made.translate(JOINERS).isprintable():
        raise InputError(tr("A name cannot have control characters or invisible signs."))
    return made


def same_name(one: str, other: str) -> bool:
    """Whether two names are one to those who hear or read them quickly: case and width aside."""
    return _key(one) == _key(other)


def _key(name: str) -> str:
    return unicodedata.normalize("NFKC", name.translate(JOINERS)).casefold()
