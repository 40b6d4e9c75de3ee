"""GGUF files of tiny random models, and of adapters for them."""

from pathlib import Path

import gguf
import numpy as np
from gguf import TokenType

HIDDEN, FEED_FORWARD, LAYERS, HEADS, KV_HEADS = 64, 96, 2, 4, 2
TEMPLATE = (
    "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
SPECIAL = ("<|system|>", "<|user|>", "<|assistant|>", "<|end|>")


def alphabet() -> list[str]:
    """Return the characters by which GPT-2 writes the bytes 0 to 255."""
    printable = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    others = iter(range(0x100, 0x200))
    return [chr(byte) if byte in printable else chr(next(others)) for byte in range(256)]


def tiny_model(path: Path, architecture: str = "qwen2", seed: int = 0, **fields: str) -> Path:
    """Write a model of random weights that knows bytes, a few pairs, and the roles of a chat."""
    random = np.random.default_rng(seed)
    file = gguf.GGUFWriter(path, architecture)
    file.add_context_length(256)
    file.add_embedding_length(HIDDEN)
    file.add_feed_forward_length(FEED_FORWARD)
    file.add_block_count(LAYERS)
    file.add_head_count(HEADS)
    file.add_head_count_kv(KV_HEADS)
    file.add_layer_norm_rms_eps(1e-6)
    file.add_rope_freq_base(10000.0)
    for key, value in fields.items():
        file.add_string(key.replace("__", "."), value)
    size = _add_tokenizer(file)
    matrices = {
        "attn_q": (HIDDEN, HIDDEN),
        "attn_k": (HIDDEN // HEADS * KV_HEADS, HIDDEN),
        "attn_v": (HIDDEN // HEADS * KV_HEADS, HIDDEN),
        "attn_output": (HIDDEN, HIDDEN),
        "ffn_gate": (FEED_FORWARD, HIDDEN),
        "ffn_up": (FEED_FORWARD, HIDDEN),
        "ffn_down": (HIDDEN, FEED_FORWARD),
    }
    words = _matrix(random, size, HIDDEN)
    words[-1] = 0  # so the end is never the likeliest
    file.add_tensor("token_embd.weight", words)
    file.add_tensor("output_norm.weight", np.ones(HIDDEN, np.float32))
    for layer in range(LAYERS):
        for norm in ("attn_norm", "ffn_norm"):
            gain = 1 + 0.1 * _random(random, HIDDEN)
            file.add_tensor(f"blk.{layer}.{norm}.weight", gain.astype(np.float32))
        for name, shape in matrices.items():
            file.add_tensor(f"blk.{layer}.{name}.weight", _matrix(random, *shape))
        if architecture == "qwen3":
            for name in ("attn_q_norm", "attn_k_norm"):
                gain = 1 + 0.1 * _random(random, HIDDEN // HEADS)
                file.add_tensor(f"blk.{layer}.{name}.weight", gain.astype(np.float32))
        if architecture == "qwen2":
            for name in ("attn_q", "attn_k", "attn_v"):
                bias = _random(random, matrices[name][0]) / 8
                file.add_tensor(f"blk.{layer}.{name}.bias", bias)
    _finish(file)
    return path


def tiny_adapter(path: Path, hidden: int = HIDDEN, architecture: str = "qwen2") -> Path:
    """Write a LoRA of rank 4 for the first layer's queries."""
    random = np.random.default_rng(1)
    file = gguf.GGUFWriter(path, architecture)
    file.add_type("adapter")
    file.add_string("adapter.type", "lora")
    file.add_float32("adapter.lora.alpha", 8.0)
    file.add_tensor("blk.0.attn_q.weight.lora_a", _random(random, 4, hidden))
    file.add_tensor("blk.0.attn_q.weight.lora_b", _random(random, hidden, 4))
    _finish(file)
    return path


def _add_tokenizer(file: gguf.GGUFWriter) -> int:
    letters = alphabet()
    pairs = [("t", "h"), ("th", "e"), ("Ġ", "the")]
    tokens = [*letters, *map("".join, pairs), *SPECIAL]
    file.add_tokenizer_model("gpt2")
    file.add_tokenizer_pre("qwen2")
    file.add_token_list(tokens)
    kinds = [TokenType.NORMAL] * (256 + len(pairs)) + [TokenType.CONTROL] * len(SPECIAL)
    file.add_token_types(kinds)
    file.add_token_merges([" ".join(pair) for pair in pairs])
    file.add_eos_token_id(len(tokens) - 1)
    file.add_add_bos_token(False)
    file.add_chat_template(TEMPLATE)
    return len(tokens)


def _matrix(random: np.random.Generator, *shape: int) -> np.ndarray:
    """Return weights of which 8 bits and one scale a row lose nothing, of deviation 1/8."""
    steps = np.clip(np.rint(32 * _random(random, *shape)), -127, 127)
    steps[:, 0] = 127
    return np.asarray(steps / 256, np.float32)


def _random(random: np.random.Generator, *shape: int) -> np.ndarray:
    return random.standard_normal(shape).astype(np.float32)


def _finish(file: gguf.GGUFWriter) -> None:
    file.write_header_to_file()
    file.write_kv_data_to_file()
    file.write_tensors_to_file()
    file.close()
