"""Looks at all that a conversation needs; says what is wrong, why that matters, what mends it.

Each room of checks is a module of its own; here is what they have in common.
"""

import logging
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from daemon.config import Settings
from daemon.service.steps import Step

log = logging.getLogger(__name__)


class Level(StrEnum):
    """How bad it is."""

    OK = "ok"
    NOTE = "note"
    """Worth knowing; all works."""
    WARNING = "warning"
    """Something works less well than it could."""
    ERROR = "error"
    """Something does not work."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one look has shown."""

    name: str
    """Of the check, in English and for programs: ``sound server``."""
    level: Level
    text: str
    why: str = ""
    """Why it matters."""
    fix: str = ""
    """The command, or the deed, that mends it."""
    step: Step | None = None
    """The same for ``--fix``, where it may be done without asking."""

    def for_programs(self) -> dict[str, Any]:
        """Return it without what only Python understands."""
        return {name: value for name, value in asdict(self).items() if name != "step"}


def ok(name: str, text: str) -> Finding:
    """Return a finding of something that is well."""
    return Finding(name, Level.OK, text)


Check = Callable[[Settings], Iterator[Finding]]


def examine(settings: Settings) -> Iterator[Finding]:
    """Make all checks, one after another, yielding findings as they come."""
    from daemon.service import check_camera, check_machine, check_service, check_sound

    for room in (check_machine, check_sound, check_camera, check_service):
        checks: tuple[Check, ...] = room.CHECKS
        for check in checks:
            try:
                yield from check(settings)
            except Exception as error:  # one that breaks must not hide the others
                log.debug("%s", check, exc_info=error)
                yield Finding(check.__name__, Level.WARNING, f"{type(error).__name__}: {error}")
