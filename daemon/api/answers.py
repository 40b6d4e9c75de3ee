"""What programs get back, as JSON.

Version 1 may gain paths, events and fields; what is there keeps its meaning.
"""

from typing import Literal

from pydantic import BaseModel

from daemon.api.bodies import Value
from daemon.errors import DigitalLifeError


class Problem(BaseModel):
    """What went wrong, the step that mends it, and the exit status of commands that meet it."""

    message: str
    fix: str
    code: int


class Refusal(BaseModel):
    """The answer to what could not be done."""

    error: Problem

    @classmethod
    def of(cls, error: DigitalLifeError) -> "Refusal":
        """Tell of an error."""
        return cls(error=Problem(message=str(error), fix=error.fix, code=error.exit_code))


class Done(BaseModel):
    """It is done, and there is nothing to tell."""


class SpokenAnswer(BaseModel):
    """What was heard of an answer, and whether that is all of it."""

    text: str
    whole: bool


class SwitchedOff(BaseModel):
    """What is switched off."""

    microphone: bool
    camera: bool


class Changed(BaseModel):
    """Names of settings: those that are in force, and those that wait for a restart."""

    changed: list[str]
    needs_restart: list[str]


class DeviceState(BaseModel):
    """A sound device, and for how long it has not called."""

    name: str
    silent_s: float
    lost_samples: int | None = None
    """Of a microphone: samples that nobody read in time."""


class DeviceStates(BaseModel):
    """The devices in use; empty while models load."""

    microphone: DeviceState | None = None
    loudspeaker: DeviceState | None = None
    camera: str | None = None


class Models(BaseModel):
    """What it listens, thinks, speaks and shows itself with."""

    ears: str
    brain: str
    engine: str | None = None
    """The library that computes the brain; none for one that is not in this process, or loads."""
    voice: dict[str, str]
    face: str


class SpeechServerState(BaseModel):
    """A server that hears or speaks in the place of this machine."""

    part: Literal["ears", "voice"]
    url: str
    in_use: bool
    """Otherwise this machine does its work."""
    problem: str


class Ears(BaseModel):
    """When it listens, and whether it does just now."""

    listen: str
    open: bool


class ToolState(BaseModel):
    """A tool, and whether it may be called."""

    tool: str
    allowed: bool


class ToolServerState(BaseModel):
    """A server of tools."""

    server: str
    state: Literal["starting", "ready", "failed"]
    problem: str
    tools: list[ToolState]


class ProcessUsage(BaseModel):
    """What the process takes: MB, threads, file descriptors, seconds of processor time."""

    memory_mb: float
    peak_memory_mb: float
    threads: int
    descriptors: int
    processor_s: float


class TimerCounts(BaseModel):
    """How many timers, alarms and reminders there are; no words of anybody's."""

    pending: int
    ringing: int
    next_due: float | None
    """When the next one rings, in seconds since 1970."""


class Status(ProcessUsage):
    """How the daemon is; no words of anybody's."""

    version: str
    state: str
    """``loading``, or what the conversation is at, such as ``listening``."""
    loading: str | None
    turn: int
    uptime_s: float
    models: Models
    persona: str
    memory: bool
    """Whether conversations are kept."""
    devices: DeviceStates
    ears: Ears
    muted: SwitchedOff
    tools: list[ToolServerState]
    servers: list[SpeechServerState]
    """Those that hear or speak in the place of this machine."""
    timers: TimerCounts | None
    """``None`` while it loads."""
    recorded_s: float | None
    """How long the film is that is being made; ``None`` where there is none."""
    degraded: list[str]
    """What does not work, while the rest goes on."""
    turns: list[dict[str, float]]
    """The last answers, the newest last: ``turn``, and seconds from the question's end per mark."""


class PersonaEntry(BaseModel):
    """Somebody who can answer."""

    id: str
    name: str
    also: list[str]
    description: str
    languages: list[str]
    face: str


class Personas(BaseModel):
    """Who can answer, and who does."""

    persona: str
    personas: list[PersonaEntry]


class Link(BaseModel):
    """A link to the panel for one use, and a private file that leads a browser to it."""

    url: str
    file: str


class Option(BaseModel):
    """Something that a setting can be, and its name for people."""

    value: str
    label: str


class SettingEntry(BaseModel):
    """A setting that the panel offers."""

    name: str
    label: str
    """Its name for people."""
    value: Value
    options: list[Option]
    """What it can be; empty where that is any text, or a number."""
    least: float | None
    most: float | None
    whole: bool
    """It is a number without a fraction."""
    live: bool
    """It changes at once; else it waits for a restart."""
    persona_sets: bool
    """The persona has the say over it."""


class Choices(BaseModel):
    """The settings that the panel offers, and what is to become of those that were chosen."""

    settings: list[SettingEntry]
    persona: str
    waiting: list[str]
    """Settings that wait for a restart."""
    unkept: list[str]
    """Settings that were chosen and are in no file yet."""


class Kept(BaseModel):
    """The settings that were written, and where."""

    kept: list[str]
    path: str


class Examined(BaseModel):
    """What the doctor found of one thing."""

    name: str
    level: Literal["ok", "note", "warning", "error"]
    text: str
    why: str = ""
    """Why it matters."""
    fix: str = ""
    """The command that mends it."""


class Examination(BaseModel):
    """What ``digital-life doctor`` finds."""

    findings: list[Examined]


class SdpAnswer(BaseModel):
    """The answer to a page's offer, in SDP."""

    answer: str
