"""What the built-in skills can have a running daemon's memory do."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from daemon.apply import Applied
from daemon.config.keep import keep
from daemon.config.state import SettingsState, with_values
from daemon.events import Forgotten
from daemon.running import Running

Choose = Callable[[Mapping[str, object]], Awaitable[Applied]]


class RunningMemory:
    """The memory of ``daemon.skills.memory_skill``. Belongs to the event loop's thread."""

    def __init__(
        self, running: Running, settings: SettingsState, choose: Choose, config: Path | None
    ) -> None:
        """``choose`` sets settings by name; ``config`` is their file, ``None`` the user's own."""
        self._running, self._settings = running, settings
        self._choose, self._config = choose, config

    @property
    def keeps(self) -> bool:
        """Whether anything is kept."""
        return self._settings.wanted.memory.keep

    @property
    def may_ask(self) -> bool:
        """Whether to ask for leave to keep what is to be remembered."""
        return self._settings.wanted.memory.ask

    async def told(self, about: str, person: int | None) -> Sequence[tuple[datetime, str]]:
        """Return what ``person`` told, the likeliest first; "" is what they asked to remember."""
        found = await self._running.chat.memory.about(about, person)
        return [(datetime.fromtimestamp(one.at, UTC), one.text) for one in found]

    async def forget(self, about: str, person: int | None, said: str) -> Sequence[str]:
        """Forget what ``person`` told of it, "" what they said last, and return it."""
        memory = self._running.chat.memory
        found = await (memory.about(about, person) if about else memory.last(person))
        await self._running.chat.forget(found, said)
        self._running.bus.publish(Forgotten(everything=False))
        return [one.text for one in found]

    async def allow(self, said: str, person: int | None) -> None:
        """Keep what is said from now on, in the settings' file, too, and first of all ``said``."""
        await self._set("memory.keep", value=True)
        self._running.chat.memory.keep(said, "", person)

    async def never_ask(self) -> None:
        """Note in the settings' file that it is not to ask again."""
        await self._set("memory.ask", value=False)

    async def _set(self, name: str, value: bool) -> None:
        """Set it for good, or not at all: the file first. Raises ``DigitalLifeError``."""
        keep(with_values(self._settings.wanted, {name: value}), [name], self._config)
        await self._choose({name: value})
        self._settings.note_kept(name)
