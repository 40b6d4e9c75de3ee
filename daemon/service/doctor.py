"""Looks at all that a conversation needs; says what is wrong, why that matters, what mends it.

Each room of checks is a module of its own; here is what they have in common.
"""

import logging
from collections.abc import Callable, Iterator

from daemon.config import Settings
from daemon.service import (
    check_camera,
    check_graphics,
    check_machine,
    check_servers,
    check_service,
    check_sound,
    check_voices,
)
from daemon.service.finding import Finding, Severity

log = logging.getLogger(__name__)


Check = Callable[[Settings], Iterator[Finding]]


def examine(settings: Settings) -> Iterator[Finding]:
    """Make all checks, one after another, yielding findings as they come."""
    for module in (
        check_machine,
        check_voices,
        check_servers,
        check_graphics,
        check_sound,
        check_camera,
        check_service,
    ):
        checks: tuple[Check, ...] = module.CHECKS
        for check in checks:
            try:
                yield from check(settings)
            except Exception as error:  # one that breaks must not hide the others
                log.debug("%s", check, exc_info=error)
                yield Finding(check.__name__, Severity.WARNING, f"{type(error).__name__}: {error}")
