"""Finds the person in a picture: MediaPipe's selfie segmentation, run by LiteRT.

The network (Apache-2.0, 250 kB) and what is around it follow its model card and the graphs that
MediaPipe publishes with it.
"""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from daemon.face.detection import load_network, run_network
from daemon.face.matte import fitted
from daemon.media import Image

Floats = NDArray[np.float32]

SIDE = 256  # pixels, the network's input and output
STEADY = 0.9  # of the picture before is kept where the network is in doubt


class PersonFinder:
    """The network, and what it saw in the last picture of a film. Raises ``SetupError``."""

    def __init__(self, path: Path) -> None:
        self._net = load_network(path)
        self._before: Floats | None = None

    def begin(self) -> None:
        """Forget the last picture: the next is of something else."""
        self._before = None

    def matte(self, image: Image) -> Image:
        """Return how much of each pixel is a person, (height, width) in 0 to 255.

        In a film the edge does not tremble: where the network is unsure, it is believed less than
        what it said of the picture before.
        """
        seen = cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
        levels = np.asarray(seen[None] / np.float32(255), np.float32)
        (found,) = run_network(self._net, levels)
        probability = found.reshape(SIDE, SIDE)
        if self._before is not None:
            doubt = 4 * probability * (1 - probability)
            kept = (self._before - probability) * (STEADY * doubt)
            probability = np.asarray(probability + kept, np.float32)
        self._before = probability
        return fitted(self._before, image)
