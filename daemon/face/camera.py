"""The virtual camera: pictures that video calls see, through v4l2loopback."""

import os
from pathlib import Path

import pyvirtualcam

from daemon.errors import DeviceError
from daemon.face import loopback
from daemon.i18n import tr
from daemon.media import Image

MODPROBE = 'sudo modprobe v4l2loopback devices={} video_nr={} exclusive_caps=1 card_label="{}"'
LOAD = MODPROBE.format(1, "10", "Digital Life")
LOAD_TWO = MODPROBE.format(2, "10,11", "Digital Life,Another")
GROUP = "sudo usermod -aG video $USER"


class VirtualCamera:
    """A v4l2loopback device that shows our pictures; a ``Camera``.

    It keeps no time of its own: the caller's clock says when to show, so that pictures stay with
    the sound.
    """

    def __init__(self, device: str, size: tuple[int, int], fps: int) -> None:
        """Open ``device``, or the first free v4l2loopback device when it is empty.

        Raises ``DeviceError`` when there is none, or it is busy or not ours to open.
        """
        device = _choose(device)
        try:
            self._camera = pyvirtualcam.Camera(
                width=size[0],
                height=size[1],
                fps=fps,
                device=device,
                backend="v4l2loopback",
            )
        except (RuntimeError, ValueError, OSError) as error:
            raise _explained(device, error) from error
        if (kept := loopback.size(device)) != size:  # the device silently keeps what it has
            self.close()
            raise DeviceError(
                tr("The camera {device} is being watched at {width}×{height}.").format(
                    device=device, width=kept[0], height=kept[1]
                ),
                tr("Close the program that watches it, or set this size under [face]."),
            )

        loopback.sustain(device, True)

    @property
    def device(self) -> str:
        """The device that is shown on, such as ``/dev/video10``."""
        return str(self._camera.device)

    def warm_up(self) -> None:
        """Nothing is slow the first time."""

    def show(self, image: Image) -> None:
        """Hand over a picture; ``DeviceError`` when the device has gone."""
        try:
            self._camera.send(image)
        except (RuntimeError, OSError) as error:
            raise DeviceError(
                tr("The camera {device} has gone: {error}").format(device=self.device, error=error),
                LOAD,
            ) from error

    def watched(self) -> bool:
        """Whether a program takes the pictures, or the driver cannot tell."""
        try:
            return loopback.watched(self.device) is not False
        except OSError:
            return True  # whatever is wrong, the next picture tells

    def close(self) -> None:
        """Give the device back."""
        self._camera.close()


def _choose(device: str) -> str:
    """Return ``device``, or the first that is free, made ready to be written to."""
    if not device:
        for found in loopback.devices():
            if loopback.revive(found):
                return found.path
        raise _explained("", OSError())
    path = Path(device)
    if not path.exists():
        raise DeviceError(tr("There is no camera {device}.").format(device=device), LOAD)
    if not path.is_char_device():
        raise DeviceError(tr("{device} is not a camera.").format(device=device), LOAD)
    try:
        named = loopback.inspect(device)
        if named is None:
            raise DeviceError(tr("{device} is not a virtual camera.").format(device=device), LOAD)
        if not loopback.revive(named):
            raise OSError("device is already in use")
    except OSError as error:
        raise _explained(device, error) from error
    return device


def _explained(device: str, error: Exception) -> DeviceError:
    """Say what the error of opening ``device``, or the first free one, means."""
    reason = str(error).lower()
    if isinstance(error, PermissionError) or (not device and _forbidden()):
        return DeviceError(
            tr("You may not open the camera {device}.").format(device=device or _forbidden()),
            tr("{command}, then log in again").format(command=GROUP),
        )
    if not device and not Path("/sys/module/v4l2loopback").exists():
        return DeviceError(
            tr("There is no virtual camera: the kernel module v4l2loopback is not loaded."), LOAD
        )
    if not device or "busy" in reason or "in use" in reason:
        message = (
            tr("Another program writes to the camera {device}.").format(device=device)
            if device
            else tr("No virtual camera is free.")
        )
        return DeviceError(
            message,
            tr("Close the program that writes to it, or make a second one: {command}").format(
                command=LOAD_TWO
            ),
        )
    return DeviceError(
        tr("The camera {device} cannot show pictures: {error}").format(device=device, error=error),
        LOAD,
    )


def _forbidden() -> str:
    """Return the first video device when there are some and we may open none of them."""
    nodes = sorted(Path("/dev").glob("video*"))
    if any(os.access(node, os.R_OK | os.W_OK) for node in nodes):
        return ""
    return str(nodes[0]) if nodes else ""
