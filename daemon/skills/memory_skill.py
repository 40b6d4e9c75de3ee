"""What was told earlier: told again, forgotten, and the leave to keep it at all."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol, TypeAlias

from daemon.skills.memory_intents import Consent, ForgetSaid, Recollect, Remember
from daemon.skills.memory_outcomes import Keeps, MayKeep, WasForgotten, WasTold
from daemon.skills.outcomes import Failed, Trouble
from daemon.skills.timer_skill import CarriedOut

MemoryIntent: TypeAlias = Recollect | ForgetSaid | Remember | Consent


class SkillMemory(Protocol):
    """The running program's memory, as the skills need it. Belongs to the event loop's thread.

    What reads or changes it raises ``DigitalLifeError``. ``person`` is a number; ``None`` is nobody
    who is known.
    """

    @property
    def keeps(self) -> bool:
        """Whether anything is kept."""

    @property
    def may_ask(self) -> bool:
        """Whether to ask for leave to keep what is to be remembered."""

    async def told(self, about: str, person: int | None) -> Sequence[tuple[datetime, str]]:
        """Return what ``person`` told, the likeliest first; "" is what they asked to remember."""

    async def forget(self, about: str, person: int | None, said: str) -> Sequence[str]:
        """Forget what ``person`` told of it, "" what they said last, and return it.

        ``said`` asks for that, and is not kept either.
        """

    async def allow(self, said: str, person: int | None) -> None:
        """Keep what is said from now on, in the settings' file, too, and first of all ``said``."""

    async def never_ask(self) -> None:
        """Note in the settings' file that it is not to ask again."""


async def carry_out(
    memory: SkillMemory | None, intent: MemoryIntent, said: str, person: int | None
) -> CarriedOut:
    """Do what is wanted by what ``person`` ``said``. Raises ``DigitalLifeError``."""
    if memory is None:
        return CarriedOut(Failed(Trouble.NOT_HERE))
    match intent:
        case Recollect() | ForgetSaid() if not memory.keeps:
            return CarriedOut(Failed(Trouble.KEEPS_NOTHING))
        case Recollect(about):
            return CarriedOut(WasTold(about, tuple(await memory.told(about, person))))
        case ForgetSaid(about):
            gone = tuple(await memory.forget(about, person, said))
            return CarriedOut(WasForgotten(gone) if gone else WasTold(about, ()))
        case Remember():
            return CarriedOut(MayKeep())
        case Consent(to, given):
            await (memory.allow(to.said, to.person) if given else memory.never_ask())
            return CarriedOut(Keeps(given))
