"""GGUF files of tiny ChatGLM and GLM checkpoints, as llama.cpp's converter lays them out.

The converter itself is no package, and runs the Python that ChatGLM3's checkpoint brings along.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gguf
from gguf import TokenType

CHATGLM3_ROLES = ["<|system|>", "<|user|>", "<|assistant|>", "<|observation|>"]
CHATGLM3_NAMES = ["[MASK]", "[gMASK]", "[sMASK]", "sop", "eop", *CHATGLM3_ROLES]
# The tiny vocabulary has no line break, which stands behind each role in the official template.
CHATGLM3_TEMPLATE = (
    "[gMASK]sop{% for m in messages %}<|{{ m.role }}|>{{ m.content }}{% endfor %}<|assistant|>"
)


def chatglm3(checkpoint: Path, path: Path) -> Path:
    """Write ``path`` from a checkpoint of ChatGLM3 with the authors' names."""
    import torch

    config = json.loads((checkpoint / "config.json").read_text(encoding="utf-8"))
    file = gguf.GGUFWriter(path, "chatglm")
    sizes = ("seq_length", "ffn_hidden_size", "num_layers", "multi_query_group_num")
    _add_shape(file, config, *sizes, epsilon="layernorm_epsilon", head="kv_channels")
    _add_sentencepiece(file, checkpoint / "tokenizer.model", config["padded_vocab_size"])
    weights = torch.load(checkpoint / "pytorch_model.bin", weights_only=True)
    weights = {name.removeprefix("transformer."): weight for name, weight in weights.items()}
    del weights["rotary_pos_emb.inv_freq"]
    _finish(file, gguf.MODEL_ARCH.CHATGLM, weights, config["num_layers"])
    return path


def glm(checkpoint: Path, path: Path, kind: str) -> Path:
    """Write ``path`` from a checkpoint of transformers' class ``kind``, ``Glm`` or ``Glm4``."""
    from safetensors.torch import load_file

    arch = {"Glm": gguf.MODEL_ARCH.CHATGLM, "Glm4": gguf.MODEL_ARCH.GLM4}[kind]
    config = json.loads((checkpoint / "config.json").read_text(encoding="utf-8"))
    file = gguf.GGUFWriter(path, gguf.MODEL_ARCH_NAMES[arch])
    sizes = ("max_position_embeddings", "intermediate_size", "num_hidden_layers")
    _add_shape(file, config, *sizes, "num_key_value_heads", epsilon="rms_norm_eps", head="head_dim")
    _add_bpe(file, checkpoint, config["vocab_size"])
    weights = load_file(checkpoint / "model.safetensors")
    _finish(file, arch, weights, config["num_hidden_layers"])
    return path


def _add_shape(
    file: gguf.GGUFWriter,
    config: Mapping[str, Any],
    context: str,
    feed_forward: str,
    layers: str,
    groups: str,
    *,
    epsilon: str,
    head: str,
) -> None:
    """Tell the sizes; the generations call them differently."""
    file.add_context_length(config[context])
    file.add_embedding_length(config["hidden_size"])
    file.add_feed_forward_length(config[feed_forward])
    file.add_block_count(config[layers])
    file.add_head_count(config["num_attention_heads"])
    file.add_head_count_kv(config[groups])
    file.add_layer_norm_rms_eps(config[epsilon])
    file.add_rope_dimension_count(config[head] // 2)
    file.add_rope_freq_base(10000)


def _add_sentencepiece(file: gguf.GGUFWriter, model: Path, size: int) -> None:
    from sentencepiece import SentencePieceProcessor

    pieces = SentencePieceProcessor(str(model))
    count = pieces.vocab_size()
    names = [pieces.id_to_piece(id) for id in range(count)] + CHATGLM3_NAMES
    kinds = [TokenType.NORMAL] * count + [TokenType.CONTROL] * len(CHATGLM3_NAMES)
    for id in range(count):
        if pieces.is_unknown(id):
            kinds[id] = TokenType.UNKNOWN
        elif pieces.is_control(id):
            kinds[id] = TokenType.CONTROL
        elif pieces.is_byte(id):
            kinds[id] = TokenType.BYTE
    file.add_tokenizer_model("llama")
    file.add_tokenizer_pre("chatglm-spm")
    _add_tokens(file, dict(enumerate(names)), dict(enumerate(kinds)), size)
    file.add_token_scores([pieces.get_score(id) if id < count else 0.0 for id in range(size)])
    file.add_eos_token_id(names.index("</s>"))
    file.add_eot_token_id(names.index("<|user|>"))
    file.add_chat_template(CHATGLM3_TEMPLATE)


def _add_bpe(file: gguf.GGUFWriter, checkpoint: Path, size: int) -> None:
    told = json.loads((checkpoint / "tokenizer.json").read_text(encoding="utf-8"))
    special = {token["content"]: token["id"] for token in told["added_tokens"]}
    vocabulary = told["model"]["vocab"]
    names = {id: name for name, id in (vocabulary | special).items()}
    kinds = dict.fromkeys(names, TokenType.NORMAL)
    kinds |= dict.fromkeys(special.values(), TokenType.CONTROL)
    file.add_tokenizer_model("gpt2")
    file.add_tokenizer_pre("glm4")
    _add_tokens(file, names, kinds, size)
    file.add_token_merges([" ".join(pair) for pair in told["model"]["merges"]])
    file.add_eos_token_id(special["<|endoftext|>"])
    file.add_eot_token_id(special["<|user|>"])
    file.add_chat_template((checkpoint / "chat_template.jinja").read_text(encoding="utf-8"))


def _add_tokens(
    file: gguf.GGUFWriter, names: dict[int, str], kinds: dict[int, TokenType], size: int
) -> None:
    """Tell the tokens; what fills the table up behind them has no meaning."""
    file.add_token_list([names.get(id, f"[PAD{id}]") for id in range(size)])
    file.add_token_types([kinds.get(id, TokenType.UNUSED) for id in range(size)])
    file.add_add_bos_token(False)


def _finish(
    file: gguf.GGUFWriter, arch: gguf.MODEL_ARCH, weights: Mapping[str, Any], layers: int
) -> None:
    """Write all, with the tensors under llama.cpp's names."""
    names = gguf.get_tensor_name_map(arch, layers)
    for name, weight in weights.items():
        new = names.get_name(name, try_suffixes=(".weight", ".bias"))
        assert new is not None, name
        file.add_tensor(new, weight.float().numpy())
    file.write_header_to_file()
    file.write_kv_data_to_file()
    file.write_tensors_to_file()
    file.close()
