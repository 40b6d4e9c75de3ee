"""Which mouths a face of one's own gets."""

from pathlib import Path
from typing import cast

import pytest

from daemon.errors import SetupError
from daemon.expression import Attitude
from daemon.face import own_face_factory
from daemon.face.catalogue import ClipEntry, Face
from daemon.face.filmed import PictureSource, WarpedMouths
from daemon.store.manifest import load_default
from daemon.store.model_store import ModelStore

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
