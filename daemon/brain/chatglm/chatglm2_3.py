"""The network of the second and third generation, ChatGLM2-6B and ChatGLM3-6B.

A decoder with multi-query attention (Shazeer 2019), rotary positions on half of each head (Su et
al. 2021), RMS norms (Zhang and Sennrich 2019) and SwiGLU (Shazeer 2020).
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from daemon.brain.chatglm.network import Extend, Network, Past, Shape, attend, causal_mask


@dataclass(frozen=True, slots=True)
class ChatGLM2Config:
    """What ``config.json`` says of it; the names are the checkpoint's own."""

    num_layers: int
    padded_vocab_size: int
    hidden_size: int
    ffn_hidden_size: int
    kv_channels: int
    num_attention_heads: int
    seq_length: int
    layernorm_epsilon: float
    multi_query_group_num: int
    rope_base: float = 10_000.0
    """Longer contexts in the third generation: turned more slowly."""
    rope_stretch: float = 1.0
    """Longer contexts in the second generation: positions divided by this."""


class _Attention(nn.Module):
    def __init__(self, config: ChatGLM2Config) -> None:
        super().__init__()
        self.head = config.kv_channels
        self.heads, self.groups = config.num_attention_heads, config.multi_query_group_num
        size = self.head * self.heads
        self.query_key_value = nn.Linear(config.hidden_size, size + 2 * self.head * self.groups)
        self.dense = nn.Linear(size, config.hidden_size, bias=False)

    def forward(
        self, hidden: Tensor, mask: Tensor | None, cos: Tensor, sin: Tensor, extend: Extend
    ) -> Tensor:
        batch, new, _ = hidden.shape
        mixed = self.query_key_value(hidden).view(batch, new, -1, self.head).transpose(1, 2)
        query, key, value = mixed.split((self.heads, self.groups, self.groups), 1)
        key, value = extend(_turn(key, cos, sin), value)
        out: Tensor = self.dense(attend(_turn(query, cos, sin), key, value, mask))
        return out


def _turn(states: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Rotate the first half of each head; the two numbers of a pair lie beside each other."""
    turning, still = states.chunk(2, -1)
    even, odd = turning[..., 0::2], turning[..., 1::2]
    turned = torch.stack((even * cos - odd * sin, odd * cos + even * sin), -1).flatten(-2)
    return torch.cat((turned, still), -1)


class _FeedForward(nn.Module):
    def __init__(self, config: ChatGLM2Config) -> None:
        super().__init__()
        self.dense_h_to_4h = nn.Linear(config.hidden_size, 2 * config.ffn_hidden_size, bias=False)
        self.dense_4h_to_h = nn.Linear(config.ffn_hidden_size, config.hidden_size, bias=False)

    def forward(self, hidden: Tensor) -> Tensor:
        gate, up = self.dense_h_to_4h(hidden).chunk(2, -1)
        out: Tensor = self.dense_4h_to_h(F.silu(gate) * up)
        return out


class _Layer(nn.Module):
    def __init__(self, config: ChatGLM2Config) -> None:
        super().__init__()
        self.input_layernorm = nn.RMSNorm(config.hidden_size, config.layernorm_epsilon)
        self.self_attention = _Attention(config)
        self.post_attention_layernorm = nn.RMSNorm(config.hidden_size, config.layernorm_epsilon)
        self.mlp = _FeedForward(config)

    def forward(
        self, hidden: Tensor, mask: Tensor | None, cos: Tensor, sin: Tensor, extend: Extend
    ) -> Tensor:
        hidden = hidden + self.self_attention(self.input_layernorm(hidden), mask, cos, sin, extend)
        out: Tensor = hidden + self.mlp(self.post_attention_layernorm(hidden))
        return out


class _Embedding(nn.Module):
    def __init__(self, config: ChatGLM2Config) -> None:
        super().__init__()
        self.word_embeddings = nn.Embedding(config.padded_vocab_size, config.hidden_size)


class _Encoder(nn.Module):
    def __init__(self, config: ChatGLM2Config) -> None:
        super().__init__()
        self.layers = nn.ModuleList(_Layer(config) for _ in range(config.num_layers))
        self.final_layernorm = nn.RMSNorm(config.hidden_size, config.layernorm_epsilon)


class _Transformer(nn.Module):
    def __init__(self, config: ChatGLM2Config) -> None:
        super().__init__()
        self.embedding = _Embedding(config)
        self.encoder = _Encoder(config)
        self.output_layer = nn.Linear(config.hidden_size, config.padded_vocab_size, bias=False)


class ChatGLM2Network(Network):
    """ChatGLM2-6B or ChatGLM3-6B."""

    def __init__(self, config: ChatGLM2Config) -> None:
        super().__init__()
        self.config = config
        self.transformer = _Transformer(config)
        self.shape = Shape(
            layers=config.num_layers,
            groups=config.multi_query_group_num,
            head=config.kv_channels,
            hidden=config.hidden_size,
            vocabulary=config.padded_vocab_size,
            context=config.seq_length,
        )
        self.prefix_width = config.num_layers * 2 * config.kv_channels * self.shape.groups

    def layers(self) -> nn.ModuleList:
        """See ``Network``."""
        return self.transformer.encoder.layers

    @property
    def embed_weight(self) -> Tensor:
        """See ``Network``."""
        return self.transformer.embedding.word_embeddings.weight

    def embed(self, ids: Tensor) -> Tensor:
        """See ``Network``."""
        return F.embedding(ids, self.embed_weight)

    def finish(self, hidden: Tensor) -> Tensor:
        """See ``Network``."""
        out: Tensor = self.transformer.encoder.final_layernorm(hidden)
        return out

    def logits(self, hidden: Tensor) -> Tensor:
        """See ``Network``."""
        out: Tensor = self.transformer.output_layer(hidden)
        return out

    def rotation(self, ids: Tensor, begin: int) -> tuple[Tensor, Tensor]:
        """See ``Network``."""
        size = self.shape.head // 2
        steps = torch.arange(0, size, 2, device=ids.device, dtype=torch.float32) / size
        positions = torch.arange(begin, ids.shape[1], device=ids.device, dtype=torch.float32)
        angles = torch.outer(positions / self.config.rope_stretch, self.config.rope_base**-steps)
        return angles.cos().to(self.dtype)[None, None], angles.sin().to(self.dtype)[None, None]

    def mask(self, ids: Tensor, past: Past | None) -> Tensor | None:
        """See ``Network``."""
        return causal_mask(ids.shape[1], past, ids.device)

    def reusable(self, ids: list[int], read: list[int], common: int) -> int:
        """See ``Network``."""
        return common
