"""The last step of training a voice: the networks, with so-vits-svc-fork's Lightning module.

Checkpoints appear whole or not at all, and hold what is needed to go on.
"""

import importlib
import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from daemon.errors import SetupError
from daemon.files import atomic_write
from daemon.i18n import tr
from daemon.media import JsonObject
from daemon.voice.catalogue import CONFIG, checkpoints
from daemon.voice.sovits_files import why
from daemon.voice.sovits_package import load, quietly
from daemon.worker import CancelToken

_KEPT = 2  # newest pairs of checkpoints
_FRAMES = 400  # of a sentence in the trial: 4.6 s

Progress = Callable[[str, int, int, str], None]
"""Is told the step, how much of it is done, of how many, and what else there is to say."""


def steps_done(directory: Path) -> int:
    """Return the steps of the newest checkpoint in a voice's folder; 0 without one."""
    found = checkpoints(directory)
    return int(found[-1].stem.rpartition("_")[2]) if found else 0


def fit_networks(
    directory: Path, steps: int, every: int, progress: Progress, cancel: CancelToken
) -> int:
    """Train until ``steps`` in all and return how many there are.

    ``directory`` holds the config and the checkpoints to go on from. A checkpoint is written each
    ``every`` steps, at the end, and when ``cancel`` is set.
    """
    with quietly():
        training, utils = load("train"), load("utils")
        lightning: Any = importlib.import_module("lightning.pytorch")
        logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)  # which its import undid
        hparams = utils.get_hparams(directory / CONFIG)
        hparams.model_dir = str(directory)
        networks = _networks(training.VitsLightning, directory)(**hparams)
        data = _data(training.VCDataModule)(hparams)
        watch = _watch(lightning.Callback)(networks, steps, every, progress, cancel)
        if networks.steps < steps and not cancel.cancelled:
            trainer = lightning.Trainer(
                accelerator="auto",
                devices=1,
                max_epochs=-1,
                callbacks=[watch],
                logger=False,
                enable_checkpointing=False,
                enable_progress_bar=False,
                enable_model_summary=False,
                num_sanity_val_steps=0,
                limit_val_batches=0,
            )
            trainer.fit(networks, datamodule=data)
    return int(networks.steps)


def _networks(base: Any, directory: Path) -> Any:
    """Extend the package's module: own checkpoints, nothing for tensorboard."""
    import torch

    class Networks(base):
        steps = 0
        saved = -1
        loss = ""

        def load(self, reset_optimizer: bool = False) -> None:
            """Go on from the newest pair; the package itself forgets the optimisers' state."""
            self.steps = self.saved = steps_done(directory)
            pairs = ("G", self.net_g, self.optim_g), ("D", self.net_d, self.optim_d)
            for letter, network, optimizer in pairs:
                path = directory / f"{letter}_{self.steps}.pth"
                if self.steps or path.exists():
                    _go_on_from(path, network, optimizer if self.steps else None)

        def on_train_start(self) -> None:
            """Count steps, not epochs."""

        def log_dict_(self, log_dict: JsonObject, **_: object) -> None:
            """Keep what the display shows."""
            if (loss := log_dict.get("loss/g/mel")) is not None:
                self.loss = f"{float(loss):.2f}"

        def save_checkpoints(self, adjust: int = 1) -> None:
            """Write the pair of this step, the generator last, and delete old ones."""
            if self.saved == self.steps:
                return
            pairs = ("D", self.net_d, self.optim_d), ("G", self.net_g, self.optim_g)
            for letter, network, optimizer in pairs:
                held = {
                    "model": network.state_dict(),
                    "iteration": self.current_epoch,
                    "optimizer": optimizer.state_dict(),
                    "learning_rate": self.learning_rate,
                }
                with atomic_write(directory / f"{letter}_{self.steps}.pth") as part:
                    torch.save(held, part)
            self.saved = self.steps
            for old in checkpoints(directory)[:-_KEPT]:
                old.unlink()
                old.with_name(f"D{old.name[1:]}").unlink(missing_ok=True)

    return Networks


def _go_on_from(path: Path, network: Any, optimizer: Any | None) -> None:
    """Load a checkpoint of a network; without an optimiser it is others', to begin with.

    Raises ``SetupError`` where it is damaged.
    """
    import torch

    try:
        held = torch.load(path, map_location="cpu", weights_only=True)
        if optimizer is None:
            load("utils").safe_load(network, held["model"])
        else:
            network.load_state_dict(held["model"])
            optimizer.load_state_dict(held["optimizer"])
    except Exception as error:  # torch's for damaged files share no other base class
        raise SetupError(
            tr("{path} is damaged or not a so-vits-svc checkpoint: {reason}").format(
                path=path, reason=why(error)
            ),
            tr("delete it, to go on from the one before"),
        ) from error


def _data(base: Any) -> Any:
    class Sentences(base):
        def train_dataloader(self) -> Any:
            """Read in this process: a sentence is a megabyte, and children are hard to stop."""
            import torch

            return torch.utils.data.DataLoader(
                self.train_dataset,
                batch_size=self.batch_size,
                collate_fn=self.collate_fn,
                shuffle=True,
            )

    return Sentences


def _watch(base: Any) -> Any:
    class Watch(base):
        """Tells how far it is, and ends it after the step at hand."""

        def __init__(
            self, networks: Any, steps: int, every: int, progress: Progress, cancel: CancelToken
        ) -> None:
            self._networks, self._steps, self._every = networks, steps, every
            self._progress, self._cancel = progress, cancel
            progress(tr("training"), networks.steps, steps, "")

        def on_train_batch_end(self, trainer: Any, *_: object) -> None:
            networks = self._networks
            networks.steps += 1
            loss = tr("distance {loss}").format(loss=networks.loss)
            self._progress(tr("training"), networks.steps, self._steps, loss)
            if networks.steps % self._every == 0:
                networks.save_checkpoints()
            if networks.steps >= self._steps or self._cancel.cancelled:
                trainer.should_stop = True

    return Watch


def trial_step(config: JsonObject, batch: int) -> float:
    """Return the seconds that one step of training takes here, with sound of random numbers."""
    import torch

    device = "cuda" if torch.cuda.is_available() else "cpu"
    data, settings, model = config["data"], config["train"], config["model"]
    bins, segment = data["filter_length"] // 2 + 1, settings["segment_size"]
    with quietly():
        generator = load("modules.synthesizers").SynthesizerTrn(
            bins, segment // data["hop_length"], **model
        )
        critic = load("modules.descriminators").MultiPeriodDiscriminator(False)
        generator, critic = generator.to(device), critic.to(device)
        begin = time.perf_counter()
        f0 = torch.full((batch, _FRAMES), 150.0, device=device)
        lengths = torch.full((batch,), _FRAMES, device=device)
        made = generator(
            torch.randn(batch, model["ssl_dim"], _FRAMES, device=device),
            f0,
            torch.ones_like(f0),
            torch.rand(batch, bins, _FRAMES, device=device),
            g=torch.zeros((batch, 1), dtype=torch.long, device=device),
            c_lengths=lengths,
            spec_lengths=lengths,
        )[0]
        real = torch.randn_like(made)
        for sound in (made, made.detach()):  # the generator's turn, then the discriminator's
            scores = critic(real, sound)[1]
            sum(score.mean() for score in scores).backward()
        if device == "cuda":
            torch.cuda.synchronize()
        return time.perf_counter() - begin
