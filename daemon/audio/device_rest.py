"""When a loudspeaker's device may be shut because nobody has anything to say.

To be fed silence a hundred times a second, a device costs as much as the ears do, here and in the
sound server, and keeps a sound card awake. To open it takes milliseconds.
"""

import asyncio
import time


class DeviceRest:
    """Whether the device rests, and since when nobody has needed it; the event loop's thread."""

    def __init__(self) -> None:
        self.active = False
        """Whether the device is shut until it is needed. Set by whoever owns it, read in any."""
        self.needed = asyncio.Event()
        """Set when there is, or soon will be, something to hear."""
        self._needed_at = time.monotonic()

    def wake(self) -> None:
        """Have the device open by the time that something is to be heard."""
        self._needed_at = time.monotonic()
        self.needed.set()

    def unused_s(self) -> float:
        """Return for how many seconds nobody has needed the device."""
        return time.monotonic() - self._needed_at
