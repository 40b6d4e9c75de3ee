"""Kokoro's files where something is wrong with them."""

import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest

from daemon.errors import SetupError
from daemon.voice.kokoro.halves import heard_frames
from daemon.voice.kokoro.network import open_network, read_pack, voice_names
from daemon.voice.kokoro.symbols import TOKENS


def write_packs(folder: Path, **packs: object) -> Path:
    with zipfile.ZipFile(folder / "voices.npz", "w") as archive:
        for name, pack in packs.items():
            with archive.open(f"{name}.npy", "w") as file:
                np.save(file, np.asarray(pack))
    return folder


GOOD = np.zeros((510, 1, 256), np.float32)


def test_pack_is_read_by_its_name(tmp_path: Path) -> None:
    write_packs(tmp_path, af_heart=GOOD, zf_xiaoxiao=GOOD + 1)
    assert voice_names(tmp_path) == ("af_heart", "zf_xiaoxiao")
    assert read_pack(tmp_path, "zf_xiaoxiao")[509, 0, 255] == 1


@pytest.mark.parametrize(
    "pack", [GOOD[:509], GOOD[..., :128], GOOD.astype(np.float64), GOOD + np.nan]
)
def test_pack_of_another_size_is_refused(tmp_path: Path, pack: object) -> None:
    write_packs(tmp_path, af_heart=pack)
    with pytest.raises(SetupError, match="af_heart"):
        read_pack(tmp_path, "af_heart")


def test_pack_of_objects_is_not_unpickled(tmp_path: Path) -> None:
    write_packs(tmp_path, af_heart=np.array([{"a": 1}], dtype=object))
    with pytest.raises(SetupError):
        read_pack(tmp_path, "af_heart")


def test_unknown_voice_is_told(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="af_nobody"):
        read_pack(write_packs(tmp_path, af_heart=GOOD), "af_nobody")


def test_packs_that_are_gone_or_no_archive_are_told(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=r"voices\.npz"):
        voice_names(tmp_path)
    (tmp_path / "voices.npz").write_bytes(b"half a file")
    for read in (voice_names, lambda place: read_pack(place, "af_heart")):
        with pytest.raises(SetupError, match=r"voices\.npz"):
            read(tmp_path)


def test_half_of_the_network_is_told(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=r"kokoro\.onnx"):
        open_network(tmp_path)
    (tmp_path / "kokoro.onnx").write_bytes(b"\x08\x09half of it")
    with pytest.raises(SetupError, match=r"kokoro\.onnx"):
        open_network(tmp_path)


def test_symbols_of_another_version_are_told(tmp_path: Path) -> None:
    other = TOKENS | {"ㄅ": 29}
    (tmp_path / "config.json").write_text(json.dumps({"vocab": other, "n_token": 178}))
    with pytest.raises(SetupError, match="another version") as caught:
        open_network(tmp_path)
    assert caught.value.fix == f"rm {tmp_path / 'config.json'}"
    (tmp_path / "config.json").write_text(json.dumps({"vocab": TOKENS, "n_token": 178}))
    with pytest.raises(SetupError, match=r"kokoro\.onnx"):  # by now the network is what is missing
        open_network(tmp_path)
    (tmp_path / "config.json").write_text("[]")
    with pytest.raises(SetupError, match=r"config\.json"):
        open_network(tmp_path)


@pytest.mark.parametrize(
    ("lengths", "frames"),
    [([14, 3, 5, 2, 9], (10, 28)), ([1, 3, 1], (0, 5)), ([4, 3, 4], (0, 11)), ([30], (0, 30))],
)
def test_frames_of_silence_are_left_out_but_for_some(
    lengths: list[int], frames: tuple[int, int]
) -> None:
    assert heard_frames(np.array(lengths, np.float32)) == frames


def damaged(archive: bytes, place: int, value: int) -> bytes:
    """Change a byte of the archive's list and of the entry's own head, as ``place`` counts there.

    That is where the list has it, two bytes behind where the head does.
    """
    made, listed = bytearray(archive), archive.index(b"PK\x01\x02")
    made[listed + place] = made[place - 2] = value
    return bytes(made)


def test_a_damaged_archive_is_told_and_nothing_of_any_size_unpacked(tmp_path: Path) -> None:
    write_packs(tmp_path, af_heart=GOOD)
    whole = (tmp_path / "voices.npz").read_bytes()
    with zipfile.ZipFile(tmp_path / "voices.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("af_heart.npy", bytes(64 << 20))
    bomb = (tmp_path / "voices.npz").read_bytes()
    with zipfile.ZipFile(tmp_path / "voices.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("af_heart.npy", np.random.default_rng(1).bytes(1000) + bytes(1000))
    packed = bytearray((tmp_path / "voices.npz").read_bytes())
    packed[60] ^= 255
    no_array = write_packs(tmp_path) / "voices.npz"
    with zipfile.ZipFile(no_array, "w") as archive:
        archive.writestr("af_heart.npy", b"no array")
    endless = io.BytesIO()
    head = {"descr": "<f4", "fortran_order": False, "shape": (1 << 40,)}
    np.lib.format.write_array_header_1_0(endless, head)
    cases = [bomb, bytes(packed), no_array.read_bytes()]
    cases += [damaged(whole, 8, 1), damaged(whole, 10, 99)]  # encrypted; packed in some other way
    with zipfile.ZipFile(no_array, "w") as archive:
        archive.writestr("af_heart.npy", endless.getvalue())
    cases.append(no_array.read_bytes())
    for case in cases:
        (tmp_path / "voices.npz").write_bytes(case)
        with pytest.raises(SetupError, match=r"voices\.npz"):
            read_pack(tmp_path, "af_heart")
