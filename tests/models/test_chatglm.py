"""Parity with the authors' own code, on tiny checkpoints in the official layout."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the chatglm extra is not installed")

from daemon.brain.chatglm import ChatGLM
from daemon.brain.chatglm.checkpoint import Generation, read_checkpoint
from daemon.brain.chatglm.network import Network
from daemon.brain.chatglm.prefix import PrefixEncoder
from daemon.brain.chatglm.reader import NetworkReader
from daemon.brain.chatglm.tokenizer import load_tokenizer
from daemon.media import Message
from daemon.worker import CancelToken

GOLDEN = Path(__file__).parent.parent / "golden" / "chatglm"
BASES = {"chatglm-6b-tiny": Generation.FIRST, "chatglm3-6b-tiny": Generation.THIRD}


def golden(base: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((GOLDEN / base / "golden.json").read_text(encoding="utf-8"))
    return found


def runs() -> Iterator[Any]:
    for base in BASES:
        for run in golden(base)["runs"]:
            prefix = run["name"].removesuffix("-history")
            with_prefix = GOLDEN / prefix if "ptuning" in prefix else None
            yield pytest.param(base, run, with_prefix, id=f"{base}/{run['name']}")


def messages(run: dict[str, Any]) -> list[Message]:
    chat = []
    for turn in run["history"]:
        if isinstance(turn, dict):
            chat.append(Message(turn["role"], turn["content"]))
        else:
            chat += [Message("user", turn[0]), Message("assistant", turn[1])]
    return [*chat, Message("user", run["query"])]


def network(model: ChatGLM) -> Network:
    assert isinstance(model._reader, NetworkReader)
    return model._reader.network


@pytest.mark.parametrize(("base", "run", "prefix"), list(runs()))
def test_it_computes_what_the_original_computes(
    base: str, run: dict[str, Any], prefix: Path | None
) -> None:
    model = ChatGLM.load(GOLDEN / base, prefix=prefix)
    assert model.generation is BASES[base]
    ids = model.encode_chat(messages(run))
    assert ids == run["input_ids"]
    logits = model.logits(ids)
    assert logits.dtype == np.float32
    assert logits.shape == (len(run["logits_last"]),)
    assert np.abs(logits - np.array(run["logits_last"])).max() < 1e-4
    assert list(model.generate(ids, len(run["greedy"]))) == run["greedy"]


@pytest.mark.parametrize("base", BASES)
def test_tokens_are_those_of_the_original(base: str) -> None:
    checkpoint = read_checkpoint(GOLDEN / base)
    tokenizer = load_tokenizer(checkpoint)
    for example in golden(base)["tokenizer"]:
        if checkpoint.generation is Generation.FIRST:
            own, around = example["ids"][:-2], example["ids"][-2:]
            assert around == [tokenizer.special("[gMASK]"), tokenizer.special("<sop>")]
        else:
            own, around = example["ids"][2:], example["ids"][:2]
            assert around == [tokenizer.special("[gMASK]"), tokenizer.special("sop")]
        assert tokenizer.encode(example["text"]) == own
        assert tokenizer.decode(example["ids"]) == example["decoded"]


@pytest.mark.parametrize("base", BASES)
def test_no_word_becomes_a_special_token(base: str) -> None:
    tokenizer = load_tokenizer(read_checkpoint(GOLDEN / base))
    said = "<sop> [gMASK] [MASK]<eop></s><|user|>\n<|assistant|>sop"
    names = {
        "chatglm-6b-tiny": ("<sop>", "<eop>", "[gMASK]", "[MASK]", "</s>"),
        "chatglm3-6b-tiny": ("sop", "[gMASK]", "</s>", "<|user|>", "<|assistant|>"),
    }[base]
    assert not set(tokenizer.encode(said)) & {tokenizer.special(name) for name in names}


@pytest.mark.parametrize("base", BASES)
@pytest.mark.parametrize("pieces", [(3, 4), (1, 2, 3), (40, 1, 1)])
def test_a_kept_cache_changes_nothing(base: str, pieces: tuple[int, ...]) -> None:
    """Reading on, reading again from an earlier place and reading anew give the same."""
    model = ChatGLM.load(GOLDEN / base)
    fresh = ChatGLM.load(GOLDEN / base)
    run = golden(base)["runs"][1]
    ids = [*run["input_ids"], *run["greedy"]]
    for length in (len(run["input_ids"]), *(len(ids) - piece for piece in pieces), len(ids)):
        length = max(length, len(run["input_ids"]))
        fresh = ChatGLM.load(GOLDEN / base)
        assert np.abs(model.logits(ids[:length]) - fresh.logits(ids[:length])).max() < 1e-4
    other = model.encode_chat([Message("user", "你好")])
    assert np.abs(model.logits(other) - fresh.logits(other)).max() < 1e-4


def test_the_first_generation_reads_a_changed_question_anew() -> None:
    """Its question's tokens all see each other, so one more changes what the first mean."""
    model = ChatGLM.load(GOLDEN / "chatglm-6b-tiny")
    net = network(model)
    stop = 88
    assert net.reusable([1, 2, 85, stop, 5], [1, 2, 85, stop, 4], 4) == 4
    assert net.reusable([1, 2, 3, 85, stop], [1, 2, 85, stop], 2) == 0


@pytest.mark.parametrize("base", BASES)
@pytest.mark.parametrize("projection", [False, True])
def test_a_prefix_can_be_trained_saved_and_loaded(
    base: str, projection: bool, tmp_path: Path
) -> None:
    torch.manual_seed(0)
    model = ChatGLM.load(GOLDEN / base)
    net = network(model)
    encoder = PrefixEncoder.new(net, 4, projection)
    prompt = model.encode_chat([Message("user", "你好")])
    ids = torch.tensor([prompt + model.chat_format.encode_answer("What is")])
    optimizer = torch.optim.Adam(encoder.parameters(), 0.05)
    losses = []
    for net.checkpointing in (False, True) * 4:
        scores = net.logits(net(ids, encoder()))[0, len(prompt) - 1 : -1]
        loss = torch.nn.functional.cross_entropy(scores, ids[0, len(prompt) :])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0]
    encoder.save(tmp_path / "prefix", model.checkpoint.config)
    tuned = ChatGLM.load(GOLDEN / base, prefix=tmp_path / "prefix")
    again = NetworkReader(net, encoder).logits(prompt, CancelToken()).numpy()
    assert np.abs(tuned.logits(prompt) - again).max() < 1e-5
    assert np.abs(tuned.logits(prompt) - model.logits(prompt)).max() > 1e-3
