"""Checks of microphone, loudspeaker, the echo between them, and the server they are on."""

import asyncio
import grp
import os
import pwd
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from daemon.api.client import Client, NotRunning
from daemon.audio.devices import list_devices
from daemon.audio.loudspeaker import Loudspeaker
from daemon.audio.microphone import Microphone
from daemon.audio.virtual_microphone import local_loudspeaker
from daemon.config import Settings
from daemon.errors import DeviceError
from daemon.i18n import tr
from daemon.media import LISTEN_RATE, SPEAK_RATE, Audio, Samples
from daemon.service.finding import Finding, Severity, ok
from daemon.system_packages import PIPEWIRE_PLUGIN, PULSE_PLUGIN, install_line

LISTEN_S = 1.5
DEAD_DB = -85.0  # below all that a microphone's own noise is
LOUD_DB = -25.0  # nobody is supposed to speak during the test
SIGNAL_S = 0.7
SIGNAL = 0.05  # of full scale: as loud as a soft voice
MIN_ECHO_CORRELATION = 0.3  # the likeness above which the microphone has heard the loudspeaker


def server(_settings: Settings) -> Iterator[Finding]:
    """Look for the user's sound server."""
    folder = Path(os.environ.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}")
    found = [
        name
        for name, place in (("PipeWire", "pipewire-0"), ("PulseAudio", "pulse/native"))
        if (folder / place).exists()
    ]
    if found:
        yield ok("sound server", ", ".join(found))
        return
    yield Finding(
        "sound server",
        Severity.WARNING,
        tr("No sound server runs in this session."),
        tr("Without one, video calls find no microphone, and one program at a time has sound."),
        "systemctl --user enable --now pipewire pipewire-pulse wireplumber",
    )


def group(_settings: Settings) -> Iterator[Finding]:
    """Look whether a lingering session may use the sound card: nobody sits at the machine then."""
    user = pwd.getpwuid(os.getuid()).pw_name
    if not Path("/var/lib/systemd/linger", user).exists() or not Path("/dev/snd").exists():
        return
    try:
        members = grp.getgrnam("audio")
    except KeyError:
        return
    if members.gr_gid in os.getgroups() or os.getuid() == 0:
        yield ok("sound card", tr("may be used before logging in"))
    else:
        yield Finding(
            "sound card",
            Severity.WARNING,
            tr("{user} may use the sound card only while logged in.").format(user=user),
            tr("After a restart of the machine the service would be deaf until somebody logs in."),
            f"sudo usermod -aG audio {user}",
        )


def bridge(_settings: Settings) -> Iterator[Finding]:
    """Look whether PortAudio reaches the sound server at all."""
    try:
        devices = list_devices()
    except DeviceError as error:
        yield Finding(
            "portaudio", Severity.ERROR, str(error), tr("Nothing is heard or said."), error.fix
        )
        return
    bridges = [device.name for device in devices if device.name in ("pulse", "pipewire")]
    if not devices:
        yield Finding(
            "portaudio",
            Severity.ERROR,
            tr("There are no sound devices."),
            tr("Nothing is heard or said."),
            tr("Connect one, or start a sound server (PipeWire or PulseAudio)."),
        )
    elif shutil.which("pactl") and not bridges:
        yield Finding(
            "portaudio",
            Severity.WARNING,
            tr("PortAudio does not reach the sound server."),
            tr("The daemon would keep the card for itself, or find it busy."),
            install_line(PIPEWIRE_PLUGIN, PULSE_PLUGIN),
        )
    else:
        yield ok("portaudio", ", ".join(bridges) or devices[0].name)


def room(settings: Settings) -> Iterator[Finding]:
    """Listen to the room, then to a soft rustle from the loudspeaker in it."""
    try:
        Client()
        yield Finding(
            "microphone",
            Severity.NOTE,
            tr("Not tried: the daemon is using the devices."),
            fix="digital-life status",
        )
        return
    except NotRunning:
        pass
    microphone = Microphone(settings.ears.microphone)
    try:
        microphone.open()
    except DeviceError as error:
        yield Finding("microphone", Severity.ERROR, str(error), tr("Nothing is heard."), error.fix)
        return
    try:
        yield _level(_listen(microphone, LISTEN_S))
        yield from _echo(settings, microphone)
    finally:
        microphone.close()


def _listen(microphone: Microphone, seconds: float) -> Samples:
    pieces, end = [], time.monotonic() + seconds
    microphone.read(0)
    while time.monotonic() < end:
        pieces.append(microphone.read(0.1))
    return np.concatenate(pieces)


def _level(samples: Samples) -> Finding:
    samples = samples[len(samples) // 5 :]  # devices begin with a click
    loudness = float(np.sqrt(np.mean(np.square(samples)))) if len(samples) else 0.0
    level = 20 * np.log10(max(loudness, 1e-7))
    if level < DEAD_DB:
        return Finding(
            "microphone",
            Severity.ERROR,
            tr("The microphone delivers silence."),
            tr("It is switched off, muted, or the wrong one."),
            "pactl set-source-mute @DEFAULT_SOURCE@ 0; digital-life devices",
        )
    if level > LOUD_DB:
        return Finding(
            "microphone",
            Severity.WARNING,
            tr("The room is loud, or the microphone turned up too far: {level:.0f} dB.").format(
                level=level
            ),
            tr("Noise hides where speech begins and ends."),
            "pactl set-source-volume @DEFAULT_SOURCE@ 60%",
        )
    return ok("microphone", f"{level:.0f} dB")


def _echo(settings: Settings, microphone: Microphone) -> Iterator[Finding]:
    from daemon.bench.signals import locate

    rustle = np.random.default_rng(7).standard_normal(round(SIGNAL_S * SPEAK_RATE))
    played = (SIGNAL * np.clip(rustle, -3, 3) / 3).astype(np.float32)
    loudspeaker = Loudspeaker(local_loudspeaker(settings.voice))
    try:
        loudspeaker.open()
    except DeviceError as error:
        yield Finding("loudspeaker", Severity.ERROR, str(error), tr("Nothing is said."), error.fix)
        return
    try:
        asyncio.run(loudspeaker.play(played))
        heard = _listen(microphone, SIGNAL_S + 1.0)
    finally:
        loudspeaker.stop_device()
    yield ok("loudspeaker", loudspeaker.name)
    wanted = Audio(played, SPEAK_RATE).at_rate(LISTEN_RATE).samples
    _, likeness = locate(wanted[: LISTEN_RATE // 2], heard)
    if likeness < MIN_ECHO_CORRELATION:
        yield ok(
            "echo", tr("the microphone does not hear the loudspeaker: headphones, or far away")
        )
    elif settings.ears.echo == "off":
        yield Finding(
            "echo",
            Severity.WARNING,
            tr("The microphone hears the loudspeaker, and nothing takes that out."),
            tr("It would answer and interrupt itself."),
            'echo = "cancel" under [ears]',
        )
    else:
        yield ok("echo", tr("the microphone hears the loudspeaker; that is taken out"))


CHECKS = (server, group, bridge, room)
