"""Learning, on tiny checkpoints: the loss falls, answers change, a run goes on where it stopped."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="the training extra is not installed")
pytest.importorskip("sacrebleu", reason="the training extra is not installed")
pytest.importorskip("jieba", reason="the training extra is not installed")

from daemon.brain.chatglm import ChatGLM
from daemon.brain.chatglm.checkpoint import read_checkpoint
from daemon.cli import main
from daemon.errors import InputError, StageError, StorageError
from daemon.media import Message
from daemon.training import chatglm, checkpoints, metrics
from daemon.training.chats import Exchange
from daemon.training.checkpoints import TrainingPlan
from daemon.training.examples import Example, Limits, encode
from daemon.training.learner import ChatLearner
from daemon.training.trainer import Trainer
from daemon.worker import CancelToken

GOLDEN = Path(__file__).parent.parent / "golden" / "chatglm"
BASES = ("chatglm-6b-tiny", "chatglm3-6b-tiny")
ANSWER = "今天天气很好"
CHATS = [Exchange("你好", ANSWER), Exchange("早", ANSWER, (("你好", ANSWER),))]
LIMITS = Limits(64, 32)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """These models are so small that threads only wait for each other."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def prefix_learner(base: str = BASES[0], projection: bool = False) -> chatglm.ChatGLMLearner:
    return chatglm.load_learner(
        read_checkpoint(GOLDEN / base),
        full=False,
        prefix=(8, projection),
        precision=torch.float32,
        device=torch.device("cpu"),
        checkpointing=False,
    )


def examples(learner: ChatLearner) -> list[Example]:
    return [encode(exchange, learner.tokens, LIMITS) for exchange in CHATS]


def plan(steps: int = 60, rate: float = 0.3) -> TrainingPlan:
    return TrainingPlan(steps, batch=2, accumulate=1, learning_rate=rate)


def train(learner: ChatLearner, how: TrainingPlan, directory: Path) -> Trainer:
    made = examples(learner)
    trainer = Trainer(learner, how, made, made[:1], directory)
    trainer.run(lambda progress: None, CancelToken())
    trainer.finish()
    return trainer


def greedy(model: ChatGLM) -> str:
    ids = model.encode_chat([Message("user", "你好")])
    return model.decode(list(model.generate(ids, 12)))


@pytest.mark.parametrize("projection", [False, True])
@pytest.mark.parametrize("base", BASES)
def test_a_prefix_learns_and_the_brain_loads_it(
    base: str, projection: bool, tmp_path: Path
) -> None:
    learner = prefix_learner(base, projection)
    trainer = train(learner, plan(rate=0.02 if projection else 0.3), tmp_path)
    losses = trainer.progress.losses
    assert losses[-1] < losses[0] / 4
    assert trainer.progress.first is not None and trainer.progress.best is not None
    assert trainer.progress.best < trainer.progress.first / 4
    assert greedy(ChatGLM.load(GOLDEN / base)) != ANSWER
    brain = ChatGLM.load(GOLDEN / base, prefix=tmp_path / "prefix")
    assert greedy(brain) == ANSWER
    assert learner.answer(examples(learner)[0].prompt, 12, CancelToken()) == ANSWER


def test_a_prefix_is_written_as_the_authors_write_theirs(tmp_path: Path) -> None:
    train(prefix_learner(projection=True), plan(2), tmp_path)
    theirs = GOLDEN / "chatglm-6b-tiny-ptuning-projection"
    ours = tmp_path / "prefix"
    made, golden = (
        torch.load(path / "pytorch_model.bin", weights_only=True) for path in (ours, theirs)
    )
    assert {name: (value.shape, value.dtype) for name, value in made.items()} == {
        name: (value.shape, value.dtype) for name, value in golden.items()
    }
    assert json.loads((ours / "config.json").read_text()) == json.loads(
        (theirs / "config.json").read_text()
    )


@pytest.mark.parametrize("base", BASES)
def test_all_weights_can_learn(base: str, tmp_path: Path) -> None:
    learner = chatglm.load_learner(
        read_checkpoint(GOLDEN / base),
        full=True,
        prefix=(0, False),
        precision=torch.bfloat16,
        device=torch.device("cpu"),
        checkpointing=True,
    )
    train(learner, plan(rate=3e-3), tmp_path)
    assert greedy(ChatGLM.load(tmp_path / "model")) == ANSWER


def test_computing_layers_twice_changes_nothing_but_memory() -> None:
    learner = prefix_learner(BASES[1])
    learner.set_training(False)  # no dropout
    gradients = []
    for checkpointing in (False, True):
        learner.network.checkpointing = checkpointing
        learner.loss(examples(learner)).backward()  # type: ignore[no-untyped-call]
        (parameter,) = learner.parameters().values()
        assert parameter.grad is not None
        gradients.append(parameter.grad.clone())
        parameter.grad = None
    torch.testing.assert_close(*gradients)


@pytest.mark.parametrize("base", BASES)
def test_the_filling_of_a_batch_changes_nothing(base: str) -> None:
    learner = prefix_learner(base)
    learner.set_training(False)
    made = examples(learner)
    with torch.no_grad():
        together = learner.loss(made)
        apart = learner.loss(made[:1]) + learner.loss(made[1:])
    torch.testing.assert_close(together, apart)


def test_the_gradient_is_that_of_the_answers_only() -> None:
    learner = prefix_learner()
    (example,) = examples(learner)[:1]
    ids = torch.tensor([example.ids])
    learner.set_training(False)
    prefix = learner.prefix()
    assert prefix is not None
    with torch.no_grad():
        scores = learner.network.logits(learner.network(ids, prefix()))[0].log_softmax(-1)
        loss = learner.loss([example])
    expected = -sum(
        scores[place - 1, example.ids[place]] for place in range(example.start, len(example.ids))
    )
    torch.testing.assert_close(loss, expected)


def test_a_run_that_was_stopped_ends_as_one_that_was_not(tmp_path: Path) -> None:
    for name in ("whole", "parts"):
        (tmp_path / name).mkdir()
    whole = train(prefix_learner(), plan(12), tmp_path / "whole")
    made = examples(prefix_learner())
    cancel = CancelToken()
    first = Trainer(prefix_learner(), plan(12), made, made[:1], tmp_path / "parts")
    first.run(lambda progress: cancel.cancel() if progress.step == 5 else None, cancel)
    assert (first.progress.step, first.done) == (5, False)
    second = Trainer(prefix_learner(), plan(12), made, made[:1], tmp_path / "parts")
    assert second.progress.step == 5
    second.run(lambda progress: None, CancelToken())
    second.finish()
    assert second.progress.losses == whole.progress.losses
    files = [tmp_path / name / "prefix" / "pytorch_model.bin" for name in ("whole", "parts")]
    tensors = [torch.load(file, weights_only=True) for file in files]
    for name in tensors[0]:
        assert torch.equal(tensors[0][name], tensors[1][name])


def test_a_stopped_run_leaves_a_prefix_to_try(tmp_path: Path) -> None:
    learner = prefix_learner()
    cancel = CancelToken()
    trainer = Trainer(learner, plan(12), examples(learner), [], tmp_path)
    trainer.run(lambda progress: cancel.cancel(), cancel)
    trainer.finish()
    assert trainer.progress.step == 1
    assert greedy(ChatGLM.load(GOLDEN / BASES[0], prefix=tmp_path / "prefix"))


@pytest.mark.parametrize("base", BASES)
def test_an_answer_is_compared_as_the_model_writes_it(base: str) -> None:
    learner = prefix_learner(base)
    example = encode(Exchange("你好", "好，去吧！"), learner.tokens, LIMITS)
    assert learner.reference_answer(example) in ("好，去吧！", "好,去吧!")


def test_trying_out_learns_nothing(tmp_path: Path) -> None:
    learner = prefix_learner()
    before = {name: value.detach().clone() for name, value in learner.parameters().items()}
    trainer = Trainer(learner, plan(), examples(learner), [], tmp_path)
    assert trainer.benchmark_step() > 0
    for name, value in learner.parameters().items():
        assert torch.equal(before[name], value) and value.grad is None


def test_a_loss_that_explodes_ends_the_run(tmp_path: Path) -> None:
    learner = prefix_learner()
    with torch.no_grad():
        next(iter(learner.parameters().values())).fill_(float("nan"))
    trainer = Trainer(learner, plan(), examples(learner), [], tmp_path)
    with pytest.raises(StageError, match="step 1") as caught:
        trainer.run(lambda progress: None, CancelToken())
    assert "--learning-rate" in caught.value.fix


@pytest.mark.parametrize("damage", ["cut", "noise", "end", "pickle", "other"])
def test_a_checkpoint_that_does_not_fit_is_refused(tmp_path: Path, damage: str) -> None:
    train(prefix_learner(), plan(2), tmp_path)
    path = tmp_path / checkpoints.NAME
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:500])
    elif damage == "noise":
        path.write_bytes(os.urandom(1000))
    elif damage == "end":
        path.write_bytes(b"." * 1000)  # a pickle that ends before it has begun
    elif damage == "pickle":
        torch.save({"run": Path("/"), "tensors": {}}, path)  # an object that would have to be made
    how = plan(3 if damage == "other" else 2)
    with pytest.raises(InputError, match="belongs to" if damage == "other" else "damaged") as told:
        Trainer(prefix_learner(), how, examples(prefix_learner()), [], tmp_path)
    assert "--out" in told.value.fix


def test_a_checkpoint_that_cannot_be_written_leaves_the_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    progress = checkpoints.Progress()
    checkpoints.save(tmp_path, "run", progress, {}, {})

    def full(value: object, file: Path) -> None:
        file.write_bytes(b"half of it")
        raise RuntimeError("PytorchStreamWriter failed writing file")

    monkeypatch.setattr("torch.save", full)
    with pytest.raises(StorageError, match="Cannot write"):
        checkpoints.save(tmp_path, "run", checkpoints.Progress(step=1), {}, {})
    assert [path.name for path in tmp_path.iterdir()] == ["training.pt"]
    found = checkpoints.load(tmp_path, "run")
    assert found is not None and found[0].step == 0


def test_figures_know_equal_from_different() -> None:
    assert metrics.words("今天天气很好, isn't it") == [
        "今天天气",
        "很",
        "好",
        ",",
        "isn",
        "'",
        "t",
        "it",
    ]
    same = ["今天天气很好，我们去爬山吧。", "I am reading a book."]
    assert metrics.rouge_l(same, same) == pytest.approx(100)
    assert metrics.bleu_4(same, same) == pytest.approx(100)
    other = ["完全不同", "nothing alike here"]
    assert metrics.rouge_l(other, same) < 5 and metrics.bleu_4(other, same) < 5
    assert metrics.rouge_l(["a b c d"], ["a x c y"]) == pytest.approx(50)
    assert metrics.rouge_l(["", "a"], ["", ""]) == pytest.approx(50)


def write_chats(path: Path) -> Path:
    lines = []
    for number in range(6):
        history: list[list[str]] = []
        for question in ("你好", "早", f"第{number}天"):
            line = {"prompt": question, "response": ANSWER, "history": history}
            lines.append(json.dumps(line, ensure_ascii=False))
            history = [*history, [question, ANSWER]]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def command(tmp_path: Path, *more: str) -> list[str]:
    chats = write_chats(tmp_path / "chats.jsonl")
    return [
        *("train", "brain", "--chats", str(chats), "--model", str(GOLDEN / BASES[1])),
        *("--out", str(tmp_path / "out"), "--prefix-tokens", "8", "--dtype", "float32"),
        *("--accumulate", "2", "--learning-rate", "0.3", *more),
    ]


def test_the_command_trains_and_tells_what_to_set(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(command(tmp_path, "--steps", "60")) == 0
    told = capsys.readouterr()
    place = tmp_path / "out" / "prefix"
    assert f'prefix = "{place}"' in told.out and 'kind = "chatglm"' in told.out
    assert "left" in told.err
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert report["held_out_loss"]["best"] < report["held_out_loss"]["first"] / 2
    assert report["answers"]["rouge_l"] > 50
    assert main(command(tmp_path, "--steps", "60")) == 0, "a run that is done stays done"


@pytest.mark.parametrize(
    ("more", "code", "expected"),
    [
        (("--model", "/nowhere"), 2, "no folder"),
        (("--chats", "/nowhere"), 3, "Cannot read"),
        (("--chats", str(GOLDEN.parent / "chats" / "qq.txt")), 3, "chats import"),
        (("--max-source-tokens", "1"), 3, "at most 1"),
        (("--out", "/proc/x"), 5, "Cannot write"),
    ],
)
def test_what_cannot_work_is_refused(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    more: tuple[str, ...],
    code: int,
    expected: str,
) -> None:
    assert main(command(tmp_path, *more)) == code
    assert expected in " ".join(capsys.readouterr().err.split())


def test_ctrl_c_keeps_a_checkpoint_and_the_same_command_goes_on(tmp_path: Path) -> None:
    arguments = command(tmp_path, "--steps", "400")
    running = subprocess.Popen(
        [sys.executable, "-m", "daemon", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1", "LC_ALL": "C.UTF-8"},
    )
    assert running.stderr is not None
    line = next(line for line in running.stderr if line.startswith("step 20"))
    assert "left" in line
    running.send_signal(signal.SIGINT)
    out, _ = running.communicate(timeout=600)
    assert running.returncode == 130
    assert "The same command goes on from there" in out
    step = int(out.split("Stopped after step ")[1].split()[0])
    assert 20 <= step < 400
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {"training.pt", "prefix"} or names == {"training.pt", "best.pt", "prefix"}
    assert main(command(tmp_path, "--steps", "400")) == 0
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert report["steps"] == 400
