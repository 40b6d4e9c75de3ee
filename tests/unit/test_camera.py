import os
from pathlib import Path

import numpy as np
import pytest

from daemon.errors import DeviceError
from daemon.face.camera import VirtualCamera
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
    with pytest.raises(DeviceError, match="/dev/null"):
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


@pytest.mark.parametrize("message", ["Device or resource busy", "device is already in use"])
def test_a_busy_device(monkeypatch: pytest.MonkeyPatch, message: str) -> None:
    # What pyvirtualcam says of a loopback device that another program writes to.
    def refuse(**_: object) -> None:
        raise RuntimeError(message)

    monkeypatch.setattr("pyvirtualcam.Camera", refuse)
    with pytest.raises(DeviceError, match="Another program") as raised:
        VirtualCamera("/dev/null", SIZE, 25)
    assert "devices=2" in raised.value.fix


def test_pictures_reach_the_device(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[object] = []

    class Device:
        device = "/dev/video10"

        def __init__(self, **settings: object) -> None:
            assert (settings["width"], settings["height"]) == SIZE
            assert settings["device"] is None

        def send(self, image: object) -> None:
            if len(sent) == 2:
                raise RuntimeError("gone")
            sent.append(image)

        def close(self) -> None:
            sent.clear()

    monkeypatch.setattr("pyvirtualcam.Camera", Device)
    camera: Camera = VirtualCamera("", SIZE, 25)
    image = np.zeros((360, 640, 3), np.uint8)
    camera.show(image)
    camera.show(image)
    with pytest.raises(DeviceError, match="has gone"):
        camera.show(image)
    camera.close()
    assert sent == []
