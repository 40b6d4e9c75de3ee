"""Which mouths a face of one's own gets."""

from pathlib import Path
from typing import cast

import numpy as np
import pytest

from daemon.config import FaceSettings
from daemon.errors import InputError, SetupError
from daemon.expression import Attitude
from daemon.face import own_face_factory
from daemon.face.background import calm
from daemon.face.catalogue import ClipEntry, Face, NoFace
from daemon.face.clip import ClipWriter, FaceTrack
from daemon.face.filmed import PictureSource, WarpedMouths
from daemon.face.photograph import BACKDROP
from daemon.store.manifest import load_default
from daemon.store.model_store import ModelStore
from tests.faces import POINTS, skin

PICTURES = cast(PictureSource, None)


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    return ModelStore(tmp_path / "models", load_default())


def test_without_weights_the_lips_are_bent_and_it_says_what_would_be_better(
    store: ModelStore, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    assert isinstance(own_face_factory._mouths("auto", PICTURES, 25, store), WarpedMouths)
    assert "models pull wav2lip-gan --accept-license" in caplog.text


def test_weights_that_are_damaged_do_not_silence_the_face(
    store: ModelStore, caplog: pytest.LogCaptureFixture
) -> None:
    place = store.place("wav2lip-gan")
    place.mkdir(parents=True)
    (place / "wav2lip_gan.pth").write_bytes(b"half a file")
    assert isinstance(own_face_factory._mouths("auto", PICTURES, 25, store), WarpedMouths)
    assert "damaged" in caplog.text


@pytest.mark.parametrize(
    ("lips", "message"),
    [
        ("wav2lip", "has not been downloaded"),
        ("wave2lip", "neither a weight of Wav2Lip nor a checkpoint"),
        ("/absent/wav2lip.pth", "There is no file"),
    ],
)
def test_what_is_asked_for_by_name_must_be_there(
    store: ModelStore, lips: str, message: str
) -> None:
    with pytest.raises(SetupError, match=message):
        own_face_factory._mouths(lips, PICTURES, 25, store)


def test_a_clip_that_has_gone(store: ModelStore, tmp_path: Path) -> None:
    face = Face("me", "", tmp_path, (ClipEntry(tmp_path / "absent", "me.mp4", Attitude.SPEAKING),))
    with pytest.raises(SetupError, match="damaged"):
        own_face_factory.own_face(face, "bent", 25, (640, 360), store)


def drawn(background: str) -> FaceSettings:
    return FaceSettings(width=320, height=180, background=background)


def test_a_background_that_cannot_be_shown_is_refused_while_it_runs(store: ModelStore) -> None:
    with pytest.raises(InputError, match="does not exist"):
        own_face_factory.make_face(drawn("/absent/beach.jpg"), store)


def test_at_the_start_a_plain_one_is_shown_instead_and_never_the_room(
    store: ModelStore, caplog: pytest.LogCaptureFixture
) -> None:
    face = own_face_factory.face_or_drawn(drawn("/absent/beach.jpg"), store)
    assert (face.picture(0, None)[:8] == BACKDROP).all()
    assert "does not exist" in caplog.text and "A plain background is shown" in caplog.text


def filmed(folder: Path, pictures: int) -> Face:
    """A face in the user's folder, made of some pictures."""
    writer = ClipWriter(folder / "clip", 25)
    for _ in range(pictures):
        writer.add(skin())
    points = np.tile(POINTS, (pictures, 1, 1))
    boxes = np.tile(np.array([70, 60, 250, 270], np.float32), (pictures, 1))
    writer.finish(FaceTrack(points, boxes, [(0, pictures)]))
    return Face("me", "", folder, (ClipEntry(folder / "clip", "me.mp4", Attitude.LISTENING),))


def test_a_film_from_before_there_were_backgrounds_says_what_to_do(
    store: ModelStore, tmp_path: Path
) -> None:
    face = filmed(tmp_path, 30)
    with pytest.raises(NoFace, match=r"me\.mp4") as raised:
        own_face_factory.own_face(face, "bent", 25, (320, 180), store, calm((320, 180)))
    assert raised.value.fix == "digital-life faces add me.mp4 --name me --state listening"


def test_without_its_weights_a_photograph_keeps_its_background_and_it_says_so(
    store: ModelStore, tmp_path: Path
) -> None:
    with pytest.raises(NoFace, match="has not been downloaded") as raised:
        own_face_factory.own_face(
            filmed(tmp_path, 1), "bent", 25, (320, 180), store, calm((320, 180))
        )
    assert "models pull selfie-segmentation" in raised.value.fix
