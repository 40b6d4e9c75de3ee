"""A real v4l2loopback device; skipped where there is none."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest

from daemon.errors import DeviceError
from daemon.face import loopback
from daemon.face.camera import VirtualCamera
from daemon.media import Image

SIZE, FPS = (640, 360), 25
WRITER = f"""
import time, numpy as np
from daemon.face.camera import VirtualCamera
camera = VirtualCamera("", {SIZE}, {FPS})
picture = np.full(({SIZE[1]}, {SIZE[0]}, 3), 200, np.uint8)
camera.show(picture)
print(camera.device, flush=True)
while True:
    camera.show(picture)
    time.sleep(0.04)
"""

pytestmark = pytest.mark.skipif(
    not Path("/sys/module/v4l2loopback").exists(), reason="v4l2loopback is not loaded"
)


def picture(red: int, green: int, blue: int) -> Image:
    colour = np.array([red, green, blue], np.uint8)
    return np.broadcast_to(colour, (SIZE[1], SIZE[0], 3)).copy()


@pytest.fixture
def other() -> Iterator["subprocess.Popen[str]"]:
    """Another program that writes to the camera."""
    program = subprocess.Popen([sys.executable, "-c", WRITER], stdout=subprocess.PIPE, text=True)
    assert program.stdout is not None
    assert program.stdout.readline().startswith("/dev/video")
    yield program
    program.kill()
    program.communicate()


def test_a_viewer_sees_our_colours() -> None:
    camera = VirtualCamera("", SIZE, FPS)
    try:
        camera.show(picture(200, 60, 90))
        with av.open(camera.device, format="v4l2") as viewer:
            camera.show(picture(200, 60, 90))
            seen = next(viewer.decode(video=0)).to_ndarray(format="rgb24")
        assert seen.shape == (SIZE[1], SIZE[0], 3)
        assert np.abs(seen.mean(axis=(0, 1)) - (200, 60, 90)).max() < 12
    finally:
        camera.close()


def test_it_can_be_opened_again_and_again() -> None:
    for _ in range(3):
        camera = VirtualCamera("", SIZE, FPS)
        camera.show(picture(1, 2, 3))
        camera.close()


def test_a_second_writer_is_refused() -> None:
    camera = VirtualCamera("", SIZE, FPS)
    stop = threading.Event()

    def show() -> None:
        while not stop.wait(0.04):
            camera.show(picture(1, 2, 3))

    showing = threading.Thread(target=show)
    showing.start()
    try:
        with pytest.raises(DeviceError):
            VirtualCamera(camera.device, SIZE, FPS)
    finally:
        stop.set()
        showing.join()
        camera.close()


def test_another_programs_camera_is_left_alone(other: "subprocess.Popen[str]") -> None:
    with pytest.raises(DeviceError, match="free"):
        VirtualCamera("", SIZE, FPS)
    assert other.poll() is None


def test_after_a_crash_it_is_free_and_a_viewer_sees_us(other: "subprocess.Popen[str]") -> None:
    [device] = loopback.devices()
    with av.open(device.path, format="v4l2") as viewer:
        pictures = viewer.decode(video=0)
        assert next(pictures).width == SIZE[0]
        other.kill()
        other.wait()
        for _ in range(20):
            assert next(pictures).width == SIZE[0], "it goes on with the last picture"
        camera = VirtualCamera("", SIZE, FPS)
        try:
            for _ in range(6):  # what waits from before comes first
                camera.show(picture(200, 60, 90))
                seen = next(pictures).to_ndarray(format="rgb24").mean(axis=(0, 1))
            assert np.abs(seen - (200, 60, 90)).max() < 12
        finally:
            camera.close()
