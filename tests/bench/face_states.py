"""Draws the contact sheet of docs/face.md: each state and each feeling of the drawn face.

``python -m tests.bench.face_states`` writes docs/images/states.png anew.
"""

from pathlib import Path

import cv2
import numpy as np
from PIL import Image as Pillow

from daemon.expression import Attitude, Cue, Feeling, Pose
from daemon.face.behaviour import Behaviour
from daemon.face.catalogue import DRAWN, find_face
from daemon.face.portrait import Portrait
from daemon.media import Image

SHEET = Path(__file__).parents[2] / "docs/images/states.png"
FPS, START = 25, 400
AFTER_S = {Attitude.THINKING: 1.2, Attitude.MUTED: 2.2}  # when it is seen; others after 2 s
FEELING_S = 0.9
SEEN = slice(20, 560), slice(410, 870)
TILE, COLUMNS = (230, 270), 4
EXPRESSIVENESS = 0.5  # the default


def pose_of(attitude: Attitude, feeling: Feeling | None = None) -> Pose:
    """Return how it holds itself a while after it has begun to be so."""
    behaviour = Behaviour(FPS, EXPRESSIVENESS)
    behaviour.step(START)
    behaviour.attend(attitude)
    seconds = FEELING_S if feeling else AFTER_S.get(attitude, 2.0)
    pose = Pose()
    for tick in range(START, START + round(seconds * FPS) + 1):
        if feeling and tick == START:
            behaviour.feel(feeling)
        pose = behaviour.step(tick, Cue(0.5) if attitude is Attitude.SPEAKING else None)
    return pose


def _tile(face: Portrait, name: str, pose: Pose) -> Image:
    picture = np.ascontiguousarray(face.picture(START, None, pose)[SEEN])
    tile = np.asarray(cv2.resize(picture, TILE, interpolation=cv2.INTER_AREA), np.uint8)
    place = (8, TILE[1] - 10)
    for ink, width in ((30, 3), (250, 1)):
        cv2.putText(
            tile, name, place, cv2.FONT_HERSHEY_SIMPLEX, 0.5, (ink, ink, ink), width, cv2.LINE_AA
        )
    return tile


def main() -> None:
    """Draw and write."""
    face = Portrait(find_face(DRAWN).directory, FPS)
    tiles = [_tile(face, one.value, pose_of(one)) for one in Attitude]
    tiles += [_tile(face, one.value, pose_of(Attitude.SPEAKING, one)) for one in Feeling]
    tiles += [np.full_like(tiles[0], 245)] * (-len(tiles) % COLUMNS)
    rows = [np.hstack(tiles[i : i + COLUMNS]) for i in range(0, len(tiles), COLUMNS)]
    Pillow.fromarray(np.vstack(rows)).save(SHEET, optimize=True)
    print(SHEET, SHEET.stat().st_size)


if __name__ == "__main__":
    main()
