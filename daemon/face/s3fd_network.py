"""S3FD in PyTorch and its conversion; only needed for that."""

from pathlib import Path

import torch
from torch import Tensor, nn

from daemon.face.wav2lip_network import fill, read_checkpoint, write_engine

# VGG's blocks: how many convolutions of how many channels, a pooling after each block.
_VGG = ((2, 64), (2, 128), (3, 256), (3, 512), (3, 512))
_SCALES = ("conv3_3_norm", "conv4_3_norm", "conv5_3_norm", "fc7", "conv6_2", "conv7_2")
_CHANNELS = (256, 512, 512, 1024, 512, 256)


class _Norm(nn.Module):
    """Scales every pixel's channels to a length that was learned."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))

    def forward(self, x: Tensor) -> Tensor:
        length = x.pow(2).sum(dim=1, keepdim=True).sqrt() + 1e-10
        return x / length * self.weight.view(1, -1, 1, 1)


class S3FDNetwork(nn.Module):
    """The detector of Zhang et al., 2017 (arXiv:1708.05237), with its checkpoint's names."""

    def __init__(self) -> None:
        super().__init__()
        inputs = 3
        for block, (count, channels) in enumerate(_VGG, 1):
            for number in range(1, count + 1):
                self.add_module(f"conv{block}_{number}", nn.Conv2d(inputs, channels, 3, 1, 1))
                inputs = channels
        self.fc6 = nn.Conv2d(512, 1024, 3, 1, 3)
        self.fc7 = nn.Conv2d(1024, 1024, 1)
        self.conv6_1 = nn.Conv2d(1024, 256, 1)
        self.conv6_2 = nn.Conv2d(256, 512, 3, 2, 1)
        self.conv7_1 = nn.Conv2d(512, 128, 1)
        self.conv7_2 = nn.Conv2d(128, 256, 3, 2, 1)
        for name, channels in zip(_SCALES, _CHANNELS, strict=True):
            if name.endswith("norm"):
                self.add_module(name, _Norm(channels))
            guesses = 4 if name == _SCALES[0] else 2  # the finest scale has three backgrounds
            self.add_module(f"{name}_mbox_conf", nn.Conv2d(channels, guesses, 3, 1, 1))
            self.add_module(f"{name}_mbox_loc", nn.Conv2d(channels, 4, 3, 1, 1))

    def forward(self, x: Tensor) -> list[Tensor]:
        """Return classes (B, 2, h, w) and places (B, 4, h, w) of six scales, by turns."""
        seen = []
        for block, (count, _) in enumerate(_VGG, 1):
            for number in range(1, count + 1):
                x = torch.relu(self.get_submodule(f"conv{block}_{number}")(x))
            if block >= 3:
                seen.append(self.get_submodule(f"conv{block}_3_norm")(x))
            x = torch.max_pool2d(x, 2, 2)
        x = torch.relu(self.fc7(torch.relu(self.fc6(x))))
        seen.append(x)
        x = torch.relu(self.conv6_2(torch.relu(self.conv6_1(x))))
        seen.append(x)
        seen.append(torch.relu(self.conv7_2(torch.relu(self.conv7_1(x)))))
        outputs = []
        for name, features in zip(_SCALES, seen, strict=True):
            classes = self.get_submodule(f"{name}_mbox_conf")(features)
            if name == _SCALES[0]:
                background = classes[:, :3].amax(dim=1, keepdim=True)
                classes = torch.cat((background, classes[:, 3:]), dim=1)
            outputs += [classes, self.get_submodule(f"{name}_mbox_loc")(features)]
        return outputs


def convert(checkpoint: Path, to: Path) -> None:
    """Write the engine file of an official checkpoint; ``SetupError`` if it is none."""
    network = S3FDNetwork()
    fill(network, read_checkpoint(checkpoint), checkpoint, "S3FD")
    write_engine(network.eval(), ((1, 3, 0, 0),), to)
