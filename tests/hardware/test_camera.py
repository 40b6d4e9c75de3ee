"""A real v4l2loopback device; skipped where there is none."""

from pathlib import Path

import av
import numpy as np
import pytest

from daemon.errors import DeviceError
from daemon.face.camera import VirtualCamera

SIZE, FPS = (640, 360), 25

pytestmark = pytest.mark.skipif(
    not Path("/sys/module/v4l2loopback").exists(), reason="v4l2loopback is not loaded"
)


def test_a_viewer_sees_our_colours() -> None:
    camera = VirtualCamera("", SIZE, FPS)
    try:
        colour = np.array([200, 60, 90], np.uint8)
        picture = np.broadcast_to(colour, (SIZE[1], SIZE[0], 3)).copy()
        camera.show(picture)
        with av.open(camera.device, format="v4l2") as viewer:
            camera.show(picture)
            frames = viewer.decode(video=0)
            seen = next(frames).to_ndarray(format="rgb24")
        assert seen.shape == (SIZE[1], SIZE[0], 3)
        assert np.abs(seen.mean(axis=(0, 1)) - colour).max() < 12
    finally:
        camera.close()


def test_a_second_writer_is_refused() -> None:
    camera = VirtualCamera("", SIZE, FPS)
    try:
        with pytest.raises(DeviceError):
            VirtualCamera(camera.device, SIZE, FPS)
    finally:
        camera.close()
