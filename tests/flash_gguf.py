"""A tiny GGUF with the architecture of GLM-4.7-Flash: latent attention and experts, random weights.

transformers' class and llama.cpp's converter part the tensors differently; so they are written here
under llama.cpp's names, with the metadata that its converter writes for ``Glm4MoeLiteForCausalLM``.
"""

from pathlib import Path

import gguf
import numpy as np
from gguf import TokenType

LAYERS, WIDTH, HEADS, VOCABULARY = 3, 64, 4, 300
QUERY_RANK, LATENT, ROTARY, PLAIN, VALUE = 32, 32, 16, 16, 16
EXPERTS, WORKING, EXPERT_WIDTH, DENSE_WIDTH = 8, 2, 32, 96
ROLES = ["<|endoftext|>", "[gMASK]", "<sop>", "<|system|>", "<|user|>", "<|assistant|>"]
NAMES = [*ROLES, "<think>", "</think>"]
TEMPLATE = (  # ends as the authors' own does: a thought that is closed before it has begun
    "[gMASK]<sop>{% for m in messages %}<|{{ m.role }}|>{{ m.content }}{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>"
    "{{ '</think>' if (enable_thinking is defined and not enable_thinking) else '<think>' }}"
    "{% endif %}"
)


def write(path: Path) -> Path:
    """Write ``path``."""
    file = gguf.GGUFWriter(path, "deepseek2")
    _add_shape(file)
    _add_tokens(file)
    rng = np.random.default_rng(0)
    for name, shape in _tensors():
        weight = (rng.standard_normal(shape) * 0.2).astype(np.float32)
        if name == "output.weight":
            weight[256:] = 0  # else it sometimes ends before its first word
        file.add_tensor(name, weight)
    file.write_header_to_file()
    file.write_kv_data_to_file()
    file.write_tensors_to_file()
    file.close()
    return path


def _add_shape(file: gguf.GGUFWriter) -> None:
    file.add_context_length(4096)
    file.add_embedding_length(WIDTH)
    file.add_block_count(LAYERS)
    file.add_feed_forward_length(DENSE_WIDTH)
    file.add_head_count(HEADS)
    file.add_head_count_kv(1)  # what is kept of a token is one latent for all heads
    file.add_layer_norm_rms_eps(1e-5)
    file.add_rope_freq_base(1e6)
    file.add_rope_dimension_count(ROTARY)
    file.add_q_lora_rank(QUERY_RANK)
    file.add_kv_lora_rank(LATENT)
    file.add_key_length(LATENT + ROTARY)
    file.add_value_length(LATENT)
    file.add_key_length_mla(PLAIN + ROTARY)
    file.add_value_length_mla(VALUE)
    file.add_leading_dense_block_count(1)
    file.add_expert_count(EXPERTS)
    file.add_expert_used_count(WORKING)
    file.add_expert_shared_count(1)
    file.add_expert_feed_forward_length(EXPERT_WIDTH)
    file.add_expert_weights_scale(1.8)
    file.add_expert_weights_norm(True)
    file.add_expert_gating_func(gguf.ExpertGatingFuncType.SIGMOID)
    file.add_expert_group_count(1)
    file.add_expert_group_used_count(1)
    file.add_vocab_size(VOCABULARY)


def _add_tokens(file: gguf.GGUFWriter) -> None:
    """Tell a vocabulary of bytes, in GPT-2's letters for them, and of the marks."""
    shown = [*range(33, 127), *range(161, 173), *range(174, 256)]
    hidden = [byte for byte in range(256) if byte not in shown]
    letters = [chr(byte) for byte in shown] + [chr(256 + n) for n in range(len(hidden))]
    unused = [f"[PAD{number}]" for number in range(VOCABULARY - 256 - len(NAMES))]
    file.add_tokenizer_model("gpt2")
    file.add_tokenizer_pre("glm4")
    file.add_token_list([*letters, *NAMES, *unused])
    kinds = [(TokenType.NORMAL, 256), (TokenType.CONTROL, len(NAMES))]
    kinds.append((TokenType.UNUSED, len(unused)))
    file.add_token_types([kind for kind, count in kinds for _ in range(count)])
    file.add_token_merges(["a b"])
    file.add_eos_token_id(256)
    file.add_eot_token_id(256 + NAMES.index("<|user|>"))
    file.add_add_bos_token(False)
    file.add_chat_template(TEMPLATE)


def _tensors() -> list[tuple[str, tuple[int, ...]]]:
    found: list[tuple[str, tuple[int, ...]]] = [
        ("token_embd.weight", (VOCABULARY, WIDTH)),
        ("output_norm.weight", (WIDTH,)),
        ("output.weight", (VOCABULARY, WIDTH)),
    ]
    attention = {
        "attn_norm.weight": (WIDTH,),
        "attn_q_a.weight": (QUERY_RANK, WIDTH),
        "attn_q_a_norm.weight": (QUERY_RANK,),
        "attn_q_b.weight": (HEADS * (PLAIN + ROTARY), QUERY_RANK),
        "attn_kv_a_mqa.weight": (LATENT + ROTARY, WIDTH),
        "attn_kv_a_norm.weight": (LATENT,),
        "attn_k_b.weight": (HEADS, LATENT, PLAIN),
        "attn_v_b.weight": (HEADS, VALUE, LATENT),
        "attn_output.weight": (WIDTH, HEADS * VALUE),
        "ffn_norm.weight": (WIDTH,),
    }
    dense = {
        "ffn_gate.weight": (DENSE_WIDTH, WIDTH),
        "ffn_up.weight": (DENSE_WIDTH, WIDTH),
        "ffn_down.weight": (WIDTH, DENSE_WIDTH),
    }
    experts = {
        "ffn_gate_inp.weight": (EXPERTS, WIDTH),
        "exp_probs_b.bias": (EXPERTS,),
        "ffn_gate_exps.weight": (EXPERTS, EXPERT_WIDTH, WIDTH),
        "ffn_up_exps.weight": (EXPERTS, EXPERT_WIDTH, WIDTH),
        "ffn_down_exps.weight": (EXPERTS, WIDTH, EXPERT_WIDTH),
        "ffn_gate_shexp.weight": (EXPERT_WIDTH, WIDTH),
        "ffn_up_shexp.weight": (EXPERT_WIDTH, WIDTH),
        "ffn_down_shexp.weight": (WIDTH, EXPERT_WIDTH),
    }
    for layer in range(LAYERS):
        parts = attention | (dense if layer == 0 else experts)
        found += [(f"blk.{layer}.{name}", shape) for name, shape in parts.items()]
    return found
