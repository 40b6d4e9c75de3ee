"""What the daemon tells of itself; no words of anybody's."""

import time
from dataclasses import asdict

from daemon import __version__
from daemon.api.answers import (
    DeviceState,
    DeviceStates,
    Ears,
    Models,
    SpeechServerState,
    Status,
    SwitchedOff,
    TimerCounts,
    ToolServerState,
)
from daemon.api.monitor import Monitor, metrics, process
from daemon.brain.local_model import LocalModel
from daemon.config import Settings
from daemon.running import Running
from daemon.server import Daemon
from daemon.skills.book import SkillBook
from daemon.voice.plain_factory import speaking_names


def status(daemon: Daemon, monitor: Monitor) -> Status:
    """Tell how it is, with the settings that are in force."""
    running, state, mute = daemon.running, monitor.state, daemon.mute
    film = daemon.recording
    settings = running.components.settings if running else daemon.settings.wanted
    converted = {"converted": settings.voice.name} if settings.voice.name else {}
    return Status(
        version=__version__,
        state=state.phase.value if running else "loading",
        loading=None if running else daemon.loading,
        turn=state.turn,
        uptime_s=round(daemon.uptime_s, 1),
        models=Models(
            ears=settings.ears.model,
            brain=settings.brain.model,
            engine=_engine(running) if running else None,
            voice={**_voices(settings, running), **converted},
            face=settings.face.name,
        ),
        persona=settings.persona.name,
        memory=settings.memory.keep,
        devices=_devices(running) if running else DeviceStates(),
        ears=Ears(
            listen=settings.ears.listen, open=running is not None and running.listen_gate.open
        ),
        muted=SwitchedOff(microphone=mute.microphone, camera=mute.camera),
        tools=[ToolServerState.model_validate(told) for told in running.tools.status()]
        if running
        else [],
        servers=[SpeechServerState(**asdict(server)) for server in running.servers()]
        if running
        else [],
        timers=timer_counts(running.skills.book) if running else None,
        recorded_s=round(time.monotonic() - film.begin, 1) if film else None,
        degraded=running.degraded() if running else [],
        turns=list(monitor.turns),
        **process().model_dump(),
    )


def _engine(running: Running) -> str | None:
    model = running.session.parts.chat_model
    return model.engine_name if isinstance(model, LocalModel) else None


def _devices(running: Running) -> DeviceStates:
    now = time.monotonic()
    camera = running.screen.camera if running.screen else None
    microphone, loudspeaker = running.microphone, running.loudspeaker
    return DeviceStates(
        microphone=DeviceState(
            name=microphone.name,
            silent_s=round(now - microphone.called, 2),
            lost_samples=microphone.overflows,
        ),
        loudspeaker=DeviceState(name=loudspeaker.name, silent_s=round(now - loudspeaker.called, 2)),
        camera=getattr(camera, "device", None),  # a Camera need not be a device
    )


def timer_counts(book: SkillBook) -> TimerCounts:
    """Tell how much is set and rings; no names."""
    entries = book.entries
    due = [entry.due for entry in entries if entry.state == "pending"]
    rings = sum(entry.state == "ringing" for entry in entries)
    return TimerCounts(pending=len(due), ringing=rings, next_due=min(due, default=None))


def figures(daemon: Daemon, monitor: Monitor) -> str:
    """Return the figures for Prometheus."""
    running, uptime_s = daemon.running, daemon.uptime_s
    lost = running.microphone.overflows if running else None
    return metrics(monitor, uptime_s, lost, len(running.degraded()) if running else 0)


def _voices(settings: Settings, running: Running | None) -> dict[str, str]:
    """Return the voices of the languages that are understood."""
    if running is None:
        return {"en": settings.voice.english, "zh": settings.voice.mandarin}
    names = speaking_names(settings, running.components.store)
    return {code: name for code, name in names.items() if code in settings.ears.languages}
