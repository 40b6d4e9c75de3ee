"""LoRA and full tuning of transformers' GLM classes, on a tiny random one."""

import importlib.util
from collections.abc import Iterator
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="the training extra is not installed")
if importlib.util.find_spec("peft") is None:
    pytest.skip("the training extra is not installed", allow_module_level=True)

from daemon.brain.chatglm import ChatGLM
from daemon.brain.chatglm.checkpoint import read_checkpoint
from daemon.brain.chatglm.libraries import prepare
from daemon.errors import SetupError
from daemon.media import Message
from daemon.training import glm
from daemon.training.chats import Exchange
from daemon.training.checkpoints import TrainingPlan
from daemon.training.examples import Example, Limits, encode
from daemon.training.trainer import Trainer
from daemon.worker import CancelToken

ANSWER = "今天天气很好"
CHATS = [Exchange("你好", ANSWER), Exchange("早", ANSWER, (("你好", ANSWER),))]
MARKS = ["<|endoftext|>", "[gMASK]", "<sop>", "<|system|>", "<|user|>", "<|assistant|>", "<unk>"]
TEMPLATE = (
    "[gMASK]<sop>{% for m in messages %}<|{{ m.role }}|>\n{{ m.content }}{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)  # that of GLM-4, for text


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """These models are so small that threads only wait for each other."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A GLM of random weights, in the layout of GLM-4-9B-chat-hf; each letter is a token."""
    prepare()
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import GlmConfig, GlmForCausalLM, PreTrainedTokenizerFast

    directory = tmp_path_factory.mktemp("glm-tiny")
    letters = [*dict.fromkeys("你好早今天气很?\n abcdefghijklmnopqrstuvwxyz")]
    known = {name: number for number, name in enumerate(MARKS + letters)}
    own = Tokenizer(models.WordLevel(known, unk_token="<unk>"))
    own.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    own.decoder = decoders.Fuse()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=own,
        unk_token="<unk>",
        eos_token="<|endoftext|>",
        pad_token="<|endoftext|>",
        additional_special_tokens=MARKS[1:6],
    )
    tokenizer.chat_template = TEMPLATE
    tokenizer.save_pretrained(directory)
    torch.manual_seed(0)
    config = GlmConfig(
        vocab_size=len(known),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=8,
        max_position_embeddings=256,
        pad_token_id=0,
        eos_token_id=[0, 4],
        bos_token_id=None,
        initializer_range=0.3,  # attention alone has to say something here
    )
    GlmForCausalLM(config).save_pretrained(directory)
    return directory


def learner(
    base: Path, rank: int | None = 8, checkpointing: bool = False, dtype: str = "float32"
) -> glm.GlmLearner:
    return glm.load_learner(
        read_checkpoint(base),
        rank=rank,
        precision=getattr(torch, dtype),
        device=torch.device("cpu"),
        checkpointing=checkpointing,
    )


def examples(model: glm.GlmLearner) -> list[Example]:
    return [encode(exchange, model.tokens, Limits(64, 32)) for exchange in CHATS]


def plan(steps: int, rate: float = 0.03) -> TrainingPlan:
    return TrainingPlan(steps, batch=2, accumulate=1, learning_rate=rate)


def train(model: glm.GlmLearner, how: TrainingPlan, directory: Path) -> Trainer:
    made = examples(model)
    trainer = Trainer(model, how, made, made[:1], directory)
    trainer.run(lambda progress: None, CancelToken())
    trainer.finish()
    return trainer


def greedy(model: ChatGLM) -> str:
    ids = model.encode_chat([Message("user", "你好")])
    return model.decode(list(model.generate(ids, 12))).strip()


def test_examples_end_as_answers_do(base: Path) -> None:
    model = learner(base)
    example = examples(model)[1]
    tokenizer = model.tokens._tokenizer
    assert tokenizer.own.decode(example.ids) == (
        f"[gMASK]<sop><|user|>\n你好<|assistant|>\n{ANSWER}<|user|>\n早<|assistant|>\n{ANSWER}<|user|>"
    )
    assert example.ids[example.start - 1] == tokenizer.special("<|assistant|>")


def test_an_adapter_learns_and_the_brain_loads_it(base: Path, tmp_path: Path) -> None:
    model = learner(base)
    untouched = {name: value.clone() for name, value in model._base.named_parameters()}
    before = greedy(ChatGLM.load(base))
    trainer = train(model, plan(40), tmp_path)
    losses = trainer.progress.losses
    assert losses[-1] < 0.8 * losses[0]
    assert trainer.progress.first is not None and trainer.progress.best is not None
    assert trainer.progress.best < trainer.progress.first
    for name, value in model._base.named_parameters():
        assert "lora" in name or torch.equal(value, untouched[name])
    names = {path.name for path in (tmp_path / "adapter").iterdir()}
    assert names == {"adapter_model.safetensors", "adapter_config.json"}
    answer = model.answer(examples(model)[0].prompt, 12, CancelToken())
    assert greedy(ChatGLM.load(base, adapter=tmp_path / "adapter")) == answer != before


def test_computing_layers_twice_and_filling_change_nothing(base: Path) -> None:
    model, again = learner(base), learner(base, checkpointing=True)
    made = examples(model)
    gradients = []
    for one in (model, again):
        one.set_training(True)
        for module in one._base.modules():
            if isinstance(module, torch.nn.Dropout):
                module.p = 0.0
        loss = one.loss(made)
        loss.backward()  # type: ignore[no-untyped-call]
        gradients.append([value.grad for value in one.parameters().values()])
    torch.testing.assert_close(gradients[0], gradients[1])
    with torch.no_grad():
        torch.testing.assert_close(loss, model.loss(made[:1]) + model.loss(made[1:]))


def test_all_weights_can_learn(base: Path, tmp_path: Path) -> None:
    model = learner(base, rank=None, dtype="bfloat16")
    train(model, plan(40, 1e-2), tmp_path)
    brain = ChatGLM.load(tmp_path / "model", dtype="bfloat16")
    assert greedy(brain) == ANSWER


def test_a_run_that_was_stopped_ends_as_one_that_was_not(base: Path, tmp_path: Path) -> None:
    for name in ("whole", "parts"):
        (tmp_path / name).mkdir()
    whole = train(learner(base), plan(6), tmp_path / "whole")
    made, cancel = examples(learner(base)), CancelToken()
    first = Trainer(learner(base), plan(6), made, made[:1], tmp_path / "parts")
    first.run(lambda progress: cancel.cancel() if progress.step == 3 else None, cancel)
    second = Trainer(learner(base), plan(6), made, made[:1], tmp_path / "parts")
    assert second.progress.step == 3
    second.run(lambda progress: None, CancelToken())
    assert second.progress.losses == whole.progress.losses


def test_a_checkpoint_without_weights_is_refused(base: Path, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_bytes((base / "config.json").read_bytes())
    with pytest.raises(SetupError, match="no weights"):
        learner(tmp_path)
