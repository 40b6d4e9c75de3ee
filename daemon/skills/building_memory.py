"""Makes intents of what was read: what is asked of the memory."""

from collections.abc import Callable

from daemon.skills.intents import Intent
from daemon.skills.memory_intents import ForgetSaid, Recollect
from daemon.skills.reading import Reading


def _recollect(reading: Reading) -> Intent | None:
    return Recollect(_about(reading))


def _forget(reading: Reading) -> Intent | None:
    return ForgetSaid(_about(reading))


def _about(reading: Reading) -> str:
    """Return what is talked of, as it was called; "" for nothing in particular."""
    said = reading.said("text").strip(" ,.;:!?，。；：！？、")
    return "" if reading.plain("text") in reading.words("pronouns") else said


BUILDERS: dict[str, Callable[[Reading], Intent | None]] = {
    "recollect": _recollect,
    "forget": _forget,
}
