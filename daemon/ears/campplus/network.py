"""CAM++ (Wang et al., 2023, arXiv:2303.00332) as an ONNX network.

Its front looks at the bands as at a picture; then come three blocks of thin layers, each of which
sees what all before it in its block have found, and masks what it finds by the seconds around it.
Mean and deviation over time make one vector of all. The names are those of the weights, which are
3D-Speaker's.
"""

from collections.abc import Mapping

import numpy as np

from daemon.ears.campplus.features import BANDS
from daemon.onnx_writer import NetworkWriter
from daemon.torch_file import Tensor

SIZE = 192  # of the vector
_BLOCKS = ((12, 1), (24, 2), (16, 2))  # layers, and how far apart the moments are that they look at
_AROUND = 100  # frames of the network, 2 s, whose mean masks them
_EPSILON = 1e-5  # of the norms; for the deviations, it is PyTorch's that they have none


def network(weights: Mapping[str, Tensor]) -> bytes:
    """Return the network that takes ``bands`` float32 (1, 80, frames) and makes (1, 192).

    Raises ``ValueError`` where the weights are another network's.
    """
    try:
        return _CamPlus(weights).written()
    except KeyError as error:
        raise ValueError(f"{error.args[0]} is missing") from error


class _CamPlus:
    """The network while it is written; each method returns the name of what it makes."""

    def __init__(self, weights: Mapping[str, Tensor]) -> None:
        self._weights = weights
        self._net = NetworkWriter()

    def written(self) -> bytes:
        net = self._net
        bands = net.input("bands", [1, BANDS, "frames"])
        found = self._front(net.node("Unsqueeze", bands, self._integers(1)))
        found = self._conv(found, "xvector.tdnn.linear", stride=2, padding=2)
        found = self._active(found, "xvector.tdnn.nonlinear")
        for number, (layers, apart) in enumerate(_BLOCKS, 1):
            found = self._block(found, f"xvector.block{number}", layers, apart)
            found = self._active(found, f"xvector.transit{number}.nonlinear")
            found = self._conv(found, f"xvector.transit{number}.linear")
        found = self._active(found, "xvector.out_nonlinear")
        found = self._conv(self._statistics(found), "xvector.dense.linear")
        found = self._norm(found, "xvector.dense.nonlinear.batchnorm")
        return net.network(net.node("Squeeze", found, self._integers(2)), [1, SIZE])

    def _front(self, found: str) -> str:
        found = self._net.node("Relu", self._norm(self._flat(found, "head.conv1"), "head.bn1"))
        for layer in ("head.layer1", "head.layer2"):
            found = self._residual(found, f"{layer}.0", 2)
            found = self._residual(found, f"{layer}.1", 1)
        found = self._norm(self._flat(found, "head.conv2", 2), "head.bn2")
        found = self._net.node("Relu", found)
        channels = self._weights["xvector.tdnn.linear.weight"].shape[1]
        return self._net.node("Reshape", found, self._integers(1, channels, -1))

    def _residual(self, found: str, name: str, stride: int) -> str:
        inner = self._norm(self._flat(found, f"{name}.conv1", stride), f"{name}.bn1")
        inner = self._flat(self._net.node("Relu", inner), f"{name}.conv2")
        inner = self._norm(inner, f"{name}.bn2")
        if stride > 1:
            found = self._norm(
                self._flat(found, f"{name}.shortcut.0", stride), f"{name}.shortcut.1"
            )
        return self._net.node("Relu", self._net.node("Add", inner, found))

    def _flat(self, found: str, name: str, stride: int = 1) -> str:
        """Convolve bands and time; only the bands are thinned out."""
        kernel = self._weights[f"{name}.weight"]
        edge = kernel.shape[2] // 2
        constant = self._net.constant(kernel)
        return self._net.node("Conv", found, constant, strides=[stride, 1], pads=[edge] * 4)

    def _conv(
        self, found: str, name: str, stride: int = 1, padding: int = 0, apart: int = 1
    ) -> str:
        """Convolve time."""
        tensors = [self._weights[f"{name}.weight"]]
        if f"{name}.bias" in self._weights:
            tensors.append(self._weights[f"{name}.bias"])
        constants = map(self._net.constant, tensors)
        steps = {"strides": [stride], "pads": [padding] * 2, "dilations": [apart]}
        return self._net.node("Conv", found, *constants, **steps)

    def _norm(self, found: str, name: str) -> str:
        mean, deviation = (self._weights[f"{name}.running_{part}"] for part in ("mean", "var"))
        scale = self._weights.get(f"{name}.weight", np.ones_like(mean))
        shift = self._weights.get(f"{name}.bias", np.zeros_like(mean))
        constants = map(self._net.constant, (scale, shift, mean, deviation))
        return self._net.node("BatchNormalization", found, *constants, epsilon=_EPSILON)

    def _active(self, found: str, name: str) -> str:
        return self._net.node("Relu", self._norm(found, f"{name}.batchnorm"))

    def _block(self, found: str, name: str, layers: int, apart: int) -> str:
        for layer in range(1, layers + 1):
            here = f"{name}.tdnnd{layer}"
            inner = self._conv(self._active(found, f"{here}.nonlinear1"), f"{here}.linear1")
            inner = self._active(inner, f"{here}.nonlinear2")
            found = self._net.node(
                "Concat", found, self._masked(inner, f"{here}.cam_layer", apart), axis=1
            )
        return found

    def _masked(self, found: str, name: str, apart: int) -> str:
        """Look at each moment, masked by the whole and by its own two seconds."""
        net = self._net
        local = self._conv(found, f"{name}.linear_local", padding=apart, apart=apart)
        whole = net.node("ReduceMean", found, axes=[2], keepdims=1)
        around = net.node(
            "AveragePool", found, kernel_shape=[_AROUND], strides=[_AROUND], ceil_mode=1
        )
        context = self._conv(net.node("Add", whole, around), f"{name}.linear1")
        context = self._conv(net.node("Relu", context), f"{name}.linear2")
        mask = self._spread(net.node("Sigmoid", context), local)
        return net.node("Mul", local, mask)

    def _spread(self, mask: str, local: str) -> str:
        """Give every moment the mask of its two seconds, of which the last may be cut."""
        net = self._net
        columns = net.node("Unsqueeze", mask, self._integers(3))
        channels = self._weights["xvector.block1.tdnnd1.cam_layer.linear2.weight"].shape[0]
        copies = net.node("Expand", columns, self._integers(1, channels, 1, _AROUND))
        long = net.node("Reshape", copies, self._integers(1, channels, -1))
        length = net.node("Gather", net.node("Shape", local), self._integers(2))
        return net.node("Slice", long, self._integers(0), length, self._integers(2))

    def _statistics(self, found: str) -> str:
        """Return mean and deviation over time, one after the other: (1, channels, 1)."""
        net = self._net
        mean = net.node("ReduceMean", found, axes=[2], keepdims=1)
        apart = net.node("Sub", found, mean)
        squares = net.node("ReduceSum", net.node("Mul", apart, apart), self._integers(2))
        length = net.node("Gather", net.node("Shape", found), self._integers(2))
        others = net.node("Sub", length, self._integers(1))
        variance = net.node("Div", squares, net.node("CastLike", others, squares))
        return net.node("Concat", mean, net.node("Sqrt", variance), axis=1)

    def _integers(self, *values: int) -> str:
        return self._net.constant(np.array(values, np.int64))
