import os
import struct
from pathlib import Path

import numpy as np
import pytest

from daemon.errors import DeviceError
from daemon.face import loopback
from daemon.face.camera import VirtualCamera
from daemon.face.loopback import Loopback
from daemon.stages import Camera

SIZE = (640, 360)


def test_a_device_that_is_not_there() -> None:
    with pytest.raises(DeviceError, match="/dev/video98") as raised:
        VirtualCamera("/dev/video98", SIZE, 25)
    assert "modprobe v4l2loopback" in raised.value.fix


def test_a_file_is_no_camera(tmp_path: Path) -> None:
    path = tmp_path / "video"
    path.touch()
    with pytest.raises(DeviceError, match="not a camera"):
        VirtualCamera(str(path), SIZE, 25)


def test_a_device_of_another_kind() -> None:
    with pytest.raises(DeviceError, match="/dev/null is not a virtual camera"):
        VirtualCamera("/dev/null", SIZE, 25)


@pytest.mark.skipif(any(Path("/dev").glob("video*")), reason="there is a camera device")
def test_no_device_at_all() -> None:
    with pytest.raises(DeviceError, match="v4l2loopback") as raised:
        VirtualCamera("", SIZE, 25)
    assert 'card_label="Digital Life"' in raised.value.fix


def test_no_permission(monkeypatch: pytest.MonkeyPatch) -> None:
    # Root may open everything, so the kernel's refusal is played.
    def refuse(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(DeviceError, match="may not open") as raised:
        VirtualCamera("/dev/null", SIZE, 25)
    assert "usermod -aG video" in raised.value.fix


@pytest.mark.parametrize(("count", "watched"), [(0, False), (1, True), (2, True)])
def test_the_driver_tells_whether_anybody_looks(
    monkeypatch: pytest.MonkeyPatch, count: int, watched: bool
) -> None:
    def ioctl(device: int, number: int, data: bytes | bytearray) -> int:
        if number == loopback.DQEVENT:
            assert isinstance(data, bytearray) and len(data) == 136
            struct.pack_into("I4xI", data, 0, loopback.CLIENT_USAGE, count)
        else:
            assert number == loopback.SUBSCRIBE_EVENT and len(data) == 32
        return 0

    monkeypatch.setattr("daemon.face.loopback.fcntl.ioctl", ioctl)
    assert loopback.watched("/dev/null") is watched


def test_a_driver_that_does_not_tell() -> None:
    assert loopback.watched("/dev/null") is None, "up to v4l2loopback 0.12"


@pytest.fixture
def devices(monkeypatch: pytest.MonkeyPatch) -> list[Loopback]:
    """Devices to be found; those that show pictures are written to by somebody."""
    known: list[Loopback] = []
    found = {"/dev/null": known}
    monkeypatch.setattr(loopback, "inspect", lambda path: found[path][0])
    monkeypatch.setattr(loopback, "devices", lambda: known)
    monkeypatch.setattr(loopback, "revive", lambda device: not device.shows)
    monkeypatch.setattr(loopback, "size", lambda path: SIZE)
    monkeypatch.setattr(loopback, "sustain", lambda path, on: None)
    return known


BUSY = Loopback("/dev/null", "Digital Life", shows=True, takes=False)
FREE = Loopback("/dev/null", "Digital Life", shows=False, takes=True)


@pytest.mark.parametrize(("device", "text"), [("/dev/null", "Another program"), ("", "is free")])
def test_a_busy_device(
    monkeypatch: pytest.MonkeyPatch, devices: list[Loopback], device: str, text: str
) -> None:
    devices.append(BUSY)
    path = type(Path())
    monkeypatch.setattr(path, "exists", lambda self: True)  # the module's place in /sys
    with pytest.raises(DeviceError, match=text) as raised:
        VirtualCamera(device, SIZE, 25)
    assert "devices=2" in raised.value.fix


class Device:
    device = "/dev/null"

    def __init__(self, sent: list[object]) -> None:
        self.sent = sent

    def send(self, image: object) -> None:
        if len(self.sent) == 2:
            raise RuntimeError("gone")
        self.sent.append(image)

    def close(self) -> None:
        self.sent.clear()


def test_pictures_reach_the_device(
    monkeypatch: pytest.MonkeyPatch, devices: list[Loopback]
) -> None:
    sent: list[object] = []

    def opened(**settings: object) -> Device:
        assert (settings["width"], settings["height"]) == SIZE
        assert settings["device"] == "/dev/null"
        return Device(sent)

    devices.append(FREE)
    monkeypatch.setattr("pyvirtualcam.Camera", opened)
    camera: Camera = VirtualCamera("", SIZE, 25)
    image = np.zeros((360, 640, 3), np.uint8)
    camera.show(image)
    camera.show(image)
    with pytest.raises(DeviceError, match="has gone"):
        camera.show(image)
    camera.close()
    assert sent == []


def test_a_viewer_that_keeps_another_size(
    monkeypatch: pytest.MonkeyPatch, devices: list[Loopback]
) -> None:
    devices.append(FREE)
    monkeypatch.setattr("pyvirtualcam.Camera", lambda **_: Device([]))
    monkeypatch.setattr(loopback, "size", lambda path: (1280, 720))
    with pytest.raises(DeviceError, match="watched at 1280×720"):
        VirtualCamera("/dev/null", SIZE, 25)
