"""Wav2Lip's generator in PyTorch, its checkpoints, and its conversion to an engine file.

The network is that of Prajwal et al., 2020 ("A lip sync expert is all you need", arXiv:2008.10010):
a face and a sound each shrink to 512 numbers, which grow back to a face, joined at every size by
what the first face looked like there. Only this module needs torch, and only to convert.
"""

import logging
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from daemon.errors import SetupError
from daemon.face.torchscript import is_torchscript, read_tensors
from daemon.i18n import tr

Floats = NDArray[np.float32]
log = logging.getLogger(__name__)

Row: TypeAlias = tuple[int, int, int, int | tuple[int, int], int]
# Rows of blocks: inputs, outputs, kernel, stride, padding. After "+" come residual blocks.
_FACE = (
    ((6, 16, 7, 1, 3), 0),
    ((16, 32, 3, 2, 1), 2),
    ((32, 64, 3, 2, 1), 3),
    ((64, 128, 3, 2, 1), 2),
    ((128, 256, 3, 2, 1), 2),
    ((256, 512, 3, 2, 1), 1),
    ((512, 512, 3, 1, 0), 0),
)
_SOUND = (
    ((1, 32, 3, (1, 1), 1), 2),
    ((32, 64, 3, (3, 1), 1), 2),
    ((64, 128, 3, (3, 3), 1), 2),
    ((128, 256, 3, (3, 2), 1), 1),
    ((256, 512, 3, (1, 1), 0), 0),
    ((512, 512, 1, (1, 1), 0), 0),
)
_GROWING = (
    ((1024, 512, 3, 1, 0), 1),
    ((1024, 512, 3, 2, 1), 2),
    ((768, 384, 3, 2, 1), 2),
    ((512, 256, 3, 2, 1), 2),
    ((320, 128, 3, 2, 1), 2),
    ((160, 64, 3, 2, 1), 2),
)
EXAMPLE = (1, 1, 80, 16), (1, 6, 96, 96)
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


class Generator(nn.Module):
    """The generator, with the official checkpoints' names for its tensors."""

    def __init__(self) -> None:
        super().__init__()
        face = [nn.Sequential(_conv(row), *_residuals(row[1], more)) for row, more in _FACE]
        face[-1].append(_conv((512, 512, 1, 1, 0)))
        self.face_encoder_blocks = nn.ModuleList(face)
        sound: list[nn.Module] = []
        for row, more in _SOUND:
            sound += [_conv(row), *_residuals(row[1], more)]
        self.audio_encoder = nn.Sequential(*sound)
        self.face_decoder_blocks = nn.ModuleList(
            [
                nn.Sequential(_conv((512, 512, 1, 1, 0))),
                *(nn.Sequential(_grow(row), *_residuals(row[1], more)) for row, more in _GROWING),
            ]
        )
        self.output_block = nn.Sequential(_conv((80, 32, 3, 1, 1)), nn.Conv2d(32, 3, 1))

    def forward(self, mel: Tensor, faces: Tensor) -> Tensor:
        """Return faces (B, 3, 96, 96) for mel chunks (B, 1, 80, 16) and faces (B, 6, 96, 96)."""
        seen = []
        x = faces
        for block in self.face_encoder_blocks:
            x = block(x)
            seen.append(x)
        x = self.audio_encoder(mel)
        for block in self.face_decoder_blocks:
            x = torch.cat((block(x), seen.pop()), dim=1)
        return torch.sigmoid(self.output_block(x))


def load_checkpoint(path: Path) -> nn.Module:
    """Return the generator with the weights of a checkpoint: a state dictionary, or TorchScript.

    Raises ``SetupError`` when the file is damaged or of another model.
    """
    network = Generator()
    fill(network, read_checkpoint(path), path, "Wav2Lip")
    return network.eval()


def read_checkpoint(path: Path) -> Any:
    """Return what a file holds: tensors by name. Nothing in it is run.

    Raises ``SetupError`` when it is damaged.
    """
    try:
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
    if isinstance(kept, Mapping) and isinstance(kept.get("state_dict"), Mapping):
        kept = kept["state_dict"]
    wrong = SetupError(
        tr("{path} is not a checkpoint of {model}.").format(path=path, model=model),
        "digital-life models list",
    )
    if not isinstance(kept, Mapping):
        raise wrong
    tensors = {str(name).removeprefix("module."): tensor for name, tensor in kept.items()}
    try:
        network.load_state_dict(tensors)
    except (RuntimeError, TypeError, AttributeError) as error:
        raise wrong from error


def on_torch(path: Path, device: str, precision: str) -> Callable[[Floats, Floats], Floats]:
    """Return what runs a checkpoint's generator on ``device``, arrays in and out."""
    network = load_checkpoint(path).to(device)

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
