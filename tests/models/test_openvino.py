"""OpenVINO's engine beside llama.cpp's, on tiny models of random weights: the same text, the same
probabilities as far as 8 bits keep them."""

import json
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

pytest.importorskip("openvino")
pytest.importorskip("llguidance")

import openvino as ov
from openvino import opset13

from daemon.brain.json_tool_calls import CLOCK
from daemon.brain.llama_server import LlamaServer
from daemon.brain.openvino import conversion
from daemon.brain.openvino.engine import OpenVinoEngine
from daemon.brain.openvino.graph import PLACES, tells_places, with_places
from daemon.brain.text_engine import TextEngine
from daemon.compiled_network import COMPILED
from daemon.errors import SetupError, StageError
from daemon.media import Message
from daemon.store.engines import prune
from daemon.worker import Cancelled, CancelToken
from tests.tiny_gguf import tiny_adapter, tiny_model

TEXT = "<|user|>the other thing, 世界 and the rest of them<|end|><|assistant|>"
NEXT = {"n_predict": 1, "n_probs": 200, "temperature": 0}
# The mean difference of logarithms of probabilities. The tiny models lose nothing to 8 bits, but
# keys and values are kept in 16, and what is computed with weights of 8 bits is rounded, too.
ROUNDING = 0.03


def chances(engine: TextEngine, prompt: str) -> dict[str, float]:
    """Return the logarithms of what is likely next, by the text of tokens that have one."""
    answer = engine.complete(prompt, NEXT, CancelToken())
    found = answer["completion_probabilities"][0]["top_logprobs"]
    return {one["token"]: one["logprob"] for one in found if one["token"].isascii()}


def chances_of(engine: TextEngine, prompt: str) -> object:
    return engine.complete(prompt, NEXT, CancelToken())["completion_probabilities"]


def difference(one: dict[str, float], other: dict[str, float]) -> float:
    both = one.keys() & other.keys()
    assert len(both) > 50
    return sum(abs(one[token] - other[token]) for token in both) / len(both)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("openvino")


@pytest.fixture(scope="module")
def engine(folder: Path) -> Iterator[OpenVinoEngine]:
    engine = OpenVinoEngine(tiny_model(folder / "tiny.gguf"), 200, 1, None, folder)
    yield engine
    engine.close()


@pytest.mark.parametrize("architecture", ["llama", "qwen2", "qwen3"])
@pytest.mark.parametrize("adapted", [False, True])
def test_what_is_likely_next_is_what_llama_cpp_says(
    architecture: str, adapted: bool, folder: Path
) -> None:
    model = tiny_model(folder / f"{architecture}.gguf", architecture)
    adapter = folder / f"{architecture}-adapter.gguf"
    lora = tiny_adapter(adapter, architecture=architecture) if adapted else None
    reference = LlamaServer(model, 200, 0, 1, lora)
    plain = LlamaServer(model, 200, 0, 1)
    engine = OpenVinoEngine(model, 200, 1, lora, folder)
    try:
        expected = chances(reference, TEXT)
        apart = difference(chances(engine, TEXT), expected)
        assert apart < ROUNDING
        if adapted:
            assert apart < difference(chances(plain, TEXT), expected) / 4, "the LoRA is in it"
    finally:
        for each in (engine, reference, plain):
            each.close()


def test_it_does_not_matter_in_what_pieces_or_beside_what_a_prompt_was_read(
    engine: OpenVinoEngine, folder: Path
) -> None:
    fresh = OpenVinoEngine(folder / "tiny.gguf", 200, 1, None, folder)
    expected = chances(fresh, TEXT)
    fresh.close()
    for end in range(10, len(TEXT), 7):
        chances(engine, TEXT[:end])
        chances(engine, TEXT[:end][::-1])
    assert difference(chances(engine, TEXT), expected) < ROUNDING


def test_what_was_read_is_not_read_again(engine: OpenVinoEngine) -> None:
    chances(engine, TEXT)
    chances(engine, "Something else.")
    before = engine.tokens_read
    chances(engine, TEXT + "yes")
    assert engine.tokens_read - before == 3


def test_what_likely_follows_is_read_in_the_same_go(engine: OpenVinoEngine) -> None:
    expected, after = chances(engine, TEXT), chances(engine, f"{TEXT}yes<|end|>")
    engine.complete("Something else.", NEXT, CancelToken())
    before, network = engine.tokens_read, engine._network
    runs, infer = 0, network._infer

    def counted(*given: Any) -> Any:
        nonlocal runs
        runs += 1
        return infer(*given)

    network._infer = counted  # type: ignore
    try:
        told = engine.complete(TEXT, NEXT, CancelToken(), ahead="yes<|end|>")
        assert told["completion_probabilities"] == chances_of(engine, TEXT)
        assert difference(chances(engine, TEXT), expected) < ROUNDING
        assert difference(chances(engine, f"{TEXT}yes<|end|>"), after) < ROUNDING
        assert runs == 1 and engine.tokens_read - before <= 5
        assert chances(engine, TEXT[:-5]) != expected, "what was noted is of its own place"
    finally:
        del network._infer
    with pytest.raises(StageError, match="context"):
        engine.complete("x" * 300, NEXT, CancelToken(), ahead="yes")


def test_a_model_that_was_converted_before_there_were_places_is_as_good(
    engine: OpenVinoEngine, folder: Path
) -> None:
    place = conversion.converted(folder / "tiny.gguf", None, folder)
    old = ov.Core().read_model(place / "model.xml")
    places = next(one for one in old.get_parameters() if PLACES in one.output(0).names)
    (gather,) = [user.get_node() for user in places.output(0).get_target_inputs()]
    last = opset13.slice(gather.input_value(0), [-1], [2**31 - 1], [1], [1])
    for user in gather.output(0).get_target_inputs():
        user.replace_source_output(last.output(0))
    old.remove_parameter(places)
    core, new = ov.Core(), with_places(old)
    new.validate_nodes_and_infer_types()
    assert {one.any_name for one in new.inputs} == {
        one.any_name for one in core.read_model(place / "model.xml").inputs
    }
    assert tells_places(place / "model.xml")


def test_however_much_is_asked_its_memory_is_bounded_and_right(
    engine: OpenVinoEngine, folder: Path
) -> None:
    expected = chances(engine, TEXT)
    for number in range(20):
        chances(engine, f"{number} {'x' * 150}")
    assert difference(chances(engine, TEXT), expected) < ROUNDING
    states = engine._network._request.query_state()
    assert max(state.state.shape[2] for state in states) <= engine._network._limit


def test_a_cancelled_reading_ends_and_does_no_harm(engine: OpenVinoEngine) -> None:
    expected = chances(engine, TEXT)
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        engine.complete("never read" * 15, NEXT, cancel)
    assert difference(chances(engine, TEXT), expected) < ROUNDING


def test_what_was_compiled_is_kept_and_what_is_damaged_made_anew(tmp_path: Path) -> None:
    model = tiny_model(tmp_path / "kept.gguf")

    def loaded() -> tuple[bool, dict[str, float]]:
        engine = OpenVinoEngine(model, 200, 1, None, tmp_path)
        compiled = engine._network._request.get_compiled_model()
        found = bool(compiled.get_property("LOADED_FROM_CACHE")), chances(engine, TEXT)
        engine.close()
        return found

    made, expected = loaded()
    assert (made, loaded()) == (False, (True, expected))
    (kept,) = conversion.converted(model, None, tmp_path).glob(f"{COMPILED}/*.blob")
    content = kept.read_bytes()
    for damaged in (b"", content[: len(content) // 2], b"x" * len(content)):
        kept.unlink()
        kept.write_bytes(damaged)
        assert loaded() == (False, expected)
    assert loaded() == (True, expected)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        *(("tokenizer.json", content) for content in (b"", b"{}", b"[1]", b"\xff")),
        *(("brain.json", content) for content in (b"", b"null", b"{}", b"[]", b"\xff")),
        *(("brain.json", b'{"tokens": %s}' % tokens) for tokens in (b"7", b"[]", b"{}")),
        *(("model.xml", content) for content in (b"", b"<net/>", b"\xff")),
        ("model.bin", b""),
    ],
)
def test_a_damaged_conversion_is_told_as_that(name: str, content: bytes, tmp_path: Path) -> None:
    model = tiny_model(tmp_path / "kept.gguf")
    (conversion.converted(model, None, tmp_path) / name).write_bytes(content)
    with pytest.raises(SetupError, match="cannot be read"):
        OpenVinoEngine(model, 200, 1, None, tmp_path)


def test_a_folder_that_cannot_be_written_to_does_no_harm(tmp_path: Path) -> None:
    model = tiny_model(tmp_path / "kept.gguf")
    (conversion.converted(model, None, tmp_path) / COMPILED).write_text("in the way of a folder")
    engine = OpenVinoEngine(model, 200, 1, None, tmp_path)
    assert chances(engine, TEXT)
    engine.close()


def test_a_grammar_and_a_schema_are_kept_by_random_weights(engine: OpenVinoEngine) -> None:
    fields = {"grammar": 'root ::= "look" | "listen"', "n_predict": 20, "temperature": 0}
    said = engine.complete(TEXT, fields, CancelToken())["content"]
    assert said in ("look", "listen")
    schema = {
        "type": "object",
        "properties": {"mood": {"enum": ["glad", "sad"]}, "loud": {"type": "boolean"}},
        "required": ["mood", "loud"],
        "additionalProperties": False,
    }
    fields = {"json_schema": schema, "n_predict": 100, "temperature": 0}
    written = json.loads(engine.complete(TEXT, fields, CancelToken())["content"])
    assert written.keys() == {"mood", "loud"}


def test_a_prompt_beyond_the_context_is_refused(engine: OpenVinoEngine) -> None:
    with pytest.raises(StageError, match="context"):
        engine.complete("x" * 300, NEXT, CancelToken())
    assert math.isfinite(sum(chances(engine, TEXT).values()))


def test_a_conversion_is_kept_and_goes_with_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, cache = tiny_model(tmp_path / "model.gguf"), tmp_path / "cache"
    assert not conversion.is_converted(model, None, cache)
    place = conversion.converted(model, None, cache)
    assert conversion.is_converted(model, None, cache)
    monkeypatch.setattr(conversion, "_convert_apart", lambda *_: pytest.fail("made twice"))
    assert conversion.converted(model, None, cache) == place
    monkeypatch.undo()
    tiny_model(model, seed=5)
    (other,) = [conversion.converted(model, None, cache)]
    assert other != place
    assert list(cache.iterdir()) == [other], "what was made of the file before it is gone"
    model.unlink()
    prune(cache)
    assert not list(cache.iterdir())


def test_what_cannot_be_converted_is_a_setup_error(tmp_path: Path) -> None:
    model = tiny_model(tmp_path / "model.gguf")
    cache = tmp_path / "cache"
    misfit = tiny_adapter(tmp_path / "misfit.gguf", hidden=32)
    with pytest.raises(SetupError, match="another model"):
        conversion.converted(model, misfit, cache)
    model.write_bytes(model.read_bytes()[:20_000])
    with pytest.raises(SetupError, match=r"model\.gguf"):
        conversion.converted(model, None, cache)
    assert not list(cache.iterdir())


@pytest.mark.parametrize("name", ["qwen2.5-coder-0.5b", "smollm2-135m"])
def test_texts_become_the_tokens_that_llama_cpp_makes(
    name: str, weights: Callable[[str], Path], tmp_path: Path
) -> None:
    from daemon.brain.openvino.gguf_file import GgufFile
    from daemon.brain.openvino.tokenizer import Vocabulary, describe_tokenizer, write_tokenizer

    path = weights(name) / "model.gguf"
    header = GgufFile(path).field
    write_tokenizer(header, tmp_path / "tokenizer.json")
    vocabulary = Vocabulary(tmp_path / "tokenizer.json", describe_tokenizer(header))
    server = LlamaServer(path, 256, 0, 1)
    letters = st.sampled_from(
        "abcz DEF I'm We'LL 's 0189 ,.!?’“\n\r\t  　中国的首都是哪里，。、！龘𠀋😊éñß日かな한국Р"
    )
    words = st.sampled_from(["<|im_end|>", "<|im_start|>", "<tool_call>", " the", "你好", "\n\n"])

    @settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(letters | words, max_size=40).map("".join))
    def agree(text: str) -> None:
        body: dict[str, object] = {"content": text, "parse_special": True}
        assert vocabulary.word_tokens(text) == server.ask("POST", "/tokenize", body)["tokens"]
        said = b"".join(map(vocabulary.bytes_of, vocabulary.word_tokens(text))).decode()
        assert said == text.replace("<|im_end|>", "").replace("<|im_start|>", "")

    try:
        agree()
    finally:
        server.close()


def test_the_chat_template_writes_what_llama_cpps_writes(weights: Callable[[str], Path]) -> None:
    from daemon.brain.openvino.chat_template import ChatTemplate
    from daemon.brain.openvino.gguf_file import GgufFile

    path = weights("qwen2.5-coder-0.5b") / "model.gguf"
    template = ChatTemplate(GgufFile(path).field("tokenizer.chat_template"), {})
    server = LlamaServer(path, 256, 0, 1)
    try:
        for messages in (
            [Message("user", "Hello.")],
            [
                Message("system", "Be brief."),
                Message("user", "你好"),
                Message("assistant", "嗯。"),
                Message("user", "And now?"),
            ],
        ):
            for tools in ((), (CLOCK,)):
                assert template.prompt(messages, tools) == server.prompt(messages, tools)
    finally:
        server.close()


def test_random_numbers_do_not_decide_without_temperature(engine: OpenVinoEngine) -> None:
    fields = {"n_predict": 12, "temperature": 0}
    said = {engine.complete(TEXT, fields, CancelToken())["content"] for _ in range(3)}
    assert len(said) == 1
