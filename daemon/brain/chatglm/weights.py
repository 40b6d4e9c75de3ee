"""From a checkpoint to a network in memory."""

from collections.abc import Iterable, Iterator
from dataclasses import fields
from pathlib import Path
from typing import TypeVar

import torch
from torch import Tensor

from daemon.brain.chatglm.chatglm1 import ChatGLM1Config, ChatGLM1Network
from daemon.brain.chatglm.chatglm2_3 import ChatGLM2Config, ChatGLM2Network
from daemon.brain.chatglm.checkpoint import PREFIX, Checkpoint, Generation, shards, tensors
from daemon.brain.chatglm.network import Network
from daemon.brain.chatglm.prefix import PrefixEncoder
from daemon.brain.chatglm.quantise import Bits, quantise
from daemon.errors import SetupError
from daemon.i18n import tr
from daemon.media import JsonObject

C = TypeVar("C", ChatGLM1Config, ChatGLM2Config)


def load_network(
    checkpoint: Checkpoint, dtype: torch.dtype, device: torch.device, bits: Bits | None = None
) -> tuple[Network, PrefixEncoder | None]:
    """Load a checkpoint of the first three generations, and the prefix if it holds one, too.

    With ``bits`` every layer is quantised as soon as it is complete. Memory peaks at the network's
    own size and ``checkpoint.PORTION``. Raises ``SetupError`` for whatever is missing, damaged or
    of another size than ``config.json`` says.
    """
    with torch.device("meta"):
        network = _network(checkpoint)
    network.requires_grad_(False).eval()
    missing = set(network.state_dict())
    in_order = set(network.layers())
    layers = {name: layer for name, layer in network.named_modules() if layer in in_order}
    prefix: dict[str, Tensor] = {}
    for name, tensor in _all_tensors(shards(checkpoint.directory)):
        if name.startswith(PREFIX):
            prefix[name.removeprefix(PREFIX)] = tensor.float()
        elif name in missing:
            _put(network, name, tensor, dtype, device, checkpoint)
            missing.discard(name)
            if bits and (whole := _complete(name, layers, missing)):
                quantise([layers.pop(whole)], bits)
        del tensor  # before the next is mapped
    if missing:
        raise SetupError(
            tr("The checkpoint {path} is incomplete: {files} missing.").format(
                path=checkpoint.directory, files=_some(sorted(missing))
            ),
            tr("download the missing files"),
        )
    if not prefix:
        return network, None
    return network, PrefixEncoder.of(prefix, network.shape, checkpoint.directory)


def load_prefix(directory: Path, network: Network) -> PrefixEncoder:
    """Load the prefix of a P-tuning checkpoint; ``SetupError`` when it holds none that fits."""
    if not directory.is_dir():
        raise SetupError(tr("There is no folder {path}").format(path=directory))
    found = {
        name.removeprefix(PREFIX): tensor.float().clone()
        for name, tensor in _all_tensors(shards(directory))
        if name.startswith(PREFIX)
    }
    if not found:
        raise SetupError(
            tr("{path} holds no prefix: it was not trained with P-tuning.").format(path=directory)
        )
    return PrefixEncoder.of(found, network.shape, directory)


def _complete(name: str, layers: Iterable[str], missing: set[str]) -> str | None:
    """Return the layer that got its last parameter with ``name``."""
    for layer in layers:
        if name.startswith(layer + "."):
            return None if any(other.startswith(layer + ".") for other in missing) else layer
    return None


def _all_tensors(paths: Iterable[Path]) -> Iterator[tuple[str, Tensor]]:
    for path in paths:
        yield from tensors(path)


def _network(checkpoint: Checkpoint) -> Network:
    config = dict(checkpoint.config)
    if checkpoint.generation is Generation.FIRST:
        if not config.get("position_encoding_2d", True):
            raise _unknown(checkpoint, "position_encoding_2d")
        return ChatGLM1Network(_read(ChatGLM1Config, config, checkpoint))
    for name, only in _ONLY.items():
        if config.get(name, only) != only:
            raise _unknown(checkpoint, name)
    ratio = float(config.get("rope_ratio", 1))
    if checkpoint.generation is Generation.SECOND:
        config["rope_stretch"] = ratio
    else:
        config["rope_base"] = 10_000.0 * ratio
    return ChatGLM2Network(_read(ChatGLM2Config, config, checkpoint))


_ONLY = {
    "rmsnorm": True,
    "post_layer_norm": True,
    "multi_query_attention": True,
    "add_qkv_bias": True,
    "add_bias_linear": False,
    "apply_residual_connection_post_layernorm": False,
    "fp32_residual_connection": False,
    "tie_word_embeddings": False,
}
"""Switches that the official checkpoints all set alike; no other setting was ever published."""


def _read(kind: type[C], config: JsonObject, checkpoint: Checkpoint) -> C:
    told = {field.name: config[field.name] for field in fields(kind) if field.name in config}
    for name, value in told.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
            raise _unknown(checkpoint, name)
    try:
        return kind(**told)
    except TypeError as error:
        raise _unknown(checkpoint, str(error)) from error


def _unknown(checkpoint: Checkpoint, name: str) -> SetupError:
    return SetupError(
        tr("{path}/config.json says nothing usable of: {name}.").format(
            path=checkpoint.directory, name=name
        )
    )


def _put(
    network: Network,
    name: str,
    tensor: Tensor,
    dtype: torch.dtype,
    device: torch.device,
    checkpoint: Checkpoint,
) -> None:
    """Give a parameter its value, in memory of its own."""
    owner = network.get_submodule(name.rpartition(".")[0])
    last = name.rpartition(".")[2]
    expected = getattr(owner, last)
    if tensor.shape != expected.shape or not tensor.is_floating_point():
        raise SetupError(
            tr("The checkpoint {path} does not fit its config.json: {name}.").format(
                path=checkpoint.directory, name=name
            )
        )
    value = torch.empty(expected.shape, dtype=dtype, device=device)
    value.copy_(tensor)
    setattr(owner, last, torch.nn.Parameter(value, requires_grad=False))


def _some(names: list[str]) -> str:
    more = len(names) - 3
    return ", ".join(names[:3]) + (f" … (+{more})" if more > 0 else "")
