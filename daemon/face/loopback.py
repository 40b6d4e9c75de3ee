"""Finds a v4l2loopback device that is free, and frees one that only seems to be taken.

Up to v4l2loopback 0.12 (Debian 12, Ubuntu 22.04) a device with ``exclusive_caps=1`` that was
written to by ``write()`` stays without its output capability when its writer ends, well or by
``kill -9``: nobody could ever open it as a camera again. Starting a stream on it and closing it
brings that back, and viewers that are connected notice nothing.
"""

import fcntl
import os
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

NAME: Final = "Digital Life"  # what our device is called, see systemd/modprobe.conf
DRIVER: Final = b"v4l2 loopback"
CAPTURE, OUTPUT = 1, 2  # of V4L2_CAP_*
OUTPUT_STREAM: Final = 2  # V4L2_BUF_TYPE_VIDEO_OUTPUT
# struct v4l2_format up to width and height; a pointer in its union aligns that
FORMAT: Final = struct.Struct("I4xII192x" if struct.calcsize("P") == 8 else "III192x")
WRITES_S = 0.5  # a program that writes shows a picture within this, or is not counted as one


def _ioctl(number: int, size: int, *, read: bool = False, write: bool = False) -> int:
    """Return the number of an ioctl of V4L2."""
    return (write | read << 1) << 30 | size << 16 | ord("V") << 8 | number


QUERYCAP: Final = _ioctl(0, 104, read=True)
G_FMT: Final = _ioctl(4, FORMAT.size, read=True, write=True)
STREAMON: Final = _ioctl(18, 4, write=True)
S_CTRL: Final = _ioctl(28, 8, read=True, write=True)
DQEVENT: Final = _ioctl(89, 136, read=True)
SUBSCRIBE_EVENT: Final = _ioctl(90, 32, write=True)
# v4l2loopback's own event from 0.13 on: how many take pictures from it. It is sent at once to who
# subscribes and wishes so.
CLIENT_USAGE: Final = 0x08000000 + 0x08E00000 + 1
SEND_INITIAL: Final = 1  # V4L2_EVENT_SUB_FL_SEND_INITIAL
SUSTAIN: Final = 0x00980900 + 0xF001  # v4l2loopback's control for showing the last picture again


@dataclass(frozen=True, slots=True)
class Loopback:
    """A v4l2loopback device."""

    path: str
    name: str
    """What programs show for it."""
    shows: bool
    """It can be watched."""
    takes: bool
    """It offers to be written to."""


def inspect(path: str) -> Loopback | None:
    """Look at a device; ``None`` if it is no v4l2loopback. Raises ``OSError``."""
    with _opened(path, os.O_RDWR) as device:
        buffer = bytearray(104)
        try:
            fcntl.ioctl(device, QUERYCAP, buffer)
        except OSError:  # no video device at all
            return None
    driver, name, capabilities = struct.unpack_from("16s32s32x4x4xI", buffer)
    if driver.rstrip(b"\0") != DRIVER:
        return None
    text = name.rstrip(b"\0").decode(errors="replace")
    return Loopback(path, text, bool(capabilities & CAPTURE), bool(capabilities & OUTPUT))


def devices() -> list[Loopback]:
    """Return the devices that we may open; ours first, then by number."""
    found = []
    nodes = sorted(Path("/dev").glob("video*"), key=lambda path: (len(path.name), path.name))
    for node in nodes:
        try:
            device = inspect(str(node))
        except OSError:
            continue
        if device is not None:
            found.append(device)
    return sorted(found, key=lambda device: device.name != NAME)


def revive(device: Loopback) -> bool:
    """Let a device be written to again if nobody writes; whether it can be now."""
    if device.takes:
        return True
    if device.shows and _is_written(device.path):
        return False
    # without buffers it refuses, and yet takes us for a writer
    with _opened(device.path, os.O_WRONLY) as opened, suppress(OSError):
        fcntl.ioctl(opened, STREAMON, struct.pack("i", OUTPUT_STREAM))
    again = inspect(device.path)
    return again is not None and again.takes


def sustain(path: str, on: bool) -> None:
    """Let the device show its last picture again and again while nobody writes.

    A browser takes a camera for broken after two seconds without a picture; so it survives our
    restart. Does nothing on a device that cannot.
    """
    with suppress(OSError), _opened(path, os.O_RDWR) as device:
        fcntl.ioctl(device, S_CTRL, struct.pack("Ii", SUSTAIN, on))


def size(path: str) -> tuple[int, int]:
    """Return width and height of what is written. Raises ``OSError``."""
    buffer = bytearray(FORMAT.size)
    struct.pack_into("I", buffer, 0, OUTPUT_STREAM)
    with _opened(path, os.O_RDWR) as device:
        fcntl.ioctl(device, G_FMT, buffer)
    width, height = FORMAT.unpack(buffer)[-2:]
    return int(width), int(height)


def watched(path: str) -> bool | None:
    """Whether a program takes pictures from a device; ``None`` where its driver does not tell.

    Looked up anew each time, because an event that is missed would leave the answer wrong for
    good. Raises ``OSError``.
    """
    if struct.calcsize("P") != 8:  # elsewhere an event is laid out in other ways
        return None
    with _opened(path, os.O_RDONLY) as device:
        wish, event = struct.pack("III20x", CLIENT_USAGE, 0, SEND_INITIAL), bytearray(136)
        try:
            fcntl.ioctl(device, SUBSCRIBE_EVENT, wish)
            fcntl.ioctl(device, DQEVENT, event)
        except OSError:
            return None
    kind, count = struct.unpack_from("I4xI", event)
    return count > 0 if kind == CLIENT_USAGE else None


def _is_written(path: str) -> bool:
    """Whether new pictures arrive: the only sign of a writer that the device gives."""
    sustain(path, False)
    with _opened(path, os.O_RDONLY) as device:
        _drain(device)  # what was there before we came does not count
        deadline = time.monotonic() + WRITES_S
        while time.monotonic() < deadline:
            if _drain(device):
                return True
            time.sleep(0.02)
    return False


def _drain(device: int) -> int:
    """Read all pictures that wait; return how many there were."""
    count = 0
    with suppress(OSError):
        while os.read(device, 1) and count < 100:
            count += 1
    return count


@contextmanager
def _opened(path: str, flags: int) -> Iterator[int]:
    device = os.open(path, flags | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        yield device
    finally:
        os.close(device)
