import numpy as np
import pytest

from daemon.face.mel import CHUNK, MelStream, mel_chunks, melspectrogram
from tests.checkpoints import GOLDEN


@pytest.fixture(scope="module")
def golden() -> dict[str, np.ndarray]:
    with np.load(GOLDEN / "wav2lip_mel.npz") as kept:
        return dict(kept)


def test_the_spectrogram_is_the_original_s(golden: dict[str, np.ndarray]) -> None:
    mel = melspectrogram(golden["wav"])
    assert mel.dtype == np.float32
    np.testing.assert_allclose(mel, golden["mel"], atol=2e-5)


def test_the_chunks_are_the_original_s(golden: dict[str, np.ndarray]) -> None:
    np.testing.assert_array_equal(mel_chunks(golden["mel"], 25), golden["chunks_25fps"])


def test_too_short_a_sound_has_no_chunk() -> None:
    with pytest.raises(ValueError, match="16"):
        mel_chunks(melspectrogram(np.zeros(2000, np.float32)), 25)


def test_silence_is_the_quietest() -> None:
    assert (melspectrogram(np.zeros(4000, np.float32)) == -4).all()


@pytest.mark.parametrize("piece", [160, 777, 5000, 27_200])
def test_pieces_join_without_a_seam(golden: dict[str, np.ndarray], piece: int) -> None:
    wav, stream = golden["wav"], MelStream(25)
    found = [stream.feed(wav[i : i + piece]) for i in range(0, len(wav), piece)]
    chunks = np.concatenate(found)
    assert chunks.shape[1:] == (80, CHUNK)
    assert len(chunks) == 38  # the original's last but one would need sound that is not there yet
    np.testing.assert_allclose(chunks, golden["chunks_25fps"][:38], atol=2e-5)


def test_a_chunk_comes_with_its_sound() -> None:
    stream = MelStream(25)
    assert len(stream.feed(np.zeros(round(0.212 * 16_000), np.float32))) == 0
    assert len(stream.feed(np.zeros(round(0.005 * 16_000), np.float32))) == 1
