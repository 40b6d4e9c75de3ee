"""What the skills can have the assistant itself do: louder, slower, asleep, somebody else."""

from typing import Protocol, TypeAlias

from daemon.media import Transcript
from daemon.skills.intents import (
    AreYouReal,
    GoToSleep,
    Names,
    RepeatLast,
    SetPace,
    SetVolume,
    StopTalking,
    SwitchFace,
    SwitchPersona,
    SwitchVoice,
    WakeUp,
    WhoAreYou,
)
from daemon.skills.outcomes import (
    Failed,
    Introduced,
    IsAwake,
    IsNoPerson,
    PaceIs,
    Sleeps,
    Trouble,
    VolumeIs,
)
from daemon.skills.timer_skill import CarriedOut

MIN_VOLUME = 0.1  # "quieter" stops here: who wants silence says so
MIN_PACE, MAX_PACE = 0.5, 2.0  # times the voice's own, as ``voice.speed`` in the settings

AssistantIntent: TypeAlias = (
    SetVolume
    | SetPace
    | RepeatLast
    | StopTalking
    | GoToSleep
    | WakeUp
    | WhoAreYou
    | AreYouReal
    | SwitchPersona
    | SwitchVoice
    | SwitchFace
)


class Assistant(Protocol):
    """The running program, as the skills need it. Belongs to the event loop's thread.

    What changes settings raises ``DigitalLifeError``.
    """

    def names(self) -> Names:
        """Return what it and its personas, voices and faces are called."""

    def persona(self, language: str) -> str:
        """Return who answers."""

    def double_of(self, language: str) -> str:
        """Return the person whose double answers; "" if it is nobody's."""

    @property
    def volume(self) -> float:
        """The loudness of its voice, 0 to 1."""

    @property
    def pace(self) -> float:
        """Times the voice's own pace."""

    @property
    def last_heard(self) -> str:
        """What was heard of what it said last."""

    async def set_volume(self, level: float) -> None:
        """Speak so loud, 0 to 1, from the next sentence on."""

    async def set_pace(self, pace: float) -> None:
        """Speak so fast from the next sentence on."""

    def switch(self, to: SwitchPersona | SwitchVoice | SwitchFace, said: Transcript) -> None:
        """Become another soon, and say so; ``said`` asked for it."""

    def sleep(self) -> str:
        """Hear nothing but being woken, once this is answered; return the wake word, if any."""

    def wake(self) -> None:
        """Hear everything again."""


async def obey(
    assistant: Assistant | None, intent: AssistantIntent, said: Transcript
) -> CarriedOut:
    """Do what is wanted. Raises ``DigitalLifeError``."""
    if isinstance(intent, StopTalking):
        return CarriedOut("")
    if isinstance(intent, AreYouReal):
        return CarriedOut(IsNoPerson(assistant.double_of(said.language) if assistant else ""))
    if assistant is None:
        return CarriedOut(Failed(Trouble.NOT_HERE))
    match intent:
        case SetVolume(level, delta):
            before = assistant.volume
            volume = level if level is not None else _louder(before, delta or 0.0)
            volume = round(min(max(0.0, volume), 1.0), 2)
            await assistant.set_volume(volume)
            told = VolumeIs(assistant.volume, at_limit=bool(delta) and assistant.volume == before)
            return CarriedOut(told, lambda: assistant.set_volume(before))
        case SetPace(value, delta):
            before = assistant.pace
            pace = value if value is not None else before + (delta or 0.0)
            pace = round(min(max(MIN_PACE, pace), MAX_PACE), 2)
            await assistant.set_pace(pace)
            now = PaceIs(assistant.pace, at_limit=bool(delta) and assistant.pace == before)
            return CarriedOut(now, lambda: assistant.set_pace(before))
        case RepeatLast():
            return CarriedOut(assistant.last_heard or Failed(Trouble.NOTHING_SAID))
        case GoToSleep():
            return CarriedOut(Sleeps(assistant.sleep()))
        case WakeUp():
            assistant.wake()
            return CarriedOut(IsAwake())
        case WhoAreYou():
            return CarriedOut(Introduced(assistant.persona(said.language)))
        case SwitchPersona() | SwitchVoice() | SwitchFace():
            assistant.switch(intent, said)
            return CarriedOut("")


def _louder(volume: float, delta: float) -> float:
    changed = volume + delta
    return max(MIN_VOLUME, changed) if delta < 0 and volume > MIN_VOLUME else max(0.0, changed)
