"""What of a dialogue is learned, and the file that comes of it."""

from collections.abc import Sequence
from pathlib import Path

import gguf
import numpy as np
import pytest

from models.talk import dialogues, gguf_adapter

OPEN, END = 1, 2


class Letters:
    """Writes a dialogue as Qwen's template does, a letter a token."""

    def apply_chat_template(
        self, conversation: Sequence[dict[str, str]], *, return_dict: bool
    ) -> list[int]:
        assert not return_dict
        ids: list[int] = []
        for one in conversation:
            text = self.encode(f"{one['role']}\n{one['content']}", add_special_tokens=False)
            ids += [OPEN, *text, END, ord("\n")]
        return ids

    def convert_tokens_to_ids(self, tokens: str) -> int:
        return {"<|im_start|>": OPEN, "<|im_end|>": END}[tokens]

    def encode(self, text: str, *, add_special_tokens: bool) -> list[int]:
        assert not add_special_tokens
        return [ord(letter) for letter in text]


def record(*said: str, train: Sequence[bool]) -> dict[str, object]:
    roles = ("user", "assistant")
    messages = [{"role": roles[n % 2], "content": text} for n, text in enumerate(said)]
    system = {"role": "system", "content": "Say assistant\nonce."}
    return {"messages": [system, *messages], "train": train}


@pytest.mark.parametrize(
    ("train", "learned", "last"),
    [
        ([True, True], ["Hello.", "assistant\n"], "assistant\n"),
        ([False, True], ["assistant\n"], "assistant\n"),
        ([True, False], ["Hello."], "Hello."),
    ],
)
def test_answers_are_learned_with_their_ends_and_nothing_of_the_template(
    train: list[bool], learned: list[str], last: str
) -> None:
    dialogue = record("Hi.", "Hello.", "Who are you?", "assistant\n", train=train)
    example = dialogues.example(dialogue, Letters())
    assert example is not None
    told = "".join(chr(example.ids[place]) for place in example.learned)
    assert told == "".join(answer + chr(END) for answer in learned)
    assert example.answer_tokens == len(told)
    assert "".join(map(chr, example.ids)).endswith(last + chr(END))


def test_what_teaches_nothing_or_takes_too_much_is_left_out() -> None:
    assert dialogues.example(record("Hi.", "Hello.", train=[False]), Letters()) is None
    long = record("Hi.", "h" * dialogues.MAX_TOKENS, train=[True])
    assert dialogues.example(long, Letters()) is None


def test_an_adapter_has_the_names_shapes_and_numbers_that_llama_cpp_reads(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    shapes = {"self_attn.q": (64, 64), "self_attn.o": (64, 64), "mlp.down": (96, 64)}
    tensors = {}
    for part, (width, out) in shapes.items():
        name = f"layers.3.{part}_proj.lora_"
        tensors[f"{name}A"] = rng.normal(size=(4, width)).astype(np.float32)
        tensors[f"{name}B"] = rng.normal(size=(out, 4)).astype(np.float32)
    path = tmp_path / "adapter.gguf"
    gguf_adapter.write(path, tensors, 8.0, "Test", "0" * 64)
    file = gguf.GGUFReader(path)
    told = {key: field.contents() for key, field in file.fields.items()}
    assert told["general.type"] == "adapter" and told["general.architecture"] == "qwen2"
    assert (told["adapter.type"], told["adapter.lora.alpha"]) == ("lora", 8.0)
    assert told["adapter.base.sha256"] == "0" * 64
    found = {one.name: gguf.quants.dequantize(one.data, one.tensor_type) for one in file.tensors}
    names = {"self_attn.q": "attn_q", "self_attn.o": "attn_output", "mlp.down": "ffn_down"}
    for part, name in names.items():
        for letter in "AB":
            read = found.pop(f"blk.3.{name}.weight.lora_{letter.lower()}")
            real = tensors[f"layers.3.{part}_proj.lora_{letter}"]
            assert read.shape == real.shape
            assert np.abs(read - real).max() < 0.02
    assert not found


def test_a_parameter_that_llama_cpp_has_no_name_for_is_refused() -> None:
    with pytest.raises(ValueError, match="embed"):
        gguf_adapter.tensor_name("embed_tokens.lora_A")
