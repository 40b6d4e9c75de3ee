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


@pytest.mark.parametrize(
    ("language", "text"),
    [("es", "Sí, sí."), ("es", "Ya veo."), ("fr", "Ouais."), ("fr", "Ah bon ?"),
     ("fr", "D’accord."),
     ("it", "Va bene."), ("pt", "Pois é."), ("de", "Ach so."), ("de", "Mhm, genau."),
     ("ru", "Ну да."), ("uk", "Саме так."), ("hi", "अच्छा, ठीक है।"), ("hi", "जी हाँ"),
     ("ja", "うんうん"),
     ("ja", "なるほどね。"), ("ja", "そうですね。"), ("ja", "へえー、すごい！"), ("es", "Okay.")],
)  # fmt: skip
def test_what_accompanies_in_other_languages(language: str, text: str) -> None:
    assert is_backchannel(text, language)


@pytest.mark.parametrize(
    ("language", "text"),
    [("es", "¡Para!"), ("es", "Sí, pero no es eso"), ("es", "¿Cuánto cuesta?"), ("fr", "Arrête."),
     ("fr", "Oui, mais"), ("it", "Aspetta."), ("pt", "Não."), ("de", "Moment mal."),
     ("de", "Was?"), ("ru", "Подожди!"), ("uk", "Зачекай."), ("hi", "रुको"), ("hi", "नहीं"),
     ("ja", "ちょっと待って"), ("ja", "違うよ"), ("ja", "東京の天気を教えて"),
     ("es", "Stop!"),     ("hi", "मुझे दिल्ली का मौसम बताओ"), ("ru", "Расскажи мне про Москву")],
)  # fmt: skip
def test_what_wants_an_answer_in_other_languages(language: str, text: str) -> None:
    assert not is_backchannel(text, language)
