"""GGUF files of ChatGLM3, GLM-4 and GLM-4-0414 answer as their checkpoints do."""

import json
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="the chatglm extra is not installed")

from daemon.brain.chatglm import ChatGLM
from daemon.brain.llamacpp import LlamaCpp
from daemon.brain.unicode import well_formed
from daemon.media import Message
from daemon.worker import CancelToken
from tests import gguf_files
from tests.models.test_chatglm_brain import make_glm

THIRD = Path(__file__).parent.parent / "golden" / "chatglm" / "chatglm3-6b-tiny"
TOKENS = 24


def load(path: Path) -> LlamaCpp:
    return LlamaCpp(
        path, context_tokens=256, max_reply_tokens=TOKENS, temperature=0.0, top_p=1.0, threads=1
    )


def read(model: LlamaCpp, messages: list[Message]) -> list[int]:
    """Return the prompt that llama.cpp makes of messages."""
    plain = [{"role": message.role, "content": message.content} for message in messages]
    prompt = model.server.ask("POST", "/apply-template", {"messages": plain})["prompt"]
    body = {"content": prompt, "add_special": True, "parse_special": True}
    return list(model.server.ask("POST", "/tokenize", body)["tokens"])


def continued(model: LlamaCpp, ids: list[int]) -> list[int]:
    """Return the likeliest tokens that follow."""
    body = {"prompt": ids, "n_predict": TOKENS, "temperature": 0.0, "return_tokens": True}
    return list(model.server.ask("POST", "/completion", body)["tokens"])


def test_chatglm3_computes_what_the_original_computes(tmp_path: Path) -> None:
    runs = json.loads((THIRD / "golden.json").read_text(encoding="utf-8"))["runs"]
    runs = [run for run in runs if "ptuning" not in run["name"]]
    assert runs
    model = load(gguf_files.chatglm3(THIRD, tmp_path / "chatglm3.gguf"))
    try:
        for run in runs:
            assert continued(model, run["input_ids"]) == run["greedy"], run["name"]
        plain = next(run for run in runs if run["name"] == "plain")
        question = [Message("user", plain["query"])]
        assert read(model, question) == plain["input_ids"]
        said = "".join(model.reply(question, CancelToken()))
        assert said == well_formed(ChatGLM.load(THIRD).tokenizer.decode(plain["greedy"]))
    finally:
        model.close()


@pytest.mark.parametrize("kind", ["Glm", "Glm4"])
def test_glm_computes_what_its_checkpoint_computes(kind: str, tmp_path: Path) -> None:
    checkpoint = make_glm(tmp_path / "glm", kind)
    chatglm = ChatGLM.load(checkpoint)
    chat = [Message("system", "hi"), Message("user", "你好 What")]
    ids = chatglm.encode_chat(chat)
    made = list(chatglm.generate(ids, TOKENS))
    assert len(made) == TOKENS
    model = load(gguf_files.glm(checkpoint, tmp_path / "glm.gguf", kind))
    try:
        assert read(model, chat) == ids
        assert continued(model, ids) == made
        assert "".join(model.reply(chat, CancelToken()))
    finally:
        model.close()
