"""The switches for microphone and camera."""

import logging

from daemon.bus import Bus
from daemon.events import Muted

log = logging.getLogger(__name__)


class Mute:
    """Whether the microphone and the camera are off.

    Switched in the event loop's thread, looked at in any: by the ears before each block of sound,
    by the screen before each picture.
    """

    def __init__(self, bus: Bus | None = None) -> None:
        """``bus`` is told of each switch."""
        self._bus = bus or Bus()
        self._microphone = False
        self._camera = False

    @property
    def microphone(self) -> bool:
        """Whether nothing is heard."""
        return self._microphone

    @property
    def camera(self) -> bool:
        """Whether a still card is shown instead of the face."""
        return self._camera

    def toggle_microphone(self) -> None:
        """Switch the microphone off, or on again."""
        self._microphone = not self._microphone
        self._tell("microphone", self._microphone)

    def toggle_camera(self) -> None:
        """Switch the camera off, or on again."""
        self._camera = not self._camera
        self._tell("camera", self._camera)

    def _tell(self, what: str, off: bool) -> None:
        log.info("%s %s", what, "off" if off else "on")
        self._bus.publish(Muted(self.microphone, self.camera))
