import pytest

from daemon.dialogue.filters import is_backchannel


@pytest.mark.parametrize(
    "text",
    ["", " ", "...", "Yeah", "Yeah, yeah.", "Uh-huh.", "Mm-hmm.", "MMM", "Hmm.", "I see.",
     "Oh, okay.", "Really?", "That’s right.", "Right, right, right, right.", "嗯", "嗯嗯。",
     "对对对", "是的,是的", "好的。", "是吗?", "没错。", "不错", "真的吗？",
     "原来如此。", "OK，好。"],
)  # fmt: skip
def test_what_accompanies_lets_it_go_on(text: str) -> None:
    assert is_backchannel(text)


@pytest.mark.parametrize("text", ["Amen.", "Ciao.", "So", "Hug", "推登", "Thank you."])
def test_so_does_what_a_syllable_is_misheard_as(text: str) -> None:
    assert is_backchannel(text)


@pytest.mark.parametrize(
    "text",
    ["Stop!", "No.", "Wait", "What?", "Hold on.", "Yeah, but", "Shut up", "Paris?", "Tell me more",
     "Okay, tell me about London", "停", "不对", "等一下", "为什么?", "好了，别说了", "对，但是",
     "换一个话题吧"],
)  # fmt: skip
def test_what_wants_an_answer_stops_it(text: str) -> None:
    assert not is_backchannel(text)
