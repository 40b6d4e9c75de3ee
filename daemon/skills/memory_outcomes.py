"""What came of what somebody wanted of the memory."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class WasTold:
    """What the person told earlier, the likeliest to be meant first; may be empty."""

    about: str
    said: tuple[tuple[datetime, str], ...]
    """Each with when it was said, with a zone, in the person's words."""


@dataclass(frozen=True, slots=True)
class WasForgotten:
    """These are gone for good; at least one."""

    said: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MayKeep:
    """It asks whether it may keep what is said, and says where."""


@dataclass(frozen=True, slots=True)
class Keeps:
    """Whether it keeps what is said from now on."""

    agreed: bool


MemoryOutcome = WasTold | WasForgotten | MayKeep | Keeps
