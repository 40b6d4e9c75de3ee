"""What a sound server has to have so that a video call hears the voice, and the ears the call.

::

    voice → sink digital_life → source digital_life_microphone, "Digital Life", for calls to choose
                              ↘ loopback → loudspeaker                        (output = both)
    what the loudspeaker plays → loopback ↘
              microphone → loopback        → sink digital_life_ears → ears    (listen_to = both)

The voice has a sink of its own, and the loudspeaker follows it. A sink on top of the loudspeaker
would need no loopback, but the call's microphone would vanish with a headset that is unplugged, and
would run ahead of the lips by the loudspeaker's buffer.

The ears have one too, so that they hear silence, and not whatever the server likes, while the call
has no loudspeaker. All here is pure; ``virtual_microphone.py`` carries it out.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from daemon.config import EarsSettings, VoiceSettings
from daemon.errors import DeviceError, DigitalLifeError, SetupError
from daemon.i18n import tr

VOICE = "digital_life"
MICROPHONE = "digital_life_microphone"
EARS = "digital_life_ears"
DUMMY = "auto_null"  # what a server shows while it has no loudspeaker; it goes when ours comes
OURS = re.compile(rf"\b(?:sink|source|sink_name|source_name)={VOICE}")

LOOPBACK_MS = 15  # what the loudspeaker is behind the call: less costs a server more than it gives


@dataclass(frozen=True, slots=True)
class Port:
    """A sink or a source of the server."""

    name: str
    description: str

    @property
    def ours(self) -> bool:
        """Whether it is one of those that are made here, or the monitor of one."""
        return self.name.startswith(VOICE)


@dataclass(frozen=True, slots=True)
class ServerState:
    """What a server has."""

    sinks: tuple[Port, ...]
    sources: tuple[Port, ...]
    """Monitors included."""
    default_sink: str
    default_source: str


@dataclass(frozen=True, slots=True)
class Module:
    """A module of PulseAudio; PipeWire takes the same."""

    name: str
    arguments: str

    @property
    def ours(self) -> bool:
        """Whether this daemon, or an earlier one that crashed, has loaded it."""
        return self.name.startswith("module-") and bool(OURS.search(self.arguments))


@dataclass(frozen=True, slots=True)
class RoutingPlan:
    """What there should be."""

    modules: tuple[Module, ...]
    """In the order in which they can be loaded."""
    ears: str | None
    """The source that the ears must have; ``None`` leaves them where they are."""
    problems: tuple[DigitalLifeError, ...]
    """Why something is left out."""


def make_plan(voice: VoiceSettings, ears: EarsSettings, sound: ServerState) -> RoutingPlan:
    """Work out what ``voice`` and ``ears`` ask for, with what the server has."""
    modules = [_sink(VOICE, "Digital Life (voice)"), _microphone()]
    problems: list[DigitalLifeError] = []
    call = _find(sound.sinks, ears.call_sink, sound.default_sink)
    listening = ears.listen_to != "microphone"
    if voice.output == "both":
        loudspeaker = _find(sound.sinks, voice.loudspeaker, sound.default_sink)
        if loudspeaker is None:
            problems.append(_missing_loudspeaker(voice.loudspeaker, sound))
        elif listening and loudspeaker == call:
            problems.append(_hears_itself(loudspeaker))
        else:
            modules.append(_loopback(f"{VOICE}.monitor", loudspeaker.name))
    microphones = [port for port in sound.sources if not _is_monitor(port, sound)]
    default = _default_microphone(sound, microphones)
    if not listening:
        if not sound.default_source.startswith(VOICE) or ears.microphone:
            return RoutingPlan(tuple(modules), None, tuple(problems))
        # the server took our own source for its microphone: it would listen to itself
        if default is not None:
            return RoutingPlan(tuple(modules), default.name, tuple(problems))
        problems.append(_missing_microphone("", sound))
    modules.append(_sink(EARS, "Digital Life (ears)"))
    if listening:
        if call is None:
            problems.append(_missing_loudspeaker(ears.call_sink, sound))
        else:
            modules.append(_loopback(f"{call.name}.monitor", EARS))
    if ears.listen_to == "both":
        microphone = _find(sound.sources, ears.microphone, "") if ears.microphone else default
        if microphone is None:
            problems.append(_missing_microphone(ears.microphone, sound))
        else:
            modules.append(_loopback(microphone.name, EARS))
    return RoutingPlan(tuple(modules), f"{EARS}.monitor", tuple(problems))


def _sink(name: str, description: str) -> Module:
    return Module(
        "module-null-sink",
        f"sink_name={name} rate=48000 channels=1 channel_map=mono "
        f"sink_properties=\"device.description='{description}'\"",
    )


def _microphone() -> Module:
    """Browsers hide monitors, so the monitor is offered again as a source of its own."""
    return Module(
        "module-remap-source",
        f"source_name={MICROPHONE} master={VOICE}.monitor channels=1 channel_map=mono "
        "source_properties=\"device.description='Digital Life'"
        ' device.icon_name=audio-input-microphone"',
    )


def _loopback(source: str, sink: str) -> Module:
    """Copy sound for as long as both ends are there; only a new plan moves it."""
    return Module(
        "module-loopback",
        f"source={source} sink={sink} latency_msec={LOOPBACK_MS} "
        "source_dont_move=true sink_dont_move=true",
    )


def _find(ports: Iterable[Port], wanted: str, default: str) -> Port | None:
    """Return the port with ``wanted`` in its name or description; ``""`` is the default one.

    Never one of ours: where that has become the default, the first other one.
    """
    ports = [port for port in ports if not port.ours and port.name != DUMMY]
    if not wanted:
        return next((port for port in ports if port.name == default), ports[0] if ports else None)
    wanted = wanted.casefold()
    texts = [(port, {port.name.casefold(), port.description.casefold()}) for port in ports]
    whole = [port for port, names in texts if wanted in names]
    part = [port for port, names in texts if any(wanted in name for name in names)]
    return next(iter(whole + part), None)


def _default_microphone(sound: ServerState, microphones: list[Port]) -> Port | None:
    """Return the user's own choice, even a monitor; else the first real microphone."""
    chosen = [port for port in sound.sources if port.name == sound.default_source and not port.ours]
    return next(iter(chosen), None) or _find(microphones, "", "")


def _is_monitor(port: Port, sound: ServerState) -> bool:
    return port.name in {f"{sink.name}.monitor" for sink in sound.sinks}


def _missing_loudspeaker(name: str, sound: ServerState) -> DeviceError:
    if not name:
        return DeviceError(
            tr("No loudspeaker was found."), tr('write output = "virtual-microphone" under [voice]')
        )
    known = ", ".join(port.description for port in sound.sinks if not port.ours)
    return DeviceError(
        tr('There is no loudspeaker "{name}". There are: {devices}.').format(
            name=name, devices=known
        ),
        "pactl list sinks",
    )


def _missing_microphone(name: str, sound: ServerState) -> DeviceError:
    if not name:
        return DeviceError(tr("No microphone was found."), "pactl list sources")
    known = ", ".join(port.description for port in sound.sources if not port.ours)
    return DeviceError(
        tr('There is no microphone "{name}". There are: {devices}.').format(
            name=name, devices=known
        ),
        "pactl list sources",
    )


def _hears_itself(loudspeaker: Port) -> SetupError:
    return SetupError(
        tr(
            'It would hear itself: the call and its voice would both play on "{loudspeaker}".'
        ).format(loudspeaker=loudspeaker.description),
        tr(
            'write output = "virtual-microphone" under [voice], or name another loudspeaker: '
            "loudspeaker under [voice] is the voice's, call_sink under [ears] the call's"
        ),
    )
