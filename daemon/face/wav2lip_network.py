"""Wav2Lip's generator in PyTorch, its checkpoints, and its conversion to an engine file.

The network is that of Prajwal et al., 2020 ("A lip sync expert is all you need", arXiv:2008.10010):
a face and a sound each shrink to 512 numbers, which grow back to a face, joined at every size by
what the first face looked like there. Only this module needs torch, and only to convert.
"""

import logging
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from torch import Tensor, nn

from daemon.errors import SetupError
from daemon.face.torchscript import is_torchscript, read_tensors
from daemon.face.wav2lip_layouts import (
    LAYOUTS,
    UNUSED,
    GeneratorLayout,
    Row,
    face_stages,
    layout_of,
)
from daemon.i18n import tr

Floats = NDArray[np.float32]
log = logging.getLogger(__name__)

SIDE = 96  # pixels, where an example of a network's input may have any size


class _Block(nn.Module):
    """Convolution, batch normalisation and ReLU; a residual block adds its input in between."""

    def __init__(self, conv: nn.Module, outputs: int, residual: bool = False) -> None:
        super().__init__()
        self.conv_block = nn.Sequential(conv, nn.BatchNorm2d(outputs))
        self.residual = residual

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.conv_block(x)
        return torch.relu(out + x) if self.residual else torch.relu(out)


def _conv(row: Row) -> _Block:
    inputs, outputs, kernel, stride, padding = row
    return _Block(nn.Conv2d(inputs, outputs, kernel, stride, padding), outputs)


def _grow(row: tuple[int, int, int, int, int]) -> _Block:
    inputs, outputs, kernel, stride, padding = row
    conv = nn.ConvTranspose2d(inputs, outputs, kernel, stride, padding, output_padding=stride - 1)
    return _Block(conv, outputs)


def _residuals(channels: int, count: int) -> list[nn.Module]:
    return [
        _Block(nn.Conv2d(channels, channels, 3, 1, 1), channels, residual=True)
        for _ in range(count)
    ]


class _Attention(nn.Module):
    """Tells where to look, by the mean and the most of what is seen at each place."""

    def __init__(self) -> None:
        super().__init__()
        self.sa = nn.ModuleDict({"conv1": nn.Conv2d(2, 1, 7, padding=3, bias=False)})

    def forward(self, seen: Tensor, made: Tensor) -> Tensor:
        what = torch.cat((seen.mean(1, keepdim=True), seen.amax(1, keepdim=True)), dim=1)
        return made + made * torch.sigmoid(self.sa["conv1"](what))


class Generator(nn.Module):
    """The generator, with the names that its authors' checkpoints have for its tensors."""

    def __init__(self, layout: GeneratorLayout) -> None:
        super().__init__()
        self.layout = layout
        face = [nn.Sequential(_conv(row), *_residuals(row[1], more)) for row, more in layout.face]
        last = layout.face[-1][0][1]
        face[-1].extend(_conv((last, last, 1, 1, 0)) for _ in range(layout.flat))
        self.face_encoder_blocks = nn.ModuleList(face)
        sound: list[nn.Module] = []
        for row, more in layout.sound:
            sound += [_conv(row), *_residuals(row[1], more)]
        self.audio_encoder = nn.Sequential(*sound)
        self.face_decoder_blocks = nn.ModuleList(
            [
                nn.Sequential(_conv((last, last, 1, 1, 0))),
                *(
                    nn.Sequential(_grow(row), *_residuals(row[1], more))
                    for row, more in layout.growing
                ),
            ]
        )
        joined = layout.growing[-1][0][1] + layout.face[0][0][1]
        self.output_block = nn.Sequential(_conv((joined, 32, 3, 1, 1)), nn.Conv2d(32, 3, 1))
        self.sam = _Attention() if layout.attends else None

    def forward(self, mel: Tensor, faces: Tensor) -> Tensor:
        """Return faces (B, 3, side, side) for mel chunks (B, 1, 80, 16) and faces, prepared."""
        seen = []
        x = faces
        for block in self.face_encoder_blocks:
            x = block(x)
            seen.append(x)
        x = self.audio_encoder(mel)
        for block in self.face_decoder_blocks:
            x, given = block(x), seen.pop()
            if self.sam is not None:
                x = self.sam(given, x)
            x = torch.cat((x, given), dim=1)
        return torch.sigmoid(self.output_block(x))


def load_checkpoint(path: Path) -> Generator:
    """Return the generator with a checkpoint's weights; their shapes tell its size.

    Raises ``SetupError`` when the file is damaged, of another model or of an unknown layout.
    """
    tensors = _named(read_checkpoint(path), path, "Wav2Lip")
    shapes = {name: tuple(getattr(kept, "shape", ())) for name, kept in tensors.items()}
    stages = face_stages(shapes)
    layout = layout_of(shapes)
    if layout is None and stages:
        raise SetupError(
            tr(
                "{path} is a Wav2Lip checkpoint of an unknown layout: its face passes through "
                "convolutions of {stages}. The known layouts are those of {known} pixels."
            ).format(path=path, stages=stages, known=", ".join(str(one.side) for one in LAYOUTS)),
            tr("docs/face.md says which checkpoints are known"),
        )
    network = Generator(layout or LAYOUTS[0])
    used = {name: kept for name, kept in tensors.items() if not name.startswith(UNUSED)}
    fill(network, used, path, "Wav2Lip")
    return network.eval()


def read_checkpoint(path: Path) -> Any:
    """Return what a file holds: tensors by name. Nothing in it is run.

    Raises ``SetupError`` when it is damaged.
    """
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        if is_torchscript(path):
            return read_tensors(path)
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch has a dozen ways to say that a file is damaged
        log.debug("%s: %s", path, error)  # not for people: it may advise to run what is in the file
        raise SetupError(
            tr("The checkpoint {path} is damaged or none at all.").format(path=path),
            "digital-life models verify",
        ) from error


def fill(network: nn.Module, kept: object, path: Path, model: str) -> None:
    """Put a checkpoint's tensors into ``network``; ``SetupError`` unless they fit exactly."""
    try:
        network.load_state_dict(_named(kept, path, model))
    except (RuntimeError, TypeError, AttributeError) as error:
        raise _not_of(model, path) from error


def _named(kept: object, path: Path, model: str) -> dict[str, object]:
    """Return what a checkpoint holds by name, without the wrappers of those who trained it."""
    if isinstance(kept, Mapping) and isinstance(kept.get("state_dict"), Mapping):
        kept = kept["state_dict"]
    if not isinstance(kept, Mapping):
        raise _not_of(model, path)
    return {str(name).removeprefix("module."): tensor for name, tensor in kept.items()}


def _not_of(model: str, path: Path) -> SetupError:
    return SetupError(
        tr("{path} is not a checkpoint of {model}.").format(path=path, model=model),
        "digital-life models list",
    )


def on_torch(network: nn.Module, device: str, precision: str) -> Callable[[Floats, Floats], Floats]:
    """Return what runs a generator on ``device``, arrays in and out."""
    network = network.to(device)

    def run(mel: Floats, faces: Floats) -> Floats:
        inputs = (torch.from_numpy(array).to(device) for array in (mel, faces))
        lower = torch.autocast(device, torch.bfloat16, enabled=precision == "bf16")
        with torch.inference_mode(), lower:
            return np.asarray(network(*inputs).float().cpu().numpy(), np.float32)

    return run


def write_engine(network: nn.Module, shapes: tuple[tuple[int, ...], ...], path: Path) -> None:
    """Write ``network`` as OpenVINO's ``path`` (.xml, with the weights in a .bin beside it).

    The first dimension of every input may vary, and height and width where they are 0. OpenVINO's
    own ``convert_model`` would do the same, but is made to tell its makers that it ran.
    """
    import openvino as ov
    from openvino.frontend import FrontEndManager
    from openvino.frontend.pytorch.ts_decoder import TorchScriptPythonDecoder

    example = tuple(torch.zeros([size or SIDE for size in shape]) for shape in shapes)
    with torch.no_grad(), warnings.catch_warnings():  # tracing has had its day, too
        warnings.simplefilter("ignore")
        decoder = TorchScriptPythonDecoder(network, example_input=example)
        frontend = FrontEndManager().load_by_framework("pytorch")
        model = frontend.convert(frontend.load(decoder))
    places = [ov.PartialShape([-1, *(size or -1 for size in shape[1:])]) for shape in shapes]
    for given, place in zip(model.inputs, places, strict=True):
        given.get_node().set_element_type(ov.Type.f32)
        given.get_node().set_partial_shape(place)
    model.validate_nodes_and_infer_types()
    ov.save_model(model, path, compress_to_fp16=False)
