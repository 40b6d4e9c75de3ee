"""What the daemon tells of itself; no words of anybody's."""

import time
from typing import Any

from daemon import __version__
from daemon.app import Running
from daemon.config import Settings
from daemon.i18n import tr
from daemon.service.monitor import Monitor, metrics, process


def status(
    running: Running | None, settings: Settings, monitor: Monitor, loading: str, uptime_s: float
) -> dict[str, Any]:
    """Tell how it is; ``settings`` are those in force, ``loading`` what it is at while it loads."""
    state = monitor.state
    return {
        "version": __version__,
        "state": state.phase.value if running else "loading",
        "loading": None if running else loading,
        "turn": state.turn,
        "uptime_s": round(uptime_s, 1),
        "models": {
            "ears": settings.ears.model,
            "brain": settings.brain.model,
            "voice": {"en": settings.voice.english, "zh": settings.voice.mandarin}
            | ({"converted": settings.voice.name} if settings.voice.name else {}),
            "face": settings.face.name,
        },
        "persona": settings.persona.name,
        "memory": settings.memory.keep,
        "devices": _devices(running) if running else {},
        "ears": {
            "listen": settings.ears.listen,
            "open": running is not None and running.doorway.open,
        },
        "tools": running.tools.status() if running else [],
        "degraded": running.degraded() if running else [],
        "turns": list(monitor.turns),
        **process(),
    }


def _devices(running: Running) -> dict[str, Any]:
    now = time.monotonic()
    camera = running.screen.camera if running.screen else None
    return {
        "microphone": {
            "name": running.microphone.name,
            "silent_s": round(now - running.microphone.called, 2),
            "lost_samples": running.microphone.overflows,
        },
        "loudspeaker": {
            "name": running.loudspeaker.name,
            "silent_s": round(now - running.loudspeaker.called, 2),
        },
        "camera": getattr(camera, "device", None),  # a Camera need not be a device
    }


def figures(running: Running | None, monitor: Monitor, uptime_s: float) -> str:
    """Return the figures for Prometheus."""
    lost = running.microphone.overflows if running else None
    return metrics(monitor, uptime_s, lost, len(running.degraded()) if running else 0)


def part_name(loading: str) -> str:
    """Say what is being loaded, of which the loader gives the name of the thread."""
    known = {
        "whisper": tr("speech recognition"),
        "brain": tr("language model"),
        "voice": tr("voice"),
        "conversion": tr("voice"),
        "lips": tr("face"),
        "camera": tr("face"),
    }
    return known.get(loading, loading)
