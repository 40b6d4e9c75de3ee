"""What the speaker encoder hears, and the files that its network is read from and written to."""

import io
import zipfile
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from daemon.ears.campplus.features import BANDS, log_bands
from daemon.ears.campplus.network import network
from daemon.ears.speaker_id import SpeakerEncoder, clearness_db, voice_of, voiced_s
from daemon.errors import SetupError
from daemon.media import LISTEN_RATE, Samples
from daemon.onnx_writer import NetworkWriter
from daemon.torch_file import read_tensors

# What PyTorch writes for {"a": a tensor of two by three}, whose numbers are in data/0.
TENSOR = (
    b"\x80\x02}(X\x01\x00\x00\x00actorch._utils\n_rebuild_tensor_v2\n((X\x07\x00\x00\x00storage"
    b"ctorch\nFloatStorage\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpuK\x06tQK\x00K\x02K\x03\x86"
    b"K\x03K\x01\x86\x89ccollections\nOrderedDict\n)RtRu."
)


def tone(hertz: float, seconds: float, level: float = 0.1) -> Samples:
    times = np.arange(int(seconds * LISTEN_RATE)) / LISTEN_RATE
    return np.asarray(level * np.sin(2 * np.pi * hertz * times), np.float32)


def silence(seconds: float) -> Samples:
    return np.zeros(int(seconds * LISTEN_RATE), np.float32)


def archive(path: Path, notation: bytes, numbers: int = 6) -> Path:
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("archive/data.pkl", notation)
        file.writestr("archive/data/0", np.arange(numbers, dtype=np.float32).tobytes())
    return path


def test_a_frame_for_each_ten_milliseconds_less_its_bands_mean() -> None:
    bands = log_bands(np.random.default_rng(0).normal(0, 0.1, LISTEN_RATE).astype(np.float32))
    assert bands.shape == (BANDS, 98) and bands.dtype == np.float32
    assert np.allclose(bands.mean(axis=1), 0, atol=1e-4)


def test_a_tone_is_in_the_band_of_its_pitch() -> None:
    sound = np.concatenate([tone(200, 0.5), tone(4000, 0.5)])
    bands = log_bands(sound)
    low, high = bands[:, 10], bands[:, 80]
    mel = 1127 * np.log1p(np.array([20.0, 200.0, 4000.0, 8000.0]) / 700)
    expected = (mel[1:3] - mel[0]) / (mel[3] - mel[0]) * (BANDS + 1) - 1
    assert abs(int(np.argmax(low - high)) - expected[0]) <= 1
    assert abs(int(np.argmax(high - low)) - expected[1]) <= 1


def test_less_than_a_window_is_refused() -> None:
    with pytest.raises(ValueError, match="window"):
        log_bands(silence(0.02))


def test_pauses_are_no_voice() -> None:
    sound = np.concatenate([silence(1), tone(200, 1.5), silence(2), tone(300, 0.5), silence(1)])
    sound += np.random.default_rng(0).normal(0, 1e-4, len(sound)).astype(np.float32)
    assert voiced_s(sound) == pytest.approx(2.0, abs=0.1)
    assert len(voice_of(sound)) / LISTEN_RATE == pytest.approx(2.4, abs=0.1)
    assert clearness_db(sound) > 40


def test_a_voice_without_pauses_is_all_voice() -> None:
    assert voiced_s(tone(200, 1)) == 1.0
    assert len(voice_of(tone(200, 1))) == LISTEN_RATE


@pytest.mark.parametrize("sound", [silence(0), silence(0.01), silence(3)])
def test_silence_has_no_voice(sound: Samples) -> None:
    assert voiced_s(sound) == 0
    assert len(voice_of(sound)) == 0
    assert clearness_db(sound) == 0


def test_a_network_is_written_as_onnx_runtime_reads_it() -> None:
    net = NetworkWriter()
    given = net.input("given", [1, 2, "n"])
    kernel = net.constant(np.ones((1, 2, 3), np.float32))
    found = net.node("Conv", given, kernel, strides=[2], pads=[1, 1])
    scaled = net.node("Elu", found, alpha=0.5)
    file = net.network(net.node("Squeeze", scaled, net.constant(np.array([0]))), [1, "m"])
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    (made,) = session.run(None, {"given": np.ones((1, 2, 5), np.float32)})
    assert made.tolist() == [[4, 6, 4]]


def test_the_tensors_of_a_torch_file(tmp_path: Path) -> None:
    found = read_tensors(archive(tmp_path / "file.pt", TENSOR))
    assert list(found) == ["a"]
    assert found["a"].tolist() == [[0, 1, 2], [3, 4, 5]]


@pytest.mark.parametrize(
    ("notation", "numbers", "reason"),
    [
        (b"\x80\x02cos\nsystem\nX\x02\x00\x00\x00id\x85R.", 6, "os.system is none"),
        (TENSOR, 5, "cut off"),
        (TENSOR.replace(b"K\x00K\x02", b"K\x01K\x02"), 6, "beyond its numbers"),
        (TENSOR.replace(b"K\x03K\x01\x86\x89", b"K\x01K\x02\x86\x89"), 6, "scattered"),
        (TENSOR[:40], 6, "not a file of tensors"),
        (b"\x80\x02K\x01.", 6, "no dictionary"),
        (b"\x80\x02}X\x01\x00\x00\x00aK\x01s.", 6, "something besides tensors"),
    ],
)
def test_anything_else_in_a_torch_file_is_refused(
    tmp_path: Path, notation: bytes, numbers: int, reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        read_tensors(archive(tmp_path / "file.pt", notation, numbers))


def test_another_networks_weights_are_refused(tmp_path: Path) -> None:
    weights = read_tensors(archive(tmp_path / "file.pt", TENSOR))
    with pytest.raises(ValueError, match="is missing"):
        network(weights)


def test_a_damaged_file_is_told_with_what_mends_it(tmp_path: Path) -> None:
    path = tmp_path / "campplus.pt"
    path.write_bytes(io.BytesIO(b"damaged").getvalue())
    with pytest.raises(SetupError, match="campplus is damaged") as error:
        SpeakerEncoder(path)
    assert error.value.fix == "digital-life models verify campplus"
