"""What reasoning models think is left out, whatever marks they use and however it is cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.brain.reasoning_filter import ReasoningFilter, ends_in_reasoning

ANSWER = "The kettle is ready. Please pour the tea."


def said(text: str, step: int = 1, opened: bool = False, truncated: bool = False) -> str:
    thoughts = ReasoningFilter(opened)
    pieces = [thoughts.feed(text[at : at + step]) for at in range(0, len(text), step)]
    return "".join(pieces) + thoughts.finish(truncated)


@pytest.mark.parametrize(
    "thought",
    [
        "<think>They want tea.</think>\n\n",
        "<think>\n\n</think>\n\n",
        "<THINK>They want\ntea.</THINK>",
        "<thinking>tea</think>",
        "<thought>tea</thought>",
        "<reasoning>a\nb</reasoning>\n",
        "<inner_monologue>tea</inner_monologue>",
        "<seed:think>tea</seed:think>",
        "[THINK]tea[/THINK]",
        "◁think▷tea◁/think▷",
        "<|START_THINKING|>tea<|END_THINKING|>",
        "<|begin_of_thought|>tea<|end_of_thought|>\n<|begin_of_solution|>",
        "<|channel|>analysis<|message|>tea<|end|><|start|>assistant<|channel|>final<|message|>",
        "<|channel|>commentary to=functions.x <|constrain|>json<|message|>{}<|call|>"
        "<|start|>assistant<|channel|>final<|message|>",
        "<|start|>assistant<|channel|>final<|message|>",
        "analysisThe user wants tea.assistantfinal",
        "analysisuser wants tea.assistantfinal",
        "<|channel>thought\ntea<channel|>",
        "<unused94>thought\ntea<unused95>",
        "Here is my thought process: tea. Here is my response: ",
        "Thinking...\ntea\n...done thinking.\n\n",
        '<details type="reasoning" done="true"><summary>1 s</summary>tea</details>',
        "&lt;think&gt;tea&lt;/think&gt;",
        "＜think＞tea＜/think＞",
        "<思考>他们想喝茶。</思考>",
        "【思考过程】他们想喝茶。【/思考过程】",
        "【思考】他们想喝茶。【回答】",
        "思考：他们想喝茶。\n回答：",
        "（思考：他们想喝茶。）",
        "<analysis>tea</analysis>",
        "<planning>tea</planning>\n",
        "<commentary>tea</commentary>",
        "<internal_monologue>tea</internal_monologue>",
        "<chain_of_thought>tea</chain_of_thought>",
        "<thought_process>tea</thought_process>",
        "<longcat_think>tea</longcat_think>",
        "<antThinking>tea</antThinking>",
        "<reasoning_content>tea</reasoning_content>",
        "<self-reflection>tea</self-reflection>",
        "< think >tea</ think >",
        "<think>tea</thinking>",
        "<｜think｜>tea<｜/think｜>",
        "<|reasoning_start|>tea<|reasoning_end|>",
        "<|think|>tea<|end|><|begin|>assistant<|content|>",
        "<|analysis|>tea<|final|>",
        "<|channel|>analysis<|message|>tea<|end|><|start|>assistant<|channel|>final "
        "<|constrain|>text<|message|>",
        "<ctrl94>thought\ntea<ctrl95>",
        "[Start thinking]\ntea\n[End thinking]\n\n",
        "<details>\n<summary>Thinking</summary>\ntea\n</details>\n",
        "**Thinking:** tea.\n\n**Answer:** ",
        "### Thinking\ntea.\n\n### Response\n",
        "Thought: tea.\nFinal Answer: ",
    ],
)
@pytest.mark.parametrize("step", [1, 2, 3, 7, 1000])
def test_all_marks_of_thoughts(thought: str, step: int) -> None:
    assert said(thought + ANSWER, step) == ANSWER


@pytest.mark.parametrize("step", [1, 5, 1000])
def test_a_thought_between_two_sentences(step: int) -> None:
    text = "The kettle is ready. <think>Shall I? Yes.</think>Please pour the tea."
    assert said(text, step) == ANSWER


@pytest.mark.parametrize("mark", ["</think>", "\n</think>\n\n", "</seed:think>", "[/THINK]"])
@pytest.mark.parametrize("step", [1, 5, 1000])
def test_an_answer_that_begins_within_a_thought(mark: str, step: int) -> None:
    text = f"They want tea.{mark}{ANSWER}"
    assert said(text, step, opened=True) == ANSWER
    assert said(text, 1000) == ANSWER, "nothing of it was given yet"
    noticed = ReasoningFilter()
    noticed.feed(text)
    assert noticed.closed_only, "the next one will be expected to do so"


def test_supposed_to_think_it_may_still_answer_at_once() -> None:
    assert said(ANSWER, opened=True) == ANSWER
    assert said(ANSWER, opened=True, truncated=True) == "", "it never came to its answer"
    assert said(f"<think>tea</think>{ANSWER}", opened=True) == ANSWER


@pytest.mark.parametrize("step", [1, 5, 1000])
def test_a_closing_mark_astray_takes_no_answer_with_it(step: int) -> None:
    assert said(f"<think>tea</think>{ANSWER}</think>", step).strip() == ANSWER


@pytest.mark.parametrize("text", ["<think>I ran out", "[THINK]never", "<|channel|>analysis<|mes"])
def test_a_thought_that_never_ends_is_not_said(text: str) -> None:
    assert said(text, truncated=True) == said(text) == ""


PLAIN = [
    ANSWER,
    "Use the `<think>` tag. Then `</think>` closes it.",
    "The <think> tag opens and the </think> tag closes a thought. Fine.",
    "```\n<think>\n```\nDone.",
    "A “<think>” mark, and a '</think>'.",
    "analysis of tea: fine.",
    "Analysis is hard.",
    "final words",
    "[Think](https://example.org) about it, [a, b] too",
    "x < y and y > z",
    "<b>bold</b>",
    "思考一下吧。",
    "a cat",
    "Thought: a strange word.",
    "Reasoning is hard: try it.",
    "### Thinking\nIt is hard.",
    "My <b>plan</b>: <details><summary>Tea</summary>green</details>",
]


@pytest.mark.parametrize("text", PLAIN)
@pytest.mark.parametrize("step", [1, 3, 1000])
def test_what_is_no_thought_is_said(text: str, step: int) -> None:
    assert said(text, step) == said(text, step, opened=True) == text


def test_words_are_given_at_once() -> None:
    thoughts = ReasoningFilter()
    pieces = ["The", " kettle", " is", " ready", ", sir."]
    assert [thoughts.feed(piece) for piece in pieces] == pieces


@given(st.text(st.sampled_from("ab .\n<>/[]|think◁▷`"), max_size=80), st.integers(1, 9))
def test_where_it_is_cut_makes_no_difference(text: str, step: int) -> None:
    whole = said(text, 1000)
    if "</" not in text:  # a closing mark by itself takes back only what was not given yet
        assert said(text, step) == whole


def test_a_long_thought_takes_time_in_proportion() -> None:
    """Characters one by one: at once, or minutes if each looked at all that came before."""
    assert said("<think>" + "a<" * 20_000 + "</think>" + ANSWER, 1) == ANSWER
    assert said("x" * 20_000, 1) == "x" * 20_000


def test_the_end_of_a_prompt_tells_whether_it_begins_within_one() -> None:
    assert ends_in_reasoning("<|im_start|>assistant\n<think>\n")
    assert ends_in_reasoning("<|assistant|><think>")
    assert not ends_in_reasoning("<|im_start|>assistant\n<think>\n\n</think>\n\n")
    assert not ends_in_reasoning("<|im_start|>assistant\n")
