"""What is set in a running daemon: in force, waiting for a restart, and in no file yet."""

from collections.abc import Iterable, Mapping

from pydantic import ValidationError

from daemon.config import Settings, catalogue
from daemon.errors import InputError

LIVE = frozenset(name for name, info in catalogue().items() if info.live)
"""Settings that change at once; others wait for a restart."""


class SettingsState:
    """The settings without a persona's changes. Belongs to the event loop's thread."""

    def __init__(self, settings: Settings) -> None:
        self.wanted = settings
        """What is in force, and what will be after a restart."""
        self.in_force = settings
        """The same without what waits for a restart."""
        self._kept = settings
        self._chosen: set[str] = set()

    def begin(self, settings: Settings) -> None:
        """Note with what everything is loaded."""
        self.wanted = self.in_force = settings

    def take(self, wanted: Settings, chosen: Iterable[str] = ()) -> None:
        """Note that these are wanted, and in force as far as they can change at once."""
        live = {name: value for name, value in _by_name(wanted).items() if name in LIVE}
        self.wanted, self.in_force = wanted, with_values(self.in_force, live)
        self._chosen.update(chosen)

    def note_kept(self, *names: str) -> None:
        """Note that the file says what is wanted of these settings, or of all if none is named."""
        wanted = _by_name(self.wanted)
        self._kept = with_values(self._kept, {name: wanted[name] for name in names or wanted})
        self._chosen.difference_update(names or wanted)

    @property
    def waiting(self) -> list[str]:
        """Names of settings that wait for a restart, such as ``brain.model``."""
        return differences(self.in_force, self.wanted)

    @property
    def unkept(self) -> list[str]:
        """Names of settings that were chosen and are in no file yet."""
        return sorted(self._chosen.intersection(differences(self._kept, self.wanted)))


def differences(before: Settings, after: Settings) -> list[str]:
    """Name the settings that differ, such as ``voice.speed``."""
    old, new = _by_name(before), _by_name(after)
    return [name for name in old if old[name] != new[name]]


def with_values(settings: Settings, values_by_name: Mapping[str, object]) -> Settings:
    """Return the settings with some set; ``InputError`` for what cannot be meant."""
    values = settings.model_dump()
    for name, value in values_by_name.items():
        table, key = name.split(".")
        values[table][key] = value
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        names = ", ".join(values_by_name)
        raise InputError(f"{names}: {error.errors()[0]['msg']}") from None


def _by_name(settings: Settings) -> dict[str, object]:
    tables = settings.model_dump()
    return {f"{table}.{key}": value for table in tables for key, value in tables[table].items()}
