"""so-vits-svc 4.0 voices: what is said, and its melody, spoken by a network in a learnt voice.

ContentVec (Qian et al., 2022) turns speech into content without the speaker; the generator, a VITS
(Kim et al., 2021) as so-vits-svc arranged it, turns content and pitch into sound. The networks and
the pitch are so-vits-svc-fork's; cutting, rates, loudness and cancelling are done here.
"""

import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from daemon.errors import SetupError
from daemon.graphics import OnCard
from daemon.i18n import tr
from daemon.media import LISTEN_RATE, Audio, Samples
from daemon.voice.catalogue import CLUSTER, CONFIG, Voice
from daemon.voice.chunked_conversion import convert_in_chunks, fit, match_loudness
from daemon.voice.pauses import frame_power
from daemon.voice.sovits_files import load_clusters, load_content, load_generator, read_config
from daemon.voice.sovits_package import load, quietly
from daemon.worker import CancelToken

if TYPE_CHECKING:
    import torch
    from torch import Tensor

MAX_PIECE_S = 4.0  # converted in one go; every longer one would be a length of its own, see STEP_S
CONTEXT_S = 0.2  # around each piece: what the networks see at an edge sounds wrong
F0_PIECE_S = 1.5  # of pitch found in one go, so that cancelling waits no longer for it
# oneDNN compiles anew for each length, which takes longer than to convert a short one, and keeps
# 60 MB for it. So lengths are filled up to a multiple of this; from SHORT_S on, to one of twice it.
STEP_S = 0.25
SHORT_S = 1.75  # lengths up to it are run beforehand: first clauses are short, and waited for
_MIN_STEPS = 3
_SILENCE_S = 0.06  # at least, before and after: it stands for the context an edge has not
_PAUSE_S = 0.3  # a pause this long is not converted; generators hum in silence
_EDGE_S = 0.06  # around speech, for soft consonants
_FADE_S = 0.01
_MIN_S = 0.05  # shorter sound has no frame of content


class SoVits:
    """Speaks in a so-vits-svc voice. Raises ``SetupError`` for files that cannot be used."""

    def __init__(self, voice: Voice, content: Path) -> None:
        """``content`` is the folder of ContentVec."""
        # oneDNN keeps what it compiled for 1024 layers; a length has 140. It reads this once.
        os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "2048")
        self._f0 = load("f0")
        import torch

        self._settings = voice.settings
        self._config = config = read_config(voice.directory / CONFIG)
        self._speaker = config.speaker(voice.settings.speaker)
        self._generator = load_generator(voice.checkpoint(), config)
        self._content = load_content(content, config)
        self._clusters: Tensor | None = None
        if voice.settings.cluster_ratio:
            path = voice.directory / CLUSTER
            if not path.exists():
                raise SetupError(
                    tr("cluster_ratio is set, but there is no {path}.").format(path=path)
                )
            name = next(n for n, number in config.speakers.items() if number == self._speaker)
            self._clusters = load_clusters(path, name)
        self._engine = OnCard(
            "so-vits-svc",
            partial(self._move, "cuda") if torch.cuda.is_available() else None,
            partial(self._move, "cpu"),
            "CUDA",
        )
        with quietly():  # what finds the pitch is imported late, and with warnings
            self._melody(np.sin(np.arange(config.rate // 4) / 50).astype(np.float32))
        self._cancel = CancelToken()
        for network in (self._generator, self._content):
            for module in network.modules():
                if not list(module.children()):
                    module.register_forward_pre_hook(lambda *_: self._cancel.check())

    def _move(self, name: str) -> "torch.device":
        """Move the networks to a device; returns it."""
        import torch

        device = torch.device(name)
        self._generator.to(device)
        self._content.to(device)
        if self._clusters is not None:
            self._clusters = self._clusters.to(device)
        return device

    @property
    def device(self) -> str:
        """Where it computes."""
        return self._engine.device

    def warm_up(self) -> None:
        """Convert sound of each length that a first clause may have."""
        rate = self._config.rate
        for steps in range(_MIN_STEPS, round(SHORT_S / STEP_S) + 1):
            length = round((steps * STEP_S - 2 * _SILENCE_S) * rate) - 2 * self._config.hop
            tone = 0.1 * np.sin(2 * np.pi * 150 * np.arange(length) / rate)
            self.convert(Audio(tone.astype(np.float32), rate), CancelToken())

    def close(self) -> None:
        """Free the networks."""
        del self._generator, self._content

    def convert(self, audio: Audio, cancel: CancelToken) -> Audio:
        """Return ``audio`` in the other voice, at the model's rate, as loud as it was."""
        self._cancel = cancel
        source = audio.at_rate(self._config.rate)
        made = np.zeros(len(source.samples), np.float32)
        for begin, end in self._speech(source):
            part = Audio(source.samples[begin:end], source.rate)
            made[begin:end] = convert_in_chunks(
                part, self._convert_or_fall_back, MAX_PIECE_S, CONTEXT_S
            )
            fade = min(round(_FADE_S * source.rate), (end - begin) // 2)
            ramp = np.linspace(0, 1, fade, dtype=np.float32)
            made[begin : begin + fade] *= ramp
            made[end - fade : end] *= ramp[::-1]
        return match_loudness(Audio(made, source.rate), source)

    def _speech(self, audio: Audio) -> Iterator[tuple[int, int]]:
        """Yield begin and end of what lies between longer pauses."""
        power = frame_power(audio)
        floor = power.max(initial=0) * 10 ** (self._settings.silence_db / 10)
        loud = np.flatnonzero(power > max(floor, 1e-10))
        if not len(loud):
            return
        frame = audio.rate // 100
        edge = round(_EDGE_S * 100)
        gaps = np.flatnonzero(np.diff(loud) > _PAUSE_S * 100)
        begins = [loud[0], *loud[gaps + 1]]
        ends = [*loud[gaps], loud[-1]]
        for begin, end in zip(begins, ends, strict=True):
            first, last = max(0, begin - edge) * frame, (end + 1 + edge) * frame
            if last >= len(power) * frame:
                last = len(audio.samples)
            if last - first >= _MIN_S * audio.rate:
                yield int(first), int(last)

    def _convert_or_fall_back(self, samples: Samples) -> Samples:
        return self._engine.run(lambda _device: self._convert(samples))

    def _convert(self, samples: Samples) -> Samples:
        import torch

        hop, settings = self._config.hop, self._settings
        pad = math.ceil(_SILENCE_S * self._config.rate / hop) * hop
        frames = self._frames(len(samples) + 2 * pad)
        padded = fit(np.concatenate([np.zeros(pad, np.float32), samples]), frames * hop)
        pitch, voiced = self._pitch(padded, frames)
        with torch.inference_mode(), _quick(self._engine.made):
            content = self._said(padded, frames)
            try:
                made = self._generator.infer(
                    content,
                    f0=torch.from_numpy(pitch)[None].to(self._engine.made),
                    uv=torch.from_numpy(voiced)[None].to(self._engine.made),
                    g=torch.tensor([[self._speaker]], device=self._engine.made),
                    predict_f0=settings.auto_f0,
                    noice_scale=settings.noise_scale,
                )
            except SystemExit as error:  # what the package does where a melody is not a number
                raise RuntimeError("the model made no melody") from error
        sound = np.nan_to_num(made[0, 0].float().cpu().numpy())
        return fit(sound[pad:], len(samples))

    def _frames(self, length: int) -> int:
        """Return the frames of so many samples, filled up to one of a few lengths."""
        step = round(STEP_S * self._config.rate / self._config.hop)
        steps = max(_MIN_STEPS, math.ceil(length / self._config.hop / step))
        if steps * STEP_S > SHORT_S:
            steps += steps % 2
        return steps * step

    def _pitch(self, samples: Samples, frames: int) -> tuple[Samples, Samples]:
        """Return the pitch in Hz, without gaps, and where there is one: (frames,) each."""
        hop = self._config.hop
        step = round(F0_PIECE_S * self._config.rate / hop)
        around = round(CONTEXT_S * self._config.rate / hop)
        found = np.zeros(frames, np.float32)
        for begin in range(0, frames, step):
            self._cancel.check()
            first, end = max(0, begin - around), min(frames, begin + step)
            piece = samples[first * hop : (end + around) * hop]
            if np.quantile(np.abs(piece), 0.999) < 1e-5:  # the package divides by it
                continue
            f0 = fit(self._melody(piece), end - first + around)
            found[begin:end] = f0[begin - first : end - first]
        pitch, voiced = self._f0.interpolate_f0(found)
        pitch = np.clip(pitch * 2 ** (self._settings.transpose / 12), 0, self._f0.f0_max)
        return pitch.astype(np.float32), voiced.astype(np.float32)

    def _melody(self, samples: Samples) -> Samples:
        """Return the pitch in Hz of each frame, 0 where there is none."""
        f0 = self._f0.compute_f0(
            samples,
            sampling_rate=self._config.rate,
            hop_length=self._config.hop,
            method=self._settings.f0_method,
        )
        return np.nan_to_num(np.asarray(f0, np.float32))

    def _said(self, samples: Samples, frames: int) -> "Tensor":
        """Return the content of ``samples``: (1, values, frames)."""
        import torch

        heard = Audio(samples, self._config.rate).at_rate(LISTEN_RATE).samples
        sound = torch.from_numpy(heard)[None].to(self._engine.made)
        if self._config.final_projection:
            hidden = self._content(sound, output_hidden_states=True)["hidden_states"][9]
            content = self._content.final_proj(hidden)
        else:
            content = self._content(sound)["last_hidden_state"]
        content = content[0].float()
        if self._clusters is not None:
            nearest = self._clusters[torch.cdist(content, self._clusters).argmin(dim=1)]
            content = torch.lerp(content, nearest, self._settings.cluster_ratio)
        return torch.nn.functional.interpolate(content.T[None], size=frames, mode="nearest")


@contextmanager
def _quick(device: "torch.device") -> Iterator[None]:
    """Compute in bfloat16 where the processor has instructions for it."""
    import torch

    # There is no public way to ask; without these, bfloat16 is emulated and slower.
    helps = device.type == "cpu" and torch.cpu._is_avx512_bf16_supported()
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=helps):
        yield
