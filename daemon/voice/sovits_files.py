"""The files of a so-vits-svc voice: config, generator, ContentVec, clusters.

Models of so-vits-svc 4.0 (v1, its legacy form, and QuickVC) can be used. Those of 4.0-v2 and 4.1
cannot: so-vits-svc-fork has no generator that could hold their weights. Nothing is unpickled but by
``torch.load(weights_only=True)``.
"""

import importlib
import json
import pickle
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from daemon.errors import InputError, SetupError
from daemon.i18n import tr
from daemon.media import JsonObject
from daemon.voice.catalogue import CLUSTER, CONFIG, ConvertedVoiceSettings, checkpoints, today
from daemon.voice.sovits_package import load, quietly

if TYPE_CHECKING:
    from torch import Tensor, nn

_FOREIGN = {  # a key of the "model" table: the version that has it
    "n_harmonic": "4.0-v2",
    "prior_hidden_channels": "4.0-v2",
    "speech_encoder": "4.1",
    "vol_embedding": "4.1",
}
_UNUSED = "enc_q."  # the posterior encoder: only training needs it, and small checkpoints lack it


@dataclass(frozen=True, slots=True)
class Config:
    """A model's ``config.json``."""

    path: Path
    values: JsonObject
    rate: int
    """Hz."""
    hop: int
    """Samples in a frame."""
    speakers: dict[str, int]
    final_projection: bool
    """Whether content is ContentVec's 256 values of layer 9, and not its 768 of the last layer."""

    def speaker(self, name: str) -> int:
        """Return the number of a speaker; "" is the first. Raises ``SetupError``."""
        if not name:
            return next(iter(self.speakers.values()))
        if name not in self.speakers:
            known = ", ".join(self.speakers)
            raise SetupError(
                tr("{path} has no speaker “{name}”.").format(path=self.path, name=name),
                tr("speakers there: {names}").format(names=known),
            )
        return self.speakers[name]


def read_config(path: Path) -> Config:
    """Read and check a ``config.json``. Raises ``SetupError`` for one that cannot be used."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        model = values["model"]
        for key, version in _FOREIGN.items():
            if key in model:
                raise SetupError(
                    tr("{path} is of so-vits-svc {version}; only 4.0 models can be used.").format(
                        path=path, version=version
                    )
                )
        data = values["data"]
        config = Config(
            path,
            values,
            rate=int(data["sampling_rate"]),
            hop=int(data["hop_length"]),
            speakers={str(name): int(number) for name, number in values["spk"].items()},
            final_projection=bool(data.get("contentvec_final_proj", True)),
        )
        int(data["filter_length"]), int(values["train"]["segment_size"]), int(model["ssl_dim"])
        if not config.speakers or config.rate < 8000 or config.hop < 1:
            raise ValueError("spk, sampling_rate or hop_length")
        if max(config.speakers.values()) >= int(model["n_speakers"]):
            raise ValueError("n_speakers")
        return config
    except OSError as error:
        reason: object = error.strerror
    except (ValueError, TypeError, AttributeError) as error:
        reason = error
    except KeyError as error:
        reason = tr("{key} is missing").format(key=error)
    raise SetupError(
        tr("{path} is not the config of a so-vits-svc 4.0 model: {reason}").format(
            path=path, reason=reason
        )
    )


def load_generator(checkpoint: Path, config: Config) -> Any:
    """Load a ``G_*.pth`` into the network that its config describes, ready to convert.

    Raises ``SetupError`` when the file is damaged or does not fit.
    """
    network = load("modules.synthesizers").SynthesizerTrn
    import torch

    state = _state(checkpoint)
    try:
        data, train = config.values["data"], config.values["train"]
        # No memory is taken before the shapes are known to fit.
        with quietly(), torch.device("meta"):
            model = network(
                int(data["filter_length"]) // 2 + 1,
                int(train["segment_size"]) // config.hop,
                **{key: value for key, value in config.values["model"].items()},
            )
        wanted = {k: v for k, v in model.state_dict().items() if not k.startswith(_UNUSED)}
    # The package checks nothing: a wrong config fails anywhere in it.
    except Exception as error:
        raise SetupError(
            tr("{path} is not the config of a so-vits-svc 4.0 model: {reason}").format(
                path=config.path, reason=error
            )
        ) from error
    state = {key: value for key, value in state.items() if not key.startswith(_UNUSED)}
    for key in sorted(wanted.keys() | state.keys()):
        there = tuple(state[key].shape) if key in state else tr("absent")
        needed = tuple(wanted[key].shape) if key in wanted else tr("absent")
        if there != needed:
            raise SetupError(
                tr(
                    "{checkpoint} does not fit {config}: {key} is {there} in the one and {needed} "
                    "in the other."
                ).format(
                    checkpoint=checkpoint, config=config.path, key=key, there=there, needed=needed
                )
            )
    model.enc_q = torch.nn.Identity()
    model.load_state_dict({k: v.float().clone() for k, v in state.items()}, assign=True)
    return _plain(model).eval().requires_grad_(False)


def load_content(directory: Path, config: Config) -> Any:
    """Load ContentVec from a folder with ``config.json`` and ``pytorch_model.bin``.

    Raises ``SetupError``.
    """
    utils = load("utils")
    kind = utils.HubertModelWithFinalProj if config.final_projection else utils.HubertModel
    transformers_log: Any = importlib.import_module("transformers.utils.logging")
    bars = transformers_log.is_progress_bar_enabled()
    transformers_log.disable_progress_bar()
    try:
        with quietly():
            model, report = kind.from_pretrained(
                directory, local_files_only=True, weights_only=True, output_loading_info=True
            )
        # Masked parts of sound are only learnt from; a checkpoint may lack their vector.
        missing = [key for key in report["missing_keys"] if key != "masked_spec_embed"]
        if missing:
            raise ValueError(tr("{key} is missing").format(key=missing[0]))
    # transformers' errors for damaged files share no base class but Exception.
    except Exception as error:
        raise SetupError(
            tr("ContentVec in {path} cannot be read: {reason}").format(
                path=directory, reason=why(error)
            ),
            "digital-life models verify content-vec",
        ) from error
    finally:
        if bars:
            transformers_log.enable_progress_bar()
    return _plain(model).eval().requires_grad_(False)


def load_clusters(path: Path, speaker: str) -> "Tensor":
    """Return the cluster centres of a speaker: float32, (clusters, values of content)."""
    import torch

    rebuild: Any = np.zeros(0).__reduce__()[0]
    arrays: list[Callable[..., object] | tuple[Callable[..., object], str]] = [
        np.ndarray,
        np.dtype,
        type(np.dtype("f4")),
        type(np.dtype("f8")),
    ]
    for package in ("numpy.core", "numpy._core"):  # before numpy 2, and since
        arrays.append((rebuild, f"{package}.multiarray._reconstruct"))
    try:
        with torch.serialization.safe_globals(arrays):
            held = torch.load(path, map_location="cpu", weights_only=True)
        found = held[speaker] if speaker in held else next(iter(held.values()))
        return torch.as_tensor(found["cluster_centers_"]).float()
    # torch's errors for damaged files share no base class but Exception.
    except Exception as error:
        raise SetupError(
            tr("The clusters in {path} cannot be read: {reason}").format(
                path=path, reason=why(error)
            )
        ) from error


def install(source: Path, directory: Path) -> ConvertedVoiceSettings:
    """Copy a model's newest checkpoint, its config and its clusters, if they can be used.

    ``source`` is a folder or a ``.pth`` file with its ``config.json`` beside it.
    """
    folder = source if source.is_dir() else source.parent
    checkpoint = checkpoints(folder)[-1] if source.is_dir() else source
    if not (folder / CONFIG).is_file():
        raise InputError(
            tr("There is no {name} beside {path}.").format(name=CONFIG, path=checkpoint)
        )
    config = read_config(folder / CONFIG)
    load_generator(checkpoint, config)
    shutil.copyfile(folder / CONFIG, directory / CONFIG)
    number = checkpoint.stem.rpartition("_")[2]
    shutil.copyfile(checkpoint, directory / f"G_{number if number.isdigit() else 0}.pth")
    speaker = next(iter(config.speakers))
    clusters = sorted([*folder.glob("kmeans*.pt"), *folder.glob("cluster*.pt")])
    if clusters:
        load_clusters(clusters[-1], speaker)
        shutil.copyfile(clusters[-1], directory / CLUSTER)
    return ConvertedVoiceSettings(kind="sovits", consent=today(), speaker=speaker)


def _state(checkpoint: Path) -> "dict[str, Tensor]":
    import torch

    try:
        # Mapped, the optimiser's two thirds of the file are never read.
        held = torch.load(
            checkpoint,
            map_location="cpu",
            weights_only=True,
            mmap=zipfile.is_zipfile(checkpoint),
        )
        state = held["model"]
        if not all(isinstance(value, torch.Tensor) for value in state.values()):
            raise ValueError("model")
    # torch's errors for damaged files share no base class but Exception.
    except Exception as error:
        raise SetupError(
            tr("{path} is damaged or not a so-vits-svc checkpoint: {reason}").format(
                path=checkpoint, reason=why(error)
            )
        ) from error
    return dict(state)


def why(error: Exception) -> str:
    """Say why torch could not read a file; what it says itself is an essay, with bad advice."""
    if isinstance(error, KeyError):
        return tr("{key} is missing").format(key=error)
    if isinstance(error, pickle.UnpicklingError) or "weights_only" in str(error):
        return tr("it holds something else than weights")
    return str(error).split("\n")[0].split(". ")[0]


def _plain(model: "nn.Module") -> "nn.Module":
    """Join the two halves of normalised weights: they are only kept apart for training."""
    import torch

    for module in model.modules():
        if torch.nn.utils.parametrize.is_parametrized(module, "weight"):
            torch.nn.utils.parametrize.remove_parametrizations(module, "weight")
        elif hasattr(module, "weight_g"):
            torch.nn.utils.remove_weight_norm(module)
    return model
