"""so-vits-svc voices: the real package and architecture, small random weights."""

import importlib.util
import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from daemon.audio.files import read_recording
from daemon.errors import InputError, SetupError
from daemon.media import Audio, Samples
from daemon.voice import sovits
from daemon.voice.catalogue import ConvertedVoiceSettings, Voice
from daemon.voice.pauses import active_level
from daemon.voice.sovits import SoVits
from daemon.voice.sovits_files import install, load_content, load_generator, read_config
from daemon.voice.sovits_package import load, quietly
from daemon.worker import Cancelled, CancelToken
from tests.models.sovits_models import KINDS, write_content, write_model

pytestmark = [
    pytest.mark.timeout(600),
    pytest.mark.skipif(
        importlib.util.find_spec("so_vits_svc_fork") is None, reason="make setup EXTRAS=sovits"
    ),
]

RATE = 44_100
AUDIO = Path(__file__).parent.parent / "audio"


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_content(tmp_path_factory.mktemp("content"))


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="module")
def speech() -> Audio:
    return read_recording(AUDIO / "jfk.flac", 60)


def voice(folder: Path, **settings: Any) -> Voice:
    return Voice(
        "ann", folder, ConvertedVoiceSettings(kind="sovits", consent="2026-01-01", **settings)
    )


def converted(folder: Path, content: Path, audio: Audio, **settings: Any) -> Samples:
    converter = SoVits(voice(folder, **settings), content)
    made = converter.convert(audio, CancelToken())
    assert made.rate == RATE
    assert len(made.samples) == len(audio.at_rate(RATE).samples)
    assert np.isfinite(made.samples).all() and np.abs(made.samples).max(initial=0) <= 0.951
    return made.samples


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_model_converts(
    tmp_path: Path, content: Path, speech: Audio, kind: str
) -> None:
    made = converted(write_model(tmp_path, kind), content, speech, speaker="bob")
    loud = active_level(Audio(made, RATE))
    assert loud == pytest.approx(active_level(speech), rel=0.1)


@pytest.mark.parametrize("method", ["dio", "harvest", "parselmouth", "crepe-tiny"])
def test_each_way_to_find_the_pitch(model: Path, content: Path, speech: Audio, method: str) -> None:
    second = Audio(speech.samples[8000:24000], speech.rate)
    assert converted(model, content, second, f0_method=method).any()


def test_pitch_in_pieces_is_the_pitch_of_the_whole(
    model: Path, content: Path, speech: Audio, monkeypatch: pytest.MonkeyPatch
) -> None:
    converter = SoVits(voice(model), content)
    sound = speech.at_rate(RATE).samples[: 512 * 400]
    pitch, voiced = converter._pitch(sound, 400)
    monkeypatch.setattr(sovits, "F0_PIECE_S", 100.0)
    whole, wanted = converter._pitch(sound, 400)
    assert np.mean(voiced == wanted) > 0.95
    both = (voiced > 0) & (wanted > 0)
    assert np.median(np.abs(pitch[both] / whole[both] - 1)) < 0.01


def test_it_hears_what_the_package_hears(
    model: Path, content: Path, speech: Audio, monkeypatch: pytest.MonkeyPatch
) -> None:
    converter = SoVits(voice(model), content)
    core, utils = load("inference.core"), load("utils")
    config = read_config(model / "config.json")
    monkeypatch.setattr(utils, "get_hubert_model", lambda *_: load_content(content, config))
    with quietly():
        package = core.Svc(
            net_g_path=model / "G_100.pth", config_path=model / "config.json", device="cpu"
        )
    sound = speech.at_rate(RATE).samples[: 512 * 200]
    with quietly():
        said, pitch, voiced = package.get_unit_f0(sound, 0, 0, "ann")
    ours, heard = converter._pitch(sound, 200)
    assert np.mean(heard == voiced[0].numpy()) > 0.95
    assert np.median(np.abs(ours / pitch[0].numpy() - 1)) < 0.02
    theirs, own = said[0].numpy(), converter._said(sound, 200)[0].numpy()
    # Both resample to 16 kHz, each with a filter of its own.
    assert np.corrcoef(theirs.ravel(), own.ravel())[0, 1] > 0.98


def test_melody_and_pitch_can_be_set(model: Path, content: Path, speech: Audio) -> None:
    second = Audio(speech.samples[8000:24000], speech.rate)
    converted(model, content, second, auto_f0=True, transpose=5, noise_scale=0.0)


def test_clusters_pull_towards_what_the_speaker_says(
    tmp_path: Path, content: Path, speech: Audio
) -> None:
    import torch

    write_model(tmp_path)
    centres = np.random.default_rng(1).standard_normal((20, 64)).astype(np.float32)
    held = {"ann": {"n_features_in_": 64, "_n_threads": 2, "cluster_centers_": centres}}
    torch.save(held, tmp_path / "cluster.pt")
    second = Audio(speech.samples[8000:24000], speech.rate)
    converted(tmp_path, content, second, cluster_ratio=0.5)
    sound = second.at_rate(RATE).samples
    exact = SoVits(voice(tmp_path, cluster_ratio=1), content)._said(sound, 86)[0].T.numpy()
    assert np.abs(exact[:, None] - centres).max(axis=2).min(axis=1).max() < 1e-5


def test_pauses_stay_silent(model: Path, content: Path, speech: Audio) -> None:
    gap = np.zeros(speech.rate, np.float32)
    half = speech.samples[: 2 * speech.rate]
    made = converted(
        model, content, Audio(np.concatenate([half, gap, half]), speech.rate), silence_db=-30
    )
    assert not made[round(2.2 * RATE) : round(2.8 * RATE)].any()
    assert made[RATE // 2 : 2 * RATE].any() and made[round(3.5 * RATE) :].any()


def test_no_click_at_the_border_of_pieces(
    model: Path, content: Path, speech: Audio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sovits, "MAX_PIECE_S", 2.0)
    made = converted(model, content, speech)
    steps = np.abs(np.diff(made.astype(np.float64), n=2))
    assert steps.max() < 3 * np.quantile(steps[steps > 0], 0.999)


class CancelsItself(CancelToken):
    """Is cancelled at the n-th look, and counts the looks after."""

    __slots__ = ("after", "left")

    def __init__(self, looks: int) -> None:
        super().__init__()
        self.left, self.after = looks, 0

    def check(self) -> None:
        self.left -= 1
        if self.left == 0:
            self.cancel()
        self.after += self.cancelled
        super().check()


@pytest.mark.parametrize("looks", [1, 3, 50, 120, 250])
def test_cancelling_is_noticed_at_the_next_layer(
    model: Path, content: Path, speech: Audio, looks: int
) -> None:
    converter = SoVits(voice(model), content)
    cancel = CancelsItself(looks)
    with pytest.raises(Cancelled):
        converter.convert(speech, cancel)
    assert cancel.after == 1
    converter.convert(Audio(speech.samples[:16000], speech.rate), CancelToken())


@pytest.mark.parametrize("kind", ["silence", "whisper", "nothing", "click", "loud"])
@pytest.mark.parametrize("rate", [8_000, 48_000])
def test_odd_sound(model: Path, content: Path, kind: str, rate: int) -> None:
    noise = np.random.default_rng(1).standard_normal(rate).astype(np.float32)
    sound = {
        "silence": np.zeros(rate, np.float32),
        "whisper": noise * np.float32(0.03),
        "nothing": noise[:0],
        "click": noise[:20],
        "loud": np.clip(noise * 10, -1, 1),
    }[kind]
    made = converted(model, content, Audio(sound, rate))
    assert made.any() == (kind in ("whisper", "loud"))


def test_a_card_whose_driver_does_not_work_leaves_the_processor(
    model: Path,
    content: Path,
    speech: Audio,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("there is a card")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    converter = SoVits(voice(model), content)
    assert converter.device == "processor"
    assert "The graphics card fails (so-vits-svc), the processor takes over" in caplog.text
    second = Audio(speech.samples[8000:24000], speech.rate)
    assert converter.convert(second, CancelToken()).samples.any()
    converter.close()


def test_an_unknown_speaker_names_those_there(model: Path, content: Path) -> None:
    with pytest.raises(SetupError, match="carol") as error:
        SoVits(voice(model, speaker="carol"), content)
    assert "ann, bob" in error.value.fix


class Evil:
    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return (Path.touch, (Path("evil"),))  # type: ignore[return-value]


@pytest.mark.parametrize("damage", ["cut", "empty", "text", "pickle", "keys", "other"])
def test_a_wrong_checkpoint_is_told(tmp_path: Path, content: Path, damage: str) -> None:
    import torch

    path = write_model(tmp_path / "model") / "G_100.pth"
    whole = path.read_bytes()
    if damage == "cut":
        path.write_bytes(whole[: len(whole) // 2])
    elif damage == "empty":
        path.write_bytes(b"")
    elif damage == "text":
        path.write_text("<html>not found</html>")
    elif damage == "pickle":
        path.write_bytes(pickle.dumps({"model": Evil()}))
    elif damage == "keys":
        torch.save({"weights": {}}, path)
    else:
        torch.save({"model": {"a": torch.zeros(1)}}, path)
    with pytest.raises(SetupError, match=r"G_100\.pth"):
        SoVits(voice(tmp_path / "model"), content)
    assert not Path("evil").exists()


def test_a_checkpoint_of_another_size_is_told(tmp_path: Path, content: Path) -> None:
    write_model(tmp_path / "wide", hidden_channels=48)
    config = write_model(tmp_path / "narrow") / "config.json"
    (tmp_path / "wide" / "config.json").write_bytes(config.read_bytes())
    with pytest.raises(SetupError, match="does not fit"):
        SoVits(voice(tmp_path / "wide"), content)


def test_a_checkpoint_without_the_part_for_training_is_enough(
    tmp_path: Path, content: Path, speech: Audio
) -> None:
    import torch

    path = write_model(tmp_path) / "G_100.pth"
    held = torch.load(path, weights_only=True)
    small = {k: v.half() for k, v in held["model"].items() if not k.startswith("enc_q.")}
    torch.save({"model": small}, path)
    converted(tmp_path, content, Audio(speech.samples[:16000], speech.rate))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"model": {"n_harmonic": 64}}, "4.0-v2"),
        ({"model": {"speech_encoder": "vec768l12"}}, r"4\.1"),
        ({"data": {}}, "sampling_rate.* is missing"),
        ({"spk": {}}, "spk"),
        ({"spk": ["ann"]}, "config"),
        ({"model": {"ssl_dim": "wide"}}, "config"),
    ],
)
def test_a_config_of_another_version_is_told(
    model: Path, tmp_path: Path, change: dict[str, Any], reason: str
) -> None:
    values = json.loads((model / "config.json").read_text("utf-8"))
    for key, value in change.items():
        merge = key == "model"
        values[key] = values[key] | value if merge else value
    path = tmp_path / "config.json"
    path.write_text(json.dumps(values))
    with pytest.raises(SetupError, match=reason):
        read_config(path)


def test_a_config_that_is_no_config(tmp_path: Path, model: Path) -> None:
    (tmp_path / "config.json").write_text("[1, 2")
    with pytest.raises(SetupError, match=r"config\.json"):
        read_config(tmp_path / "config.json")
    values = json.loads((model / "config.json").read_text("utf-8"))
    values["model"]["hidden_channels"] = "many"
    (tmp_path / "config.json").write_text(json.dumps(values))
    with pytest.raises(SetupError, match="not the config"):
        load_generator(model / "G_100.pth", read_config(tmp_path / "config.json"))


@pytest.mark.parametrize("damage", ["cut", "missing", "other"])
def test_a_damaged_content_vec_is_told(
    tmp_path: Path, model: Path, content: Path, damage: str
) -> None:
    import torch

    for path in content.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    weights = tmp_path / "pytorch_model.bin"
    if damage == "cut":
        weights.write_bytes(weights.read_bytes()[:5000])
    elif damage == "missing":
        weights.unlink()
    else:
        torch.save({"a": torch.zeros(1)}, weights)
    with pytest.raises(SetupError, match="ContentVec"):
        SoVits(voice(model), tmp_path)


def test_a_folder_is_installed_as_a_voice(
    tmp_path: Path, model: Path, content: Path, speech: Audio
) -> None:
    place = tmp_path / "voice"
    place.mkdir()
    settings = install(model, place)
    assert settings.speaker == "ann"
    assert sorted(path.name for path in place.iterdir()) == ["G_100.pth", "config.json"]
    second = Audio(speech.samples[:16000], speech.rate)
    converted(place, content, second, speaker="ann")


def test_a_checkpoint_without_its_config(tmp_path: Path, model: Path) -> None:
    (tmp_path / "G_1.pth").write_bytes((model / "G_100.pth").read_bytes())
    with pytest.raises(InputError, match=r"config\.json"):
        install(tmp_path, tmp_path)
