"""Training a voice: every step of the package, on half a minute of real speech, made small."""

import importlib.util
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from daemon.audio.files import read_recording
from daemon.ears.speech_detection import Silero
from daemon.errors import InputError, SetupError, StorageError
from daemon.media import Audio
from daemon.training import voice_steps
from daemon.training.recordings import Recording, examine
from daemon.training.voice import VoiceTrainingPlan, check_space, train
from daemon.voice.catalogue import find_voice
from daemon.voice.sovits import SoVits
from daemon.worker import Cancelled, CancelToken
from tests.models.sovits_models import template, write_content

pytestmark = [
    pytest.mark.timeout(900),
    pytest.mark.skipif(
        importlib.util.find_spec("so_vits_svc_fork") is None, reason="make setup EXTRAS=sovits"
    ),
]

AUDIO = Path(__file__).parent.parent / "audio"


@pytest.fixture
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> VoiceTrainingPlan:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    config = template("v1")
    config["train"]["segment_size"] = 2048
    path = tmp_path / "small.json"
    path.write_text(json.dumps(config), encoding="utf-8")
    return VoiceTrainingPlan(
        name="lj",
        directory=tmp_path / "data" / "digital-life" / "voices" / "lj",
        consent="2026-01-01",
        content=write_content(tmp_path / "content"),
        steps=3,
        template=str(path),
        base=None,
        clusters=True,
        batch=2,
        every=2,
    )


@pytest.fixture(scope="module")
def recordings(weights: Callable[[str], Path]) -> list[Recording]:
    silero = Silero(weights("silero-vad") / "silero_vad.onnx")
    return [examine(AUDIO / "lj-page.ogg", silero)]


class Notes:
    """Notes what is reported, and cancels at a step's count."""

    def __init__(self, cancel: CancelToken | None = None, at: tuple[str, int] = ("", 0)) -> None:
        self.steps: dict[str, int] = {}
        self._cancel, self._at = cancel, at

    def __call__(self, step: str, done: int, total: int, more: str) -> None:
        self.steps[step] = done
        if (step, done) == self._at:
            assert self._cancel is not None
            self._cancel.cancel()


def names(plan: VoiceTrainingPlan) -> list[str]:
    return sorted(path.name for path in plan.directory.iterdir())


def test_a_voice_is_trained_stopped_gone_on_with_and_used(
    plan: VoiceTrainingPlan, recordings: list[Recording]
) -> None:
    import torch

    # stopped among the features, nothing is lost
    cancel = CancelToken()
    with pytest.raises(Cancelled):
        train(plan, recordings, Notes(cancel, ("finding content and pitch", 2)), cancel)
    made = list(plan.work.rglob("*.data.pt"))
    assert len(made) == 2
    stamp = made[0].stat().st_mtime_ns

    # stopped in the first step of training, that step is kept
    cancel = CancelToken()
    notes = Notes(cancel, ("training", 1))
    assert train(plan, recordings, notes, cancel) == 1
    assert notes.steps["cutting into sentences"] == 1
    assert made[0].stat().st_mtime_ns == stamp
    assert names(plan) == [
        "D_1.pth",
        "G_1.pth",
        "cluster.pt",
        "config.json",
        "training",
        "voice.toml",
    ]

    # the same again goes on, and ends at the steps asked for
    notes = Notes()
    assert train(plan, recordings, notes, CancelToken()) == 3
    assert notes.steps["training"] == 3
    assert {"D_2.pth", "G_2.pth", "D_3.pth", "G_3.pth"} <= set(names(plan))
    assert "G_1.pth" not in names(plan)
    assert train(plan, recordings, Notes(), CancelToken()) == 3

    # the optimisers, too, went on from what was saved
    held = torch.load(plan.directory / "G_3.pth", weights_only=True)
    assert {float(state["step"]) for state in held["optimizer"]["state"].values()} == {3.0}

    # and the voice converts, with its clusters
    voice = find_voice("lj")
    assert voice.checkpoint().name == "G_3.pth"
    speech = read_recording(AUDIO / "question-en.wav", 60)
    made_sound = SoVits(voice, plan.content).convert(speech, CancelToken())
    assert abs(made_sound.seconds - speech.seconds) < 0.001 and made_sound.samples.any()

    # what was damaged since is named, to be deleted
    path = plan.directory / "G_3.pth"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(SetupError, match=r"G_3\.pth"):
        train(replace(plan, steps=4), recordings, Notes(), CancelToken())


def test_a_full_disk_is_told_and_spoils_nothing(
    plan: VoiceTrainingPlan, recordings: list[Recording], monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    cancel = CancelToken()
    train(plan, recordings, Notes(cancel, ("training", 1)), cancel)

    def refuse(held: object, file: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(torch, "save", refuse)
        with pytest.raises(StorageError, match="No space"):
            train(plan, recordings, Notes(), CancelToken())
    assert "G_1.pth" in names(plan) and not list(plan.directory.glob("*.part"))
    assert train(replace(plan, steps=2), recordings, Notes(), CancelToken()) == 2


def test_too_few_sentences(plan: VoiceTrainingPlan, recordings: list[Recording]) -> None:
    one = recordings[0]
    short = Audio(one.audio.samples[: 4 * one.audio.rate], one.audio.rate)
    with pytest.raises(InputError, match="at least 5"):
        train(
            plan,
            [Recording(one.path, short, one.speech, ())],
            Notes(),
            CancelToken(),
        )


def test_space_is_looked_at_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert check_space(tmp_path / "not" / "yet", 60) > 1e9
    with pytest.raises(StorageError, match="GB of disk"):
        check_space(tmp_path, 1e12)


def test_a_step_is_timed() -> None:
    assert 0 < voice_steps.trial_step(template("v1"), 1) < 600


def test_stereo_and_24_bit_and_8_khz_are_read(
    tmp_path: Path, plan: VoiceTrainingPlan, recordings: list[Recording]
) -> None:
    import soundfile

    one = recordings[0].audio
    for number, (rate, kind) in enumerate([(8000, "PCM_16"), (48000, "PCM_24")]):
        sound = one.at_rate(rate).samples
        both = np.stack([sound, 0.5 * sound], axis=1)
        soundfile.write(tmp_path / f"{number}.wav", both, rate, subtype=kind)
        audio = read_recording(tmp_path / f"{number}.wav", 60, rate=None)
        assert audio.rate == rate and abs(audio.seconds - one.seconds) < 0.01
