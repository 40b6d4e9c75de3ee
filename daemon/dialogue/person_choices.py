"""What can be chosen for a person who is known: who answers them, and in which language."""

from daemon.config import Settings
from daemon.dialogue.personas import find_persona
from daemon.errors import InputError, SetupError
from daemon.i18n import tr


def checked_persona(name: str, settings: Settings) -> str:
    """Return the persona of that name as it is kept; "" is whoever answers everybody.

    Raises ``InputError`` where there is no such.
    """
    if not name:
        return ""
    try:
        return find_persona(name, settings).id
    except SetupError as error:
        raise InputError(error.message, error.fix) from error


def checked_language(code: str, settings: Settings) -> str:
    """Return the code of a language that it hears and speaks; "" is the one that is spoken.

    Raises ``InputError`` for others.
    """
    known = settings.ears.languages
    wanted = code.strip().lower()
    if wanted and wanted not in known:
        raise InputError(
            tr("It does not answer in “{code}”, but in: {known}.").format(
                code=code, known=", ".join(known)
            ),
            tr("languages under [ears] in the settings adds others"),
        )
    return wanted
