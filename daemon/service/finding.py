"""What one look of the doctor has shown."""

from dataclasses import asdict, dataclass
from enum import StrEnum

from daemon.service.steps import Step


class Severity(StrEnum):
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
    level: Severity
    text: str
    why: str = ""
    """Why it matters."""
    fix: str = ""
    """The command, or the deed, that mends it."""
    step: Step | None = None
    """The same for ``--fix``, where it may be done without asking."""

    def for_programs(self) -> dict[str, object]:
        """Return it without what only Python understands."""
        return {name: value for name, value in asdict(self).items() if name != "step"}


def ok(name: str, text: str) -> Finding:
    """Return a finding of something that is well."""
    return Finding(name, Severity.OK, text)
