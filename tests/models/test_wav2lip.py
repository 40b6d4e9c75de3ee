"""The generator and S3FD beside what the original code computed, with random weights."""

import os
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("openvino")

from daemon.errors import SetupError
from daemon.face.engine import OpenVinoNetwork, engine_file
from daemon.face.lower_half import given_rows, leave_out, starts
from daemon.face.s3fd import S3FD, guesses
from daemon.face.wav2lip import Wav2Lip
from tests.checkpoints import GOLDEN, tensors

SIDE = 96
GIVEN = given_rows(SIDE)
ROUNDING = 1e-4  # OpenVINO is 4.7e-5 from float64 here, the golden values themselves are 2.7e-5


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("wav2lip")


@pytest.fixture(scope="module")
def checkpoint(place: Path) -> Iterator[Path]:
    import torch

    path = place / "wav2lip.pth"
    torch.save({"state_dict": tensors("wav2lip"), "optimizer": {}, "global_step": 1}, path)
    yield path
    path.unlink()


@pytest.fixture(scope="module")
def golden() -> Any:
    with np.load(GOLDEN / "wav2lip_generator.npz") as kept:
        return dict(kept)


def test_float32_is_the_original(checkpoint: Path, place: Path, golden: Any) -> None:
    generator = Wav2Lip.load(checkpoint, precision="f32", engines=place / "engines")
    error = np.abs(generator.generate(golden["mel"], golden["face"]) - golden["expected"])
    assert error.max() < ROUNDING
    assert error.mean() < 1e-6


def test_bfloat16_is_near_the_original(checkpoint: Path, place: Path, golden: Any) -> None:
    generator = Wav2Lip.load(checkpoint, precision="bf16", engines=place / "engines")
    error = np.abs(generator.generate(golden["mel"], golden["face"]) - golden["expected"])
    assert error.mean() * 255 < 1.5  # levels


def test_the_lower_face_alone_is_what_it_is_in_the_whole_one(
    checkpoint: Path, place: Path, golden: Any
) -> None:
    whole, lower = (
        Wav2Lip.load(checkpoint, precision="f32", engines=place / "engines", lower=lower)
        for lower in (False, True)
    )
    expected = whole.generate(golden["mel"], golden["face"])
    found = lower.generate(golden["mel"], golden["face"])
    np.testing.assert_allclose(found[:, :, GIVEN:], expected[:, :, GIVEN:], atol=1e-6)


def test_only_the_lower_face_is_computed(checkpoint: Path, place: Path, golden: Any) -> None:
    file = engine_file(checkpoint, lambda path, to: None, place / "engines")
    engine = OpenVinoNetwork(file, "f32", change=leave_out)
    assert engine(golden["mel"], golden["face"])[0].shape[2] == SIDE - 2 * starts(SIDE)[48]


def test_an_engine_is_made_once(checkpoint: Path, place: Path) -> None:
    def never(path: Path, to: Path) -> None:
        raise AssertionError

    first = Wav2Lip.load(checkpoint, precision="f32", engines=place / "engines")
    assert first.precision == "f32"
    assert engine_file(checkpoint, never, place / "engines").is_file()
    assert not list((place / "engines").glob("*.part"))


def test_the_same_on_torch(checkpoint: Path, golden: Any) -> None:
    from daemon.face.wav2lip_network import load_checkpoint, on_torch

    found = on_torch(load_checkpoint(checkpoint), "cpu", "f32")(golden["mel"], golden["face"])
    assert np.abs(found - golden["expected"]).max() < ROUNDING


def test_torchscript_loads(checkpoint: Path, place: Path, golden: Any) -> None:
    import torch

    from daemon.face.wav2lip_layouts import LAYOUTS
    from daemon.face.wav2lip_network import load_checkpoint

    path = place / "gan.pt"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        example = tuple(torch.zeros(shape) for shape in LAYOUTS[0].example)
        script: Any = torch.jit.trace(load_checkpoint(checkpoint), example)  # type: ignore[no-untyped-call]
        script.save(str(path))
    generator = Wav2Lip.load(path, precision="f32", engines=place / "engines")
    error = np.abs(generator.generate(golden["mel"], golden["face"]) - golden["expected"])
    assert error.max() < ROUNDING


def test_a_truncated_checkpoint(checkpoint: Path, place: Path) -> None:
    cut = place / "cut.pth"
    cut.write_bytes(checkpoint.read_bytes()[:20_000_000])
    with pytest.raises(SetupError, match="damaged"):
        Wav2Lip.load(cut, engines=place / "engines")
    assert not list((place / "engines").glob("*.part"))


def test_a_file_that_is_none(place: Path) -> None:
    none = place / "none.pth"
    none.write_bytes(b"not a checkpoint")
    with pytest.raises(SetupError, match="damaged or none"):
        Wav2Lip.load(none, engines=place / "engines")
    with pytest.raises(SetupError, match="Cannot read"):
        Wav2Lip.load(place / "absent.pth", engines=place / "engines")


def test_checkpoints_of_other_models(place: Path) -> None:
    import torch

    class Other(torch.nn.Module):
        def forward(self, mel: torch.Tensor, faces: torch.Tensor) -> torch.Tensor:
            return faces[:, :1]

    other, script = place / "other.pth", place / "other.pt"
    torch.save(tensors("s3fd"), other)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        other_script: Any = torch.jit.script(Other())
        other_script.save(str(script))
    for path in (other, script):
        with pytest.raises(SetupError, match="not a checkpoint of Wav2Lip"):
            Wav2Lip.load(path, engines=place / "engines")


def test_a_damaged_engine(place: Path) -> None:
    broken = place / "broken"
    broken.mkdir()
    (broken / "model.xml").write_text("<net", encoding="utf-8")
    (broken / "model.bin").write_bytes(b"")
    with pytest.raises(SetupError, match="engine"):
        OpenVinoNetwork(broken / "model.xml", "f32")


def test_s3fd_is_the_original(place: Path) -> None:
    import torch

    path = place / "s3fd.pth"
    torch.save(tensors("s3fd"), path)
    with np.load(GOLDEN / "s3fd.npz") as kept:
        golden = dict(kept)
    detector = S3FD(path, place / "engines", "f32")
    outputs = detector.outputs(golden["image_bgr"][:, :, ::-1])
    for number, output in enumerate(outputs):
        expected = golden[f"out{number}"]
        assert np.abs(output - expected).max() < 1e-5 * max(1, np.abs(expected).max()), number
    np.testing.assert_allclose(guesses(outputs), golden["boxes"], rtol=1e-4, atol=0.05)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_an_engine_that_cannot_be_written(checkpoint: Path, place: Path) -> None:
    from daemon.errors import StorageError

    closed = place / "closed"
    closed.mkdir(mode=0o500)
    with pytest.raises(StorageError):
        Wav2Lip.load(checkpoint, engines=closed / "engines")
