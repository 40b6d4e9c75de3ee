"""The microphones and loudspeakers of this machine, as PortAudio sees them."""

import atexit
import contextlib
import ctypes
import functools
import logging
from dataclasses import dataclass
from types import ModuleType
from typing import Literal, Protocol

from daemon.errors import DeviceError
from daemon.i18n import tr
from daemon.system_packages import PORTAUDIO, install_line

Direction = Literal["input", "output"]


class StreamTimes(Protocol):
    """What PortAudio tells of the moments of a block, in seconds of its own clock; 0 if unknown."""

    inputBufferAdcTime: float
    outputBufferDacTime: float
    currentTime: float


@dataclass(frozen=True, slots=True)
class Device:
    """A sound device; many can do both directions."""

    index: int
    """PortAudio's number for it."""
    name: str
    host: str
    """The sound system it belongs to, such as ALSA."""
    inputs: int
    """Channels that can be recorded."""
    outputs: int
    """Channels that can be played."""
    default_input: bool
    default_output: bool


@functools.cache
def sounddevice() -> ModuleType:
    """Import sounddevice, which loads PortAudio; ``DeviceError`` if that is not installed."""
    if not logging.getLogger().isEnabledFor(logging.DEBUG):
        _quiet_alsa()
    try:
        import sounddevice
    except OSError as error:
        raise DeviceError(
            tr("The library PortAudio, which reaches microphones and loudspeakers, is missing."),
            fix=install_line(PORTAUDIO),
        ) from error
    # It would wait for a device that hangs, after we have given it up.
    atexit.unregister(sounddevice._exit_handler)
    module: ModuleType = sounddevice
    return module


# Stands in for ALSA's own handler, which prints every underrun to the terminal. Kept for good.
_SAY_NOTHING = ctypes.CFUNCTYPE(
    None, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p
)(lambda *_: None)


def _quiet_alsa() -> None:
    with contextlib.suppress(OSError, AttributeError):  # another system than ALSA
        ctypes.CDLL("libasound.so.2").snd_lib_error_set_handler(_SAY_NOTHING)


def rescan() -> None:
    """Start PortAudio anew, so that it sees what was plugged in since; all streams are closed."""
    sd = sounddevice()
    try:
        if sd._initialized:  # not so after an attempt that failed half-way
            sd._terminate()
        sd._initialize()
    except sd.PortAudioError as error:
        raise DeviceError(
            tr("The sound devices cannot be listed: {reason}").format(reason=error)
        ) from error


def list_devices() -> list[Device]:
    """List what there is, in PortAudio's order; empty on a machine without sound."""
    sd = sounddevice()
    try:
        hosts = sd.query_hostapis()
        return [
            Device(
                index=index,
                name=device["name"],
                host=hosts[device["hostapi"]]["name"],
                inputs=device["max_input_channels"],
                outputs=device["max_output_channels"],
                default_input=index == sd.default.device["input"],
                default_output=index == sd.default.device["output"],
            )
            for index, device in enumerate(sd.query_devices())
        ]
    except sd.PortAudioError as error:
        raise DeviceError(
            tr("The sound devices cannot be listed: {reason}").format(reason=error)
        ) from error


def find_input(name: str) -> int:
    """Return the number of the microphone with ``name`` in its name; see ``find_output``."""
    return _find(name, "input")


def find_output(name: str) -> int:
    """Return the number of the loudspeaker with ``name`` in its name; ``""`` is the default one.

    Upper and lower case are the same, and a whole name goes before a part of one. Raises
    ``DeviceError`` when no device fits, or more than one does.
    """
    return _find(name, "output")


def _find(name: str, direction: Direction) -> int:
    recording = direction == "input"
    devices = [d for d in list_devices() if (d.inputs if recording else d.outputs)]
    if not devices:
        raise DeviceError(
            tr("No microphone was found.") if recording else tr("No loudspeaker was found."),
            fix=tr("Connect one, or start a sound server (PipeWire or PulseAudio)."),
        )
    if not name:
        defaults = [d for d in devices if (d.default_input if recording else d.default_output)]
        return (defaults or devices)[0].index
    wanted = name.casefold()
    whole = [d for d in devices if d.name.casefold() == wanted]
    fitting = whole or [d for d in devices if wanted in d.name.casefold()]
    # One device that several sound systems offer under the same name is one device.
    if len({d.name for d in fitting}) == 1:
        return fitting[0].index
    if fitting:
        text = tr('"{name}" fits more than one device: {devices}.')
    elif recording:
        text = tr('There is no microphone "{name}". There are: {devices}.')
    else:
        text = tr('There is no loudspeaker "{name}". There are: {devices}.')
    known = ", ".join(dict.fromkeys(d.name for d in fitting or devices))
    raise DeviceError(text.format(name=name, devices=known), fix="digital-life devices")
