"""Training a so-vits-svc voice: so-vits-svc-fork's own steps, one after another.

It can be stopped at any moment and goes on from there. All lies in the voice's own folder:
checkpoints and config where ``voices test`` finds them, what is made from the recordings below
``training``. A step whose result is there is not done again.
"""

import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from daemon.audio.file_writer import write_sound
from daemon.errors import DigitalLifeError, InputError, StorageError
from daemon.files import atomic_write, make_folder, unwritable
from daemon.i18n import tr
from daemon.training.recordings import Recording
from daemon.training.voice_steps import Progress, fit_networks, trial_step
from daemon.voice.catalogue import CLUSTER, CONFIG, ConvertedVoiceSettings, write_settings
from daemon.voice.sovits_files import load_content, read_config
from daemon.voice.sovits_package import load, quietly
from daemon.worker import CancelToken

FOLDER = "training"
TEMPLATES = {
    "v1": "so-vits-svc-4.0v1",
    "v1-legacy": "so-vits-svc-4.0v1-legacy",
    "quickvc": "quickvc",
}
MIN_PIECES = 5  # the package keeps two for looking at and two for the end
CLUSTERS = 200  # enough for one person's sounds; the package's 10,000 are for hours of several

_RATE = 44_100  # Hz, of all of the package's templates
_BYTES_PER_S = 1_000_000  # of features and sound for a second of speech
_CHECKPOINT_BYTES = 1_100_000_000  # generator and discriminator with their optimisers
_KEPT = 3  # pairs of checkpoints on disk while a new one is written


@dataclass(frozen=True, slots=True)
class VoiceTrainingPlan:
    """What is to be trained."""

    name: str
    directory: Path
    """The voice's folder."""
    consent: str
    content: Path
    """The folder of ContentVec."""
    steps: int
    """Of training, in all; one step is one batch."""
    template: str
    """A key of ``TEMPLATES``, or the path of a config."""
    base: Path | None
    """A folder with ``G_0.pth`` and ``D_0.pth`` to begin from."""
    clusters: bool
    batch: int
    every: int
    """Steps between checkpoints."""

    @property
    def work(self) -> Path:
        """Where what is made from the recordings lies."""
        return self.directory / FOLDER


def needed_bytes(speech_s: float) -> int:
    """Estimate the disk space that training takes."""
    return round(speech_s * _BYTES_PER_S) + (_KEPT * _CHECKPOINT_BYTES)


def check_space(directory: Path, speech_s: float) -> int:
    """Return the bytes that training still takes. Raises ``StorageError`` if the disk has fewer."""
    place = directory
    while not place.exists():
        place = place.parent
    there = sum(path.stat().st_size for path in directory.rglob("*") if path.is_file())
    needed = max(_CHECKPOINT_BYTES, needed_bytes(speech_s) - there)
    free = shutil.disk_usage(place).free
    if free < needed:
        raise StorageError(
            tr("Training needs {needed:.1f} GB of disk, and {path} has {free:.1f} GB.").format(
                needed=needed / 1e9, path=place, free=free / 1e9
            )
        )
    return needed


def train(
    plan: VoiceTrainingPlan,
    recordings: Sequence[Recording],
    progress: Progress,
    cancel: CancelToken,
) -> int:
    """Train as planned and return the number of steps that the voice now has.

    Stops after the step at hand when ``cancel`` is set, with a checkpoint of it. Raises
    ``InputError`` when the recordings are too few, ``StorageError`` when the disk is full.
    """
    try:
        make_folder(plan.work)
        pieces = _cut(plan, recordings, progress, cancel)
        if len(pieces) < MIN_PIECES:
            raise InputError(
                tr("The recordings give {count} sentences; at least {least} are needed.").format(
                    count=len(pieces), least=MIN_PIECES
                )
            )
        _configure(plan)
        _features(plan, pieces, progress, cancel)
        if plan.clusters:
            _cluster(plan, progress, cancel)
        _begin_from(plan)
        settings = ConvertedVoiceSettings(
            kind="sovits", consent=plan.consent, cluster_ratio=0.3 if plan.clusters else 0
        )
        write_settings(plan.directory, settings)
        return fit_networks(plan.directory, plan.steps, plan.every, progress, cancel)
    except DigitalLifeError:
        raise
    except (OSError, RuntimeError) as error:
        if _is_full(error):
            raise unwritable(plan.directory, OSError(28, os.strerror(28))) from error
        raise


def _is_full(error: BaseException) -> bool:
    """Whether the disk is full; torch says so in words only."""
    return getattr(error, "errno", None) == 28 or any(
        words in str(error) for words in ("No space left", "unexpected pos", "file write failed")
    )


def _cut(
    plan: VoiceTrainingPlan,
    recordings: Sequence[Recording],
    progress: Progress,
    cancel: CancelToken,
) -> list[Path]:
    """Resample the recordings and split them into sentences, with the package's own steps."""
    split = load("preprocessing.preprocess_split")
    resample = load("preprocessing.preprocess_resample")
    whole, parts = plan.work / "whole", plan.work / "parts"
    made = plan.work / "sentences" / plan.name
    for folder in (whole, parts, made):
        folder.mkdir(parents=True, exist_ok=True)
    for number, recording in enumerate(recordings):
        cancel.check()
        progress(tr("cutting into sentences"), number, len(recordings), recording.path.name)
        done = plan.work / f"{number:04d}.done"
        if done.exists():
            continue
        # Read here and not by librosa, so that every format and every damage is dealt with.
        source = whole / f"{number:04d}.wav"
        write_sound(source, recording.audio.at_rate(_RATE))
        with _bare(split):
            split._process_one(source, parts, _RATE)
            for part in sorted(parts.glob(f"{number:04d}_*.wav")):
                resample._preprocess_one(
                    part, made / part.name, _RATE, top_db=30, frame_seconds=0.1, hop_seconds=0.05
                )
                part.unlink()
        source.unlink()
        done.touch()
    progress(tr("cutting into sentences"), len(recordings), len(recordings), "")
    return sorted(made.glob("*.wav"))


def _configure(plan: VoiceTrainingPlan) -> None:
    """Write the package's file lists and config."""
    configure = load("preprocessing.preprocess_flist_config")
    if (plan.directory / CONFIG).exists():
        return
    template = TEMPLATES.get(plan.template, plan.template)
    lists = [plan.work / f"{name}.txt" for name in ("train", "val", "test")]
    path = plan.work / CONFIG
    with _bare(configure):
        configure.preprocess_config(plan.work / "sentences", *lists, path, template)
    config = json.loads(path.read_text(encoding="utf-8"))
    config["train"]["batch_size"] = plan.batch
    config["train"]["log_interval"] = 10**9  # its pictures of spectra are for tensorboard
    config["train"]["num_workers"] = min(2, os.cpu_count() or 1)
    config["model"].pop("pretrained", None)  # nothing is fetched without a checksum
    path.write_text(json.dumps(config, indent=2, ensure_ascii=False), encoding="utf-8")
    path.replace(plan.directory / CONFIG)


def _features(
    plan: VoiceTrainingPlan, pieces: Sequence[Path], progress: Progress, cancel: CancelToken
) -> None:
    """Find content, pitch and spectrum of each sentence."""
    step = load("preprocessing.preprocess_hubert_f0")
    missing = [path for path in pieces if not path.with_name(f"{path.name}.data.pt").exists()]
    done = len(pieces) - len(missing)
    if missing:
        progress(tr("finding content and pitch"), done, len(pieces), "")
        content = load_content(plan.content, read_config(plan.directory / CONFIG))
        hps = load("utils").get_hparams(plan.directory / CONFIG)
    for path in missing:
        cancel.check()
        with _reading_sound(step), quietly():
            step._process_one(filepath=path, content_model=content, device="cpu", hps=hps)
        done += 1
        progress(tr("finding content and pitch"), done, len(pieces), "")


def _cluster(plan: VoiceTrainingPlan, progress: Progress, cancel: CancelToken) -> None:
    """Find what the speaker's sounds gather around, for ``cluster_ratio``."""
    import torch

    path = plan.directory / CLUSTER
    if path.exists():
        return
    cancel.check()
    progress(tr("finding clusters"), 0, 1, "")
    sentences = plan.work / "sentences" / plan.name
    frames = sum(
        torch.load(file, weights_only=True)["content"].shape[1]
        for file in sentences.glob("*.data.pt")
    )
    found = load("cluster.train_cluster").train_cluster(sentences, min(CLUSTERS, frames // 4))
    with atomic_write(path) as part:
        torch.save({plan.name: found}, part)
    progress(tr("finding clusters"), 1, 1, "")


def _begin_from(plan: VoiceTrainingPlan) -> None:
    """Copy the networks to begin from, at the first start."""
    if plan.base is None or list(plan.directory.glob("G_*.pth")):
        return
    for name in ("G_0.pth", "D_0.pth"):
        if not (plan.base / name).is_file():
            raise InputError(tr("There is no {name} in {path}.").format(name=name, path=plan.base))
    for name in ("D_0.pth", "G_0.pth"):
        with atomic_write(plan.directory / name) as part:
            shutil.copyfile(plan.base / name, part)


@contextmanager
def _bare(module: Any) -> Iterator[None]:
    """Let a step of the package work without a progress bar of its own."""
    usual = module.tqdm
    module.tqdm = lambda items, **_: items
    try:
        with quietly():
            yield
    finally:
        module.tqdm = usual


@contextmanager
def _reading_sound(module: Any) -> Iterator[None]:
    """Let the package read the files just written without torchaudio's decoder, an extra of its."""
    import soundfile
    import torch

    def read(path: Path) -> tuple[object, int]:
        samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
        return torch.from_numpy(np.ascontiguousarray(samples.T)), rate

    usual = module.torchaudio.load
    module.torchaudio.load = read
    try:
        yield
    finally:
        module.torchaudio.load = usual


def seconds_a_step(plan: VoiceTrainingPlan) -> float:
    """Measure one step of training on this machine, with the networks' own sizes."""
    template = TEMPLATES.get(plan.template, plan.template)
    folder = Path(load("preprocessing").__file__).parent / "config_templates"
    path = folder / (template if template.endswith(".json") else f"{template}.json")
    return trial_step(json.loads(path.read_text(encoding="utf-8")), plan.batch)
