"""Every way in which a checkpoint can lie on a disk, and every way in which it can be wrong."""

import json
import os
import pickle
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the chatglm extra is not installed")

from safetensors.torch import save_file

from daemon.brain.chatglm import ChatGLM
from daemon.brain.chatglm.chat_format import ChatFormat
from daemon.brain.chatglm.checkpoint import Generation, read_checkpoint
from daemon.brain.chatglm.quantise import Bits, quantise
from daemon.brain.chatglm.tokenizer import load_tokenizer
from daemon.errors import SetupError
from daemon.media import Message

GOLDEN = Path(__file__).parent.parent / "golden" / "chatglm"
FIRST, THIRD = GOLDEN / "chatglm-6b-tiny", GOLDEN / "chatglm3-6b-tiny"
Tensors = dict[str, Any]


@pytest.fixture(params=[FIRST, THIRD], ids=lambda path: path.name)
def base(request: pytest.FixtureRequest) -> Path:
    path: Path = request.param
    return path


@pytest.fixture
def copy(base: Path, tmp_path: Path) -> Path:
    return duplicate(base, tmp_path)


def duplicate(base: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(base, tmp_path / base.name))


def tensors(directory: Path) -> Tensors:
    found: Tensors = torch.load(directory / "pytorch_model.bin", weights_only=True)
    return found


def configure(directory: Path, **changes: Any) -> None:
    config = json.loads((directory / "config.json").read_text(encoding="utf-8"))
    (directory / "config.json").write_text(json.dumps(config | changes), encoding="utf-8")


def assert_golden(directory: Path, base: Path, prefix: Path | None = None, run: int = 0) -> None:
    expected = json.loads((base / "golden.json").read_text(encoding="utf-8"))["runs"][run]
    logits = ChatGLM.load(directory, prefix=prefix).logits(expected["input_ids"])
    assert np.abs(logits - np.array(expected["logits_last"])).max() < 1e-4


def shard(directory: Path, suffix: str, save: Callable[[Tensors, Path], None]) -> None:
    held = tensors(directory)
    (directory / "pytorch_model.bin").unlink()
    stem, ending = suffix.split(".")
    places = {name: f"{stem}-{n % 3}.{ending}" for n, name in enumerate(held)}
    for file in set(places.values()):
        save({n: t.clone() for n, t in held.items() if places[n] == file}, directory / file)
    index = {"metadata": {}, "weight_map": places}
    (directory / f"{suffix}.index.json").write_text(json.dumps(index), encoding="utf-8")


def test_safetensors(copy: Path, base: Path) -> None:
    save_file(tensors(copy), copy / "model.safetensors")
    (copy / "pytorch_model.bin").unlink()
    assert_golden(copy, base)


def test_shards(copy: Path, base: Path) -> None:
    shard(copy, "pytorch_model.bin", torch.save)
    assert_golden(copy, base)


def test_shards_of_safetensors(copy: Path, base: Path) -> None:
    shard(copy, "model.safetensors", save_file)
    assert_golden(copy, base)


def test_files_of_before_pytorch_1_6(copy: Path, base: Path) -> None:
    path = copy / "pytorch_model.bin"
    torch.save(tensors(copy), path, _use_new_zipfile_serialization=False)
    assert_golden(copy, base)


def test_remapping_a_file_in_many_portions(
    copy: Path, base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("daemon.brain.chatglm.checkpoint.PORTION", 1)
    assert_golden(copy, base)


def test_base_and_prefix_in_one_checkpoint(tmp_path: Path) -> None:
    """As the first P-tuning code saved it; and that file serves as a prefix for another base."""
    both = duplicate(FIRST, tmp_path)
    prefix = GOLDEN / "chatglm-6b-tiny-ptuning"
    torch.save(tensors(FIRST) | tensors(prefix), both / "pytorch_model.bin")
    configure(both, pre_seq_len=8, prefix_projection=False)
    assert_golden(both, FIRST, run=2)
    assert_golden(FIRST, FIRST, prefix=both, run=2)


def test_a_prefix_needs_no_config(tmp_path: Path) -> None:
    shutil.copy(GOLDEN / "chatglm-6b-tiny-ptuning-projection" / "pytorch_model.bin", tmp_path)
    assert_golden(FIRST, FIRST, prefix=tmp_path, run=4)


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"name_or_path": "THUDM/chatglm2-6b"}, Generation.SECOND),
        ({"name_or_path": "THUDM/chatglm3-6b-32k"}, Generation.THIRD),
        ({}, Generation.THIRD),
    ],
)
def test_the_second_and_third_generation_are_told_apart(
    told: dict[str, str], expected: Generation, tmp_path: Path
) -> None:
    path = Path(shutil.copytree(THIRD, tmp_path / "renamed"))
    (path / "tokenizer_config.json").write_text(json.dumps(told), encoding="utf-8")
    assert ChatGLM.load(path).generation is expected


def test_a_renamed_second_generation_is_known_by_its_code(tmp_path: Path) -> None:
    path = Path(shutil.copytree(THIRD, tmp_path / "renamed"))
    (path / "tokenizer_config.json").unlink()
    (path / "tokenization_chatglm.py").write_text("raise SystemExit  # [MASK] [gMASK] sop eop")
    assert ChatGLM.load(path).generation is Generation.SECOND


def test_the_second_generations_form_of_a_chat() -> None:
    tokenizer = load_tokenizer(read_checkpoint(THIRD))
    chat = [Message("system", "S"), Message("user", "A"), Message("assistant", "B")]
    ids = ChatFormat(Generation.SECOND, tokenizer).encode_chat([*chat, Message("user", "C")])
    text = "[Round 1]\n\n问：S\nA\n\n答：B\n\n[Round 2]\n\n问：C\n\n答："
    assert ids == [tokenizer.special("[gMASK]"), tokenizer.special("sop"), *tokenizer.encode(text)]
    answer = ChatFormat(Generation.SECOND, tokenizer).encode_answer("D")
    assert answer == [*tokenizer.encode("D"), 2]


@pytest.mark.parametrize("name", ["chatglm2-6b-32k", "chatglm3-6b-32k"])
def test_longer_contexts_turn_more_slowly(name: str, tmp_path: Path) -> None:
    path = duplicate(THIRD, tmp_path)
    (path / "tokenizer_config.json").write_text(json.dumps({"name_or_path": name}))
    configure(path, rope_ratio=50)
    ids = ChatGLM.load(THIRD).encode_chat([Message("user", "What is the capital of France?")])
    assert np.abs(ChatGLM.load(path).logits(ids) - ChatGLM.load(THIRD).logits(ids)).max() > 1e-3


@pytest.mark.parametrize("dtype", ["bfloat16", "float16", "int8", "int4"])
def test_smaller_numbers_come_near(base: Path, dtype: str) -> None:
    exact = ChatGLM.load(base)
    ids = exact.encode_chat([Message("user", "你好")])
    expected, logits = exact.logits(ids), ChatGLM.load(base, dtype=dtype).logits(ids)
    assert np.isfinite(logits).all()
    if dtype != "int4":  # too coarse for so small a network
        assert np.abs(logits - expected).max() < 0.1 * np.abs(expected).max()


@pytest.mark.parametrize(("bits", "error"), [("int8", 0.01), ("int4", 0.1)])
@pytest.mark.parametrize("rows", [1, 7, 100])
@pytest.mark.parametrize("size", [(192, 320), (172, 64), (64, 100)])
def test_quantised_layers_compute_nearly_the_same(
    bits: Bits, error: float, rows: int, size: tuple[int, int]
) -> None:
    torch.manual_seed(0)
    linear = torch.nn.Linear(*size, dtype=torch.bfloat16).requires_grad_(False)
    layers = torch.nn.ModuleList([torch.nn.Sequential(linear)])
    x = torch.randn(1, rows, size[0], dtype=torch.bfloat16)
    expected = layers[0](x)
    quantise(layers, bits)
    assert ((layers[0](x) - expected).norm() / expected.norm()).item() < error


class Program:
    """Leaves a trace when it is unpickled by something that runs what it is told."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[Any, ...]:
        return (os.mkdir, (str(self.trace),))


def half(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def half_safetensors(directory: Path) -> None:
    save_file(tensors(directory), directory / "model.safetensors")
    half(directory / "model.safetensors")


def no_tokens(directory: Path) -> None:
    for file in directory.glob("*.model"):
        file.unlink()


def without(path: Path, name: str) -> None:
    held = tensors(path)
    del held[name]
    torch.save(held, path / "pytorch_model.bin")


SPOILED: dict[str, tuple[Callable[[Path], Any], str]] = {
    "no config": (lambda p: (p / "config.json").unlink(), "config.json"),
    "no JSON": (lambda p: (p / "config.json").write_text("{"), "damaged"),
    "no object": (lambda p: (p / "config.json").write_text("[]"), "damaged"),
    "another model": (lambda p: configure(p, model_type="llama"), "llama"),
    "quantised": (lambda p: configure(p, quantization_bit=4), "quantised"),
    "no size": (lambda p: configure(p, hidden_size="big"), "hidden_size"),
    "other sizes": (lambda p: configure(p, hidden_size=128), "does not fit"),
    "more layers": (lambda p: configure(p, num_layers=4), "incomplete"),
    "no weights": (lambda p: (p / "pytorch_model.bin").unlink(), "no weights"),
    "empty weights": (lambda p: (p / "pytorch_model.bin").write_bytes(b""), "damaged"),
    "half the weights": (lambda p: half(p / "pytorch_model.bin"), "damaged"),
    "another kind of file": (
        lambda p: (p / "pytorch_model.bin").write_bytes(b"hello" * 100),
        "damaged",
    ),
    "not tensors": (lambda p: torch.save([1], p / "pytorch_model.bin"), "damaged"),
    "half safetensors": (
        lambda p: half_safetensors(p),
        "damaged",
    ),
    "no tokens": (
        lambda p: no_tokens(p),
        "tokenizer.model|ice_text.model",
    ),
    "broken tokens": (
        lambda p: [file.write_bytes(b"x") for file in p.glob("*.model")],
        "damaged",
    ),
    "an index to elsewhere": (
        lambda p: (p / "pytorch_model.bin.index.json").write_text(
            json.dumps({"weight_map": {"a": "../pytorch_model.bin"}})
        ),
        "damaged",
    ),
    "a shard too few": (
        lambda p: (p / "pytorch_model.bin.index.json").write_text(
            json.dumps({"weight_map": {"a": "one.bin", "b": "pytorch_model.bin"}})
        ),
        "one.bin",
    ),
}


@pytest.mark.parametrize("how", SPOILED)
def test_a_wrong_checkpoint_is_refused(copy: Path, how: str) -> None:
    spoil, expected = SPOILED[how]
    spoil(copy)
    with pytest.raises(SetupError, match=expected) as caught:
        ChatGLM.load(copy)
    assert len(str(caught.value)) < 300


def in_todays_form(value: Any, path: Path) -> None:
    torch.save(value, path)


def in_the_old_form(value: Any, path: Path) -> None:
    path.write_bytes(pickle.dumps(value, protocol=2))


@pytest.mark.parametrize("write", [in_todays_form, in_the_old_form])
def test_a_program_is_not_run(
    copy: Path, tmp_path: Path, write: Callable[[Any, Path], None]
) -> None:
    trace, file = tmp_path / "trace", copy / "pytorch_model.bin"
    write({**tensors(copy), "more": Program(trace)}, file)
    with suppress(RuntimeError):  # what follows a program in the old form is refused
        torch.load(file, weights_only=False)
    trace.rmdir()  # it runs, and whoever runs it is found out
    with pytest.raises(SetupError, match="may be a program"):
        ChatGLM.load(copy)
    with pytest.raises(SetupError, match="may be a program"):
        ChatGLM.load(THIRD, prefix=copy)
    assert not trace.exists()


def test_a_file_that_changes_later_does_not_reach_the_model(copy: Path) -> None:
    model = ChatGLM.load(copy)
    before = model.logits([5, 6, 7])
    file = copy / "pytorch_model.bin"
    file.write_bytes(bytes(file.stat().st_size))
    assert np.allclose(model.logits([5, 6, 7]), before, atol=1e-3)


def test_a_prefix_alone_is_no_model() -> None:
    prefix = GOLDEN / "chatglm-6b-tiny-ptuning"
    with pytest.raises(SetupError, match="only a prefix") as caught:
        ChatGLM.load(prefix)
    assert f"--prefix {prefix}" in caught.value.fix


def test_a_tensor_too_few_is_named(tmp_path: Path) -> None:
    path = duplicate(THIRD, tmp_path)
    without(path, "transformer.output_layer.weight")
    with pytest.raises(SetupError, match=r"transformer.output_layer.weight"):
        ChatGLM.load(path)


def test_a_prefix_for_another_model_is_refused() -> None:
    with pytest.raises(SetupError, match="another"):
        ChatGLM.load(THIRD, prefix=GOLDEN / "chatglm-6b-tiny-ptuning")
    with pytest.raises(SetupError, match="no prefix"):
        ChatGLM.load(THIRD, prefix=FIRST)
    with pytest.raises(SetupError, match="There is no folder"):
        ChatGLM.load(THIRD, prefix=GOLDEN / "none")
    with pytest.raises(SetupError, match="takes no adapter"):
        ChatGLM.load(THIRD, adapter=GOLDEN)
