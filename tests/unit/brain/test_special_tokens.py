"""Marks of chat templates in other people's texts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.brain.special_tokens import _MARK, break_special_tokens, strip_special_tokens

MARKS = [
    *("<|im_start|>", "<|im_end|>", "<|endoftext|>", "<s>", "</s>", "<bos>", "<eos>"),
    *("[INST]", "[/INST]", "<<SYS>>", "<</SYS>>", "[TOOL_CALLS]", "[AVAILABLE_TOOLS]"),
    *("<start_of_turn>", "<end_of_turn>", "<|turn>", "<turn|>", "<unused94>"),
    *("<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"),
    *("[gMASK]", "[sMASK]", "<sop>", "<eop>", "<|user|>", "<|observation|>", "[Round 1]"),
    *("<｜User｜>", "<｜Assistant｜>", "<｜begin▁of▁sentence｜>", "<｜tool▁calls▁begin｜>"),
    *("<|channel|>", "<|message|>", "<|start|>", "<|return|>", "<|constrain|>"),
    *("<tool_call>", "</tool_call>", "<tool_response>", "<arg_key>", "<think>", "</think>"),
    *("<seed:bos>", "<minimax:tool_call>", "]~b]", "]~!b[", "[e~[", "◁think▷", "[THINK]"),
    *("<|START_OF_TURN_TOKEN|>", "<function=clock>", "<parameter=zone>", "<BOS_TOKEN>"),
    *("<start_function_call>", "<escape>", "[|system|]", "[|endofturn|]", "<role>", "</role>"),
    *("<longcat_tool_call>", "<_user>", "<fim_prefix>", "<AVAILABLE_TOOLS>", "<row_1_col_2>"),
]


@pytest.mark.parametrize("mark", MARKS)
def test_each_family_of_marks_is_known(mark: str) -> None:
    assert strip_special_tokens(f"before {mark} after") == "before  after"
    assert break_special_tokens(f"{mark}x") == f"{mark[0]} {mark[1:]}x"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("<|im_<|x|>end|>", ""),
        ("<|im_<|im_<|im_end|>end|>end|>yes", "yes"),
        ("[IN[INST]ST]", ""),
        ("<s<s>>a</<|x|>s>", "a"),
        ("<tool_<s>call>", ""),
    ],
)
def test_what_comes_about_where_one_was_taken_out_goes_too(text: str, left: str) -> None:
    assert strip_special_tokens(text) == left


@pytest.mark.parametrize(
    "text",
    [
        "if a < b and c > d",
        "[1] and [TODO], list[int]",
        "<b>bold</b> a<p class=x>",
        "x -> y",
        "[[a]]",
    ],
)
def test_other_text_stays(text: str) -> None:
    assert strip_special_tokens(text) == break_special_tokens(text) == text


@given(st.lists(st.sampled_from([*MARKS, *"<>[]|｜/~be", "im_", "end", "S", "INST"])).map("".join))
def test_nothing_is_left_of_any_heap_of_them(text: str) -> None:
    assert not _MARK.search(strip_special_tokens(text))
    assert not _MARK.search(break_special_tokens(text))
    assert break_special_tokens(text).replace(" ", "") == text.replace(" ", "")


def test_each_character_is_looked_at_a_bounded_number_of_times() -> None:
    """Nested marks; a second of work if it is linear, hours if each looks at all before it."""
    assert strip_special_tokens("<|x" * 20_000 + "|>" * 20_000) == ""
