"""Generators of 256 and 384 pixels: told by their weights, and shown as those of 96 are.

The weights are random and, where they compute, few: what is tested is how they are read and run.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("openvino")
pytest.importorskip("safetensors")

import torch
from safetensors.torch import save_file

from daemon.errors import SetupError
from daemon.expression import Attitude, Pose
from daemon.face import wav2lip_layouts
from daemon.face.clip import Clip, ClipWriter, FaceTrack
from daemon.face.filmed import FilmedFace, picture_source
from daemon.face.lower_half import given_rows
from daemon.face.painted import PaintedMouths, Patch
from daemon.face.wav2lip import Wav2Lip, prepared
from daemon.face.wav2lip_layouts import LAYOUTS, GeneratorLayout, layout_of
from daemon.face.wav2lip_network import Generator, load_checkpoint
from daemon.media import Audio
from daemon.worker import CancelToken
from tests.faces import POINTS, skin

LARGER = LAYOUTS[1:]
IDS = [str(layout.side) for layout in LARGER]


def thin(layout: GeneratorLayout) -> GeneratorLayout:
    """The same with a sixteenth of the channels."""

    def less(rows: Any) -> Any:
        return tuple(
            (((row[0] // 16 or row[0]), row[1] // 16, *row[2:]), more) for row, more in rows
        )

    return replace(
        layout, face=less(layout.face), sound=less(layout.sound), growing=less(layout.growing)
    )


def made(layout: GeneratorLayout) -> dict[str, torch.Tensor]:
    torch.manual_seed(layout.side)
    tensors = Generator(layout).state_dict()
    if layout.attends:
        tensors["audio_refine.0.conv_block.0.weight"] = torch.zeros(3)
    return dict(tensors)


@pytest.fixture(scope="module", params=LARGER, ids=IDS)
def checkpoint(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[GeneratorLayout, Path]]:
    """A generator of few weights: of 256 pixels in a file of PyTorch's, of 384 in safetensors."""
    layout: GeneratorLayout = request.param
    place = tmp_path_factory.mktemp("larger")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(wav2lip_layouts, "LAYOUTS", tuple(map(thin, LAYOUTS)))
        tensors = made(thin(layout))
        if layout.attends:
            save_file(tensors, place / "wav2lip.safetensors")
            yield layout, place / "wav2lip.safetensors"
        else:
            named = {f"module.{name}": tensor for name, tensor in tensors.items()}
            torch.save({"state_dict": named}, place / "wav2lip.pth")
            yield layout, place / "wav2lip.pth"


@pytest.mark.parametrize("layout", LARGER, ids=IDS)
def test_the_weights_tell_the_size(layout: GeneratorLayout) -> None:
    with torch.device("meta"):
        network = Generator(layout)
        shapes = {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}
        assert layout_of(shapes) is layout
        faces = network(torch.zeros(2, 1, 80, 16), torch.zeros(2, 6, layout.side, layout.side))
    assert faces.shape == (2, 3, layout.side, layout.side)


def test_what_is_seen_is_what_the_network_paints(checkpoint: tuple[GeneratorLayout, Path]) -> None:
    layout, path = checkpoint
    mel = np.random.default_rng(1).normal(0, 1, (2, 1, 80, 16)).astype(np.float32)
    faces = np.stack([prepared(skin(), layout.side)] * 2)
    with torch.inference_mode():
        expected = load_checkpoint(path)(torch.from_numpy(mel), torch.from_numpy(faces)).numpy()
    generator = Wav2Lip.load(path, precision="f32", engines=path.parent / "e", lower=True)
    assert generator.side == layout.side
    found = generator.generate(mel, faces)
    assert found.shape == expected.shape
    below = given_rows(layout.side)
    np.testing.assert_allclose(found[:, :, below:], expected[:, :, below:], atol=1e-4)


def test_a_filmed_face_shows_them(checkpoint: tuple[GeneratorLayout, Path], tmp_path: Path) -> None:
    layout, path = checkpoint
    writer = ClipWriter(tmp_path / "clip", 25)
    for _ in range(10):
        writer.add(skin())
    boxes = np.tile(np.array([70, 60, 250, 270], np.float32), (10, 1))
    writer.finish(FaceTrack(np.tile(POINTS, (10, 1, 1)), boxes, [(0, 10)]))
    pictures = picture_source([(Clip(tmp_path / "clip"), Attitude.SPEAKING)], 25)
    generator = Wav2Lip.load(path, precision="f32", engines=path.parent / "e", lower=True)
    face = FilmedFace(pictures, PaintedMouths(generator, pictures, 25), 25, (320, 320))
    face.begin()
    sound = np.random.default_rng(5).normal(0, 0.1, 8_000).astype(np.float32)
    mouths = list(face.render(Audio(sound, 16_000), CancelToken()))
    patch = mouths[-1]
    assert isinstance(patch, Patch)
    assert patch.face.shape == (layout.side, layout.side, 3)
    at_rest, speaking = face.picture(12, None, Pose()), face.picture(12, patch, Pose())
    changed = np.abs(speaking.astype(int) - at_rest).max(axis=2) > 4
    rows = np.nonzero(changed)[0]
    assert rows.size
    assert rows.min() > POINTS[168, 1], "nothing above the bridge of the nose"


def test_an_unknown_layout_is_told_with_its_shapes(tmp_path: Path) -> None:
    tensors = {
        f"face_encoder_blocks.{i}.0.conv_block.0.weight": torch.zeros(shape)
        for i, shape in enumerate([(8, 6, 7, 7), (16, 8, 3, 3)])
    }
    path = tmp_path / "other.pth"
    torch.save(tensors, path)
    with pytest.raises(SetupError, match=r"8×6×7×7, 16×8×3×3.*96, 256, 384 pixels"):
        load_checkpoint(path)


def test_safetensors_that_are_damaged(tmp_path: Path) -> None:
    path = tmp_path / "cut.safetensors"
    save_file({"a": torch.zeros(100)}, path)
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(SetupError, match="damaged"):
        load_checkpoint(path)
