"""Text from tokens: whole characters, the authors' clean-up, and both piece by piece."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

pytest.importorskip("torch", reason="the chatglm extra is not installed")

from daemon.brain.chatglm.checkpoint import Generation, read_checkpoint
from daemon.brain.chatglm.text import BROKEN, MARK, cleaned, cleaned_pieces, whole_characters
from daemon.brain.chatglm.tokenizer import load_tokenizer

GOLDEN = Path(__file__).parent.parent / "golden" / "chatglm"
PIECES = st.sampled_from(
    ["你", "好", "a", " ", ",", "?", "!", "\n", "[", "[[训练", "时间]]", MARK, "。"]
)


def decode_bytes(ids: Sequence[int]) -> str:
    """A tokenizer of which every token is a byte, as those have for rare characters."""
    return bytes(ids).decode("utf-8", errors="replace")


def test_the_clean_up_is_the_originals() -> None:
    golden = json.loads((GOLDEN / "chatglm-6b-tiny" / "golden.json").read_text(encoding="utf-8"))
    for raw, expected in golden["process_response"]:
        assert cleaned(raw, Generation.FIRST) == expected
        assert "".join(cleaned_pieces(raw, Generation.FIRST)) == expected


@example([MARK, ","], Generation.FIRST)
@given(st.lists(PIECES), st.sampled_from(Generation))
def test_cleaning_piece_by_piece_is_cleaning_at_once(
    pieces: list[str], generation: Generation
) -> None:
    assert "".join(cleaned_pieces(pieces, generation)) == cleaned("".join(pieces), generation)


@given(st.text(alphabet=st.characters(exclude_characters=BROKEN, exclude_categories=["Cs"])))
def test_characters_split_over_tokens_come_whole(text: str) -> None:
    pieces = list(whole_characters(text.encode(), decode_bytes))
    assert "".join(pieces) == text
    assert pieces == list(text)


def test_what_is_never_completed_is_dropped() -> None:
    half = "好".encode()[:2]
    assert list(whole_characters(b"a" + half, decode_bytes)) == ["a"]
    assert "".join(whole_characters(half + b"b", decode_bytes)) == "b"


@pytest.mark.parametrize("base", ["chatglm-6b-tiny", "chatglm3-6b-tiny"])
@pytest.mark.parametrize("text", ["你好，我是数字生命。", "What is the  capital?\n龘𠀋😊 yes"])
def test_a_real_tokenizer_streams_what_it_decodes(base: str, text: str) -> None:
    tokenizer = load_tokenizer(read_checkpoint(GOLDEN / base))
    ids = tokenizer.encode(text)
    pieces = list(whole_characters(ids, tokenizer.decode))
    assert "".join(pieces) == tokenizer.decode(ids)
    assert BROKEN not in "".join(pieces)
