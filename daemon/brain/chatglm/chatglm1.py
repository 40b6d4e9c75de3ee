"""The network of the first generation, ChatGLM-6B (Zeng et al. 2022, "GLM-130B"; Du et al. 2022).

Unlike a usual decoder, it reads the whole question in both directions: all tokens before the start
token ``<sop>`` see each other. Positions have two dimensions, where the answer begins and how far
it has come, each turning one half of every head. Its residuals are the deepnorm kind (Wang et al.
2022): what was normalised goes on, scaled.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from daemon.brain.chatglm.network import Extend, Network, Past, Shape, attend, causal_mask

RESIDUAL_SCALE = (
    56**0.5
)  # √(2 · 28 layers); the authors' code takes 28 whatever the checkpoint says


@dataclass(frozen=True, slots=True)
class ChatGLM1Config:
    """What ``config.json`` says of it; the names are the checkpoint's own."""

    num_layers: int
    vocab_size: int
    hidden_size: int
    num_attention_heads: int
    max_sequence_length: int
    layernorm_epsilon: float
    inner_hidden_size: int
    bos_token_id: int
    eos_token_id: int
    gmask_token_id: int = 130001


def _turn(part: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Rotate; the two numbers of a pair lie half of ``part`` apart."""
    left, right = part.chunk(2, -1)
    return part * cos + torch.cat((-right, left), -1) * sin


class _Attention(nn.Module):
    def __init__(self, config: ChatGLM1Config) -> None:
        super().__init__()
        self.heads = config.num_attention_heads
        self.query_key_value = nn.Linear(config.hidden_size, 3 * config.hidden_size)
        self.dense = nn.Linear(config.hidden_size, config.hidden_size)

    def forward(
        self, hidden: Tensor, mask: Tensor | None, cos: Tensor, sin: Tensor, extend: Extend
    ) -> Tensor:
        batch, new, _ = hidden.shape
        mixed = self.query_key_value(hidden).view(batch, new, self.heads, -1).transpose(1, 2)
        query, key, value = mixed.chunk(3, -1)
        query, key = (self._rotate(part, cos, sin) for part in (query, key))
        key, value = extend(key, value)
        out: Tensor = self.dense(attend(query, key, value, mask))
        return out

    @staticmethod
    def _rotate(states: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        halves = zip(states.chunk(2, -1), cos.chunk(2, -1), sin.chunk(2, -1), strict=True)
        return torch.cat([_turn(*half) for half in halves], -1)


class _FeedForward(nn.Module):
    def __init__(self, config: ChatGLM1Config) -> None:
        super().__init__()
        self.dense_h_to_4h = nn.Linear(config.hidden_size, config.inner_hidden_size)
        self.dense_4h_to_h = nn.Linear(config.inner_hidden_size, config.hidden_size)

    def forward(self, hidden: Tensor) -> Tensor:
        out: Tensor = self.dense_4h_to_h(F.gelu(self.dense_h_to_4h(hidden), approximate="tanh"))
        return out


class _Layer(nn.Module):
    def __init__(self, config: ChatGLM1Config) -> None:
        super().__init__()
        epsilon = config.layernorm_epsilon
        self.input_layernorm = nn.LayerNorm(config.hidden_size, epsilon)
        self.attention = _Attention(config)
        self.post_attention_layernorm = nn.LayerNorm(config.hidden_size, epsilon)
        self.mlp = _FeedForward(config)

    def forward(
        self, hidden: Tensor, mask: Tensor | None, cos: Tensor, sin: Tensor, extend: Extend
    ) -> Tensor:
        normal = self.input_layernorm(hidden)
        hidden = normal * RESIDUAL_SCALE + self.attention(normal, mask, cos, sin, extend)
        normal = self.post_attention_layernorm(hidden)
        out: Tensor = normal * RESIDUAL_SCALE + self.mlp(normal)
        return out


class _Transformer(nn.Module):
    def __init__(self, config: ChatGLM1Config) -> None:
        super().__init__()
        self.word_embeddings = nn.Embedding(config.vocab_size, config.hidden_size)
        self.layers = nn.ModuleList(_Layer(config) for _ in range(config.num_layers))
        self.final_layernorm = nn.LayerNorm(config.hidden_size, config.layernorm_epsilon)


class ChatGLM1Network(Network):
    """ChatGLM-6B. Where there is no ``<sop>``, all is read as an answer to nothing."""

    def __init__(self, config: ChatGLM1Config) -> None:
        super().__init__()
        self.config = config
        self.transformer = _Transformer(config)
        self.lm_head = nn.Linear(config.hidden_size, config.vocab_size, bias=False)
        self.shape = Shape(
            layers=config.num_layers,
            groups=config.num_attention_heads,
            head=config.hidden_size // config.num_attention_heads,
            hidden=config.hidden_size,
            vocabulary=config.vocab_size,
            context=config.max_sequence_length,
        )
        self.prefix_width = config.hidden_size

    def layers(self) -> nn.ModuleList:
        """See ``Network``."""
        return self.transformer.layers

    @property
    def embed_weight(self) -> Tensor:
        """See ``Network``."""
        return self.transformer.word_embeddings.weight

    def embed(self, ids: Tensor) -> Tensor:
        """See ``Network``."""
        return F.embedding(ids, self.embed_weight)

    def finish(self, hidden: Tensor) -> Tensor:
        """See ``Network``."""
        out: Tensor = self.transformer.final_layernorm(hidden)
        return out

    def logits(self, hidden: Tensor) -> Tensor:
        """See ``Network``."""
        out: Tensor = self.lm_head(hidden)
        return out

    def rotation(self, ids: Tensor, begin: int) -> tuple[Tensor, Tensor]:
        """Turn the first half of a head by where, the second by how far (Du et al. 2022, 2.2)."""
        size = self.shape.head // 2
        steps = torch.arange(0, size, 2, device=ids.device, dtype=torch.float32) / size
        # The authors round the frequencies to half precision, and trained it so.
        frequencies = (1.0 / 10_000**steps).half().float()
        angles = self._positions(ids)[..., begin:, None] * frequencies  # (batch, 2, new, size / 2)
        angles = angles.repeat(1, 1, 1, 2).transpose(1, 2).flatten(2).unsqueeze(1)
        return angles.cos().to(self.dtype), angles.sin().to(self.dtype)

    def _positions(self, ids: Tensor) -> Tensor:
        """Return (batch, 2, n): the place of a token, or of its mask; and its place in the answer.

        A question's tokens count 0, 1, 2 … and 0; an answer's stay at the mask and count 1, 2, 3 …
        """
        start, mask = (
            self._first(ids, self.config.bos_token_id),
            self._first(ids, self.config.gmask_token_id),
        )
        order = torch.arange(ids.shape[1], device=ids.device).expand_as(ids)
        where = torch.where(order < start, order, mask)
        return torch.stack((where, (order - start + 1).clamp(min=0)), 1)

    @staticmethod
    def _first(ids: Tensor, token: int) -> Tensor:
        """Find the first ``token`` of each item: (batch, 1)."""
        return (ids == token).int().argmax(1, keepdim=True)

    def mask(self, ids: Tensor, past: Past | None) -> Tensor | None:
        """See ``Network``."""
        mask = causal_mask(ids.shape[1], past, ids.device)
        if mask is None:
            return None
        start = self._first(ids, self.config.bos_token_id)
        prefix = past.prefix if past else 0
        column = torch.arange(-prefix, ids.shape[1], device=ids.device)
        return mask | (column < start)[:, None, None]

    def reusable(self, ids: list[int], read: list[int], common: int) -> int:
        """Return 0 unless the whole question is the same: its tokens have all seen each other."""
        start = self.config.bos_token_id
        return common if start in ids[:common] else 0
