"""Small films for tests, made of the one face that the repository has."""

import math
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

from daemon.media import Image

PORTRAIT = Path(__file__).parent / "images" / "astronaut.jpg"


def portrait() -> Image:
    return np.asarray(cv2.imread(str(PORTRAIT), cv2.IMREAD_COLOR_RGB), np.uint8)


def nobody() -> Image:
    """A picture without a face."""
    x, y = np.meshgrid(np.linspace(40, 200, 320), np.linspace(90, 160, 320))
    return np.stack([x, y, (x + y) / 2], 2).astype(np.uint8)


def swaying(count: int) -> list[Image]:
    """The portrait, moving a few pixels to and fro."""
    image = portrait()
    shifts = [np.array([[1, 0, 6 * math.sin(i / 8)], [0, 1, 0]], np.float32) for i in range(count)]
    return [
        np.asarray(
            cv2.warpAffine(image, shift, (320, 320), borderMode=cv2.BORDER_REPLICATE), np.uint8
        )
        for shift in shifts
    ]


def write_film(path: Path, images: Sequence[Image], times: Sequence[int] | None = None) -> Path:
    """Write pictures at 25 a second, or at ``times`` in ms."""
    with av.open(str(path), "w") as container:
        height, width = images[0].shape[:2]
        stream = container.add_stream("h264", 25)
        stream.codec_context.width, stream.codec_context.height = width, height
        stream.codec_context.pix_fmt = "yuv420p"
        stream.codec_context.time_base = Fraction(1, 1000)
        stream.codec_context.options = {"crf": "14", "preset": "ultrafast"}
        for number, image in enumerate(images):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgb24")
            frame.pts = times[number] if times else number * 40
            frame.time_base = Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def write_sound(path: Path) -> Path:
    """Write a film's file with sound only."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", 16_000, layout="mono")
        frame = av.AudioFrame.from_ndarray(
            np.zeros((1, 1024), np.float32), format="fltp", layout="mono"
        )
        frame.sample_rate, frame.pts = 16_000, 0
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def turned(path: Path) -> Path:
    """Mark a film as to be shown a quarter turn to the right, as a telephone held upright does."""
    data = bytearray(path.read_bytes())
    upright = np.array([65536, 0, 0, 0, 65536, 0, 0, 0, 1 << 30], ">i4").tobytes()
    quarter = np.array([0, 65536, 0, -65536, 0, 0, 0, 0, 1 << 30], ">i4").tobytes()
    at = data.index(upright, data.index(b"tkhd"))
    data[at : at + len(quarter)] = quarter
    path.write_bytes(bytes(data))
    return path
