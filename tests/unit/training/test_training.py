"""What training does without a model: examples, what is held out, and what it will take."""

from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import pytest

from daemon.cli import main
from daemon.errors import InputError, SetupError, StorageError
from daemon.media import Message
from daemon.training import estimate
from daemon.training.chats import Exchange
from daemon.training.estimate import (
    Size,
    TrainingMethod,
    memory,
    require_disk,
    require_memory,
    size_of,
)
from daemon.training.examples import Example, Limits, batches, encode, split_validation

END = 0
LORA = TrainingMethod(full=False, prefix=128, projection=False, rank=8)


class Letters:
    """Writes chats as letters: 1 before a question, 2 before an answer."""

    def encode_chat(self, messages: Sequence[Message]) -> list[int]:
        ids = []
        for message in messages:
            ids += [1 if message.role == "user" else 2, *map(ord, message.content)]
        return [*ids, 2]

    def encode_answer(self, text: str) -> list[int]:
        return [*map(ord, text), END]


def letters(ids: Sequence[int]) -> str:
    return "".join(chr(id) if id > 2 else "._|"[id] for id in ids)


CHAT = Exchange("how?", "so.", (("who?", "I."), ("why?", "hm.")))


@pytest.mark.parametrize(
    ("source", "target", "expected"),
    [
        (99, 99, "_who?|I._why?|hm._how?|so.."),
        (17, 99, "_why?|hm._how?|so.."),
        (10, 99, "_how?|so.."),
        (4, 99, "_w?|so.."),
        (99, 2, "_who?|I._why?|hm._how?|so"),
    ],
)
def test_examples_are_cut_to_size(source: int, target: int, expected: str) -> None:
    example = encode(CHAT, Letters(), Limits(source, target))
    assert letters(example.ids) == expected
    assert letters(example.prompt).endswith("|")
    assert example.answer_tokens == len(example.ids) - example.start <= target


def test_a_limit_that_nothing_fits_is_refused() -> None:
    with pytest.raises(InputError, match="at most 1"):
        encode(CHAT, Letters(), Limits(1, 9))


def chats(conversations: int, turns: int = 2) -> list[Exchange]:
    return [
        Exchange(f"{c} {t}", "yes", tuple((f"{c} {n}", "yes") for n in range(t)))
        for c in range(conversations)
        for t in range(turns)
    ]


@pytest.mark.parametrize(("count", "held"), [(1, 0), (2, 1), (10, 1), (40, 2), (2000, 32)])
def test_whole_conversations_are_held_out(count: int, held: int) -> None:
    learned, unseen = split_validation(chats(count))
    assert len(unseen) == 2 * held
    assert len(learned) + len(unseen) == 2 * count
    of = [{exchange.prompt.split()[0] for exchange in part} for part in (learned, unseen)]
    assert not of[0] & of[1]


SEVEN = [Example((0, number), 1) for number in (3, 1, 2, 7, 5, 6, 4)]


def test_batches_hold_everything_once_an_epoch_and_go_on_in_the_middle() -> None:
    whole = list(islice(batches(SEVEN, 3, 1, 0), 9))
    for epoch in (whole[:3], whole[3:6]):
        assert sorted(number for batch in epoch for number in batch) == list(range(7))
    assert whole[:3] != whole[3:6]
    for skip in range(8):
        assert list(islice(batches(SEVEN, 3, 1, skip), 9 - skip)) == whole[skip:]
    assert list(islice(batches(SEVEN, 3, 2, 0), 3)) != whole[:3]


def test_examples_that_begin_alike_come_together() -> None:
    two = [Example((n % 2, n), 1) for n in range(8)]
    order = list(islice(batches(two, 4, 1, 0), 2))
    assert sorted(map(sorted, order)) == [[0, 2, 4, 6], [1, 3, 5, 7]]


CHATGLM3 = {  # as its authors publish it
    "model_type": "chatglm",
    "num_layers": 28,
    "hidden_size": 4096,
    "padded_vocab_size": 65024,
    "kv_channels": 128,
    "multi_query_group_num": 2,
    "torch_dtype": "float16",
}
CHATGLM3_BYTES = 12_487_168_064


def test_sizes_are_worked_out_from_the_checkpoint() -> None:
    size = size_of(CHATGLM3, CHATGLM3_BYTES, LORA, 2)
    assert (size.weights, size.trainable) == (CHATGLM3_BYTES, 128 * 28 * 2 * 2 * 128)
    full = size_of(CHATGLM3, CHATGLM3_BYTES, TrainingMethod(True, 128, False, 8), 2)
    assert (full.weights, full.trainable) == (2 * CHATGLM3_BYTES, CHATGLM3_BYTES // 2)
    first = {"model_type": "chatglm", "num_layers": 3, "hidden_size": 64, "vocab_size": 1008}
    assert size_of(first, 0, TrainingMethod(False, 8, False, 8), 4).trainable == 3072
    assert size_of(first, 0, TrainingMethod(False, 8, True, 8), 4).trainable == 29_632
    glm = {"model_type": "glm", "num_hidden_layers": 40, "hidden_size": 4096, "dtype": "float32"}
    assert size_of(glm, 4_000, LORA, 2).weights == 2_000


def test_memory_grows_with_what_it_depends_on() -> None:
    size = size_of(CHATGLM3, CHATGLM3_BYTES, LORA, 2)
    usual = memory(size, 1, 512, 128, False)
    assert 13e9 < memory(size, 1, 512, 128, True) < usual < 20e9
    assert memory(size, 4, 512, 128, False) > usual
    full = size_of(CHATGLM3, CHATGLM3_BYTES, TrainingMethod(True, 0, False, 8), 2)
    assert memory(full, 1, 384, 128, True) > 100e9


@pytest.mark.parametrize(("full", "fix"), [(True, "--full"), (False, "--batch")])
def test_what_does_not_fit_is_refused(full: bool, fix: str) -> None:
    require_memory(10, 10, full)
    with pytest.raises(SetupError, match=r"20\.0 GB of memory; 5\.0 GB are free") as caught:
        require_memory(20_000_000_000, 5_000_000_000, full)
    assert fix in caught.value.fix


def test_a_disk_too_small_is_refused(tmp_path: Path) -> None:
    size = Size(0, 1, 1, 1, 1000, 4)
    assert require_disk(size, False, tmp_path) == 32_000
    with pytest.raises(StorageError, match="are free"):
        require_disk(Size(0, 1, 1, 1, 10**15, 4), True, tmp_path)


def test_what_is_not_installed_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    files = [f"--{name}={tmp_path / name}" for name in ("chats", "model", "out")]
    assert main(["train", "brain", *files]) == 2
    told = capsys.readouterr().err
    assert "sacrebleu" in told and "EXTRAS=training" in told
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("option", ["--batch=0", "--learning-rate=0", "--steps=x", "--device=tpu"])
def test_options_that_cannot_be_meant(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "brain", "--chats=a", "--model=b", "--out=c", option]) == 2
    assert option.split("=")[0] in capsys.readouterr().err


def test_free_memory_is_that_of_this_machine() -> None:
    assert 10_000_000 < estimate.free_memory("cpu") < 10**14
