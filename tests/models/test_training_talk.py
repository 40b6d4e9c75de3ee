"""The learner of the small brain, on a network of a few thousand weights."""

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from daemon.brain.chatglm.libraries import prepare
from daemon.training.examples import Example
from models.talk.learner import add_lora, packed_loss
from models.talk.packing import pack

prepare()
from transformers import Qwen2Config, Qwen2ForCausalLM

# Two have the system prompt 5 6 7 in common, two of those a question; the last shares nothing.
ALIKE = [
    Example((5, 6, 7, 1, 2, 3, 4), 5),
    Example((5, 6, 7, 1, 2, 9, 8, 7), 6, (range(4, 5),)),
    Example((5, 6, 7, 30, 31), 4),
    Example((40, 41, 42), 1),
]


def tiny() -> "Qwen2ForCausalLM":
    torch.manual_seed(1)
    config = Qwen2Config(
        vocab_size=50,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=3,
        num_attention_heads=4,
        num_key_value_heads=2,
    )
    return Qwen2ForCausalLM(config).requires_grad_(False).eval()


def test_a_common_beginning_is_read_once() -> None:
    row = pack(ALIKE)
    assert row.ids.shape[1] == 7 + 4 + 2 + 3
    assert row.expected == [3, 4, 2, 8, 7, 31, 41, 42]


def test_in_a_row_each_dialogue_is_read_as_it_would_be_alone() -> None:
    model = tiny()
    together = packed_loss(model.model, model.lm_head, ALIKE)
    alone = []
    for example in ALIKE:
        logits = model(input_ids=torch.tensor([example.ids])).logits[0].log_softmax(-1)
        alone += [-float(logits[place - 1, example.ids[place]]) for place in example.learned]
    assert float(together) == pytest.approx(sum(alone), rel=1e-4)


def test_what_is_learned_begins_as_nothing_and_reaches_the_upper_layers_only() -> None:
    model = tiny()
    before = float(packed_loss(model.model, model.lm_head, ALIKE))
    add_lora(model.model.layers[1:])
    loss = packed_loss(model.model, model.lm_head, ALIKE).detach()
    assert float(loss) == pytest.approx(before, rel=1e-5)
    learned = {
        name: weight for name, weight in model.model.named_parameters() if weight.requires_grad
    }
    assert len(learned) == 2 * 7 * 2
    assert all(name.startswith(("layers.1.", "layers.2.")) for name in learned)
    optimizer = torch.optim.AdamW(learned.values(), lr=0.02)
    for _ in range(30):
        optimizer.zero_grad()
        packed_loss(model.model, model.lm_head, ALIKE).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    assert float(packed_loss(model.model, model.lm_head, ALIKE).detach()) < 0.9 * before
