"""Sentences of languages other than English and Chinese, cut where they end."""

import pytest

from daemon.brain.end_of_utterance import is_plainly_unfinished
from daemon.brain.sentences import SentenceSplitter, sentences_of


@pytest.mark.parametrize(
    ("code", "text", "expected"),
    [
        ("es", "¡Claro que sí! ¿Quieres saber más cosas? Te lo cuento.",
         ["¡Claro que sí!", "¿Quieres saber más cosas?", "Te lo cuento."]),
        ("es", "Así es, amigo mío. El Sr. García y la Dra. Ruiz viven en la Avda. Mayor.",
         ["Así es, amigo mío.", "El Sr. García y la Dra. Ruiz viven en la Avda. Mayor."]),
        ("fr", "« Bonjour à tous ! » dit-elle en entrant. M. Dupont sourit.",
         ["« Bonjour à tous! » dit-elle en entrant.", "M. Dupont sourit."]),
        ("fr", "« Oui, bien entendu ! » Elle partit ensuite sans un mot.",
         ["« Oui, bien entendu! »", "Elle partit ensuite sans un mot."]),
        ("it", "Il sig. Rossi è arrivato ieri sera. È rimasto a cena.",
         ["Il sig. Rossi è arrivato ieri sera.", "È rimasto a cena."]),
        ("pt", "O Sr. Silva chegou ontem à noite. Ele está bem.",
         ["O Sr. Silva chegou ontem à noite.", "Ele está bem."]),
        ("de", "Am 3. Mai war Dr. Weber im 2. Stock. Danach ging er nach Hause.",
         ["Am 3. Mai war Dr. Weber im 2. Stock.", "Danach ging er nach Hause."]),
        ("de", "»Ich komme morgen früh!« sagte sie. »Gut«, sagte er.",
         ["»Ich komme morgen früh!« sagte sie.", "»Gut«, sagte er."]),
        ("ru", "А. С. Пушкин родился в Москве. Он был поэтом.",
         ["А. С. Пушкин родился в Москве.", "Он был поэтом."]),
        ("hi", "दिल्ली भारत की राजधानी है। यह बहुत बड़ा शहर है।",
         ["दिल्ली भारत की राजधानी है।", "यह बहुत बड़ा शहर है।"]),
        ("ja", "東京は日本の首都です。とても大きな町ですね。「行きたい！」と彼は言った。",
         ["東京は日本の首都です。", "とても大きな町ですね。", "「行きたい！」", "と彼は言った。"]),
    ],
)  # fmt: skip
def test_sentences(code: str, text: str, expected: list[str]) -> None:
    assert [sentence.text for sentence in sentences_of(text, code)] == expected


@pytest.mark.parametrize("code", ["es", "fr", "it", "pt", "de", "ru", "uk", "hi", "ja"])
def test_how_a_reply_comes_in_pieces_does_not_matter(code: str) -> None:
    text = "¡Hola! « Oui ! » dit-il. Am 3. Mai। 東京は、大きい。 Да, это так. हाँ, ठीक है। Sí,"
    whole = [sentence.text for sentence in sentences_of(text, code)]
    splitter = SentenceSplitter(language=code)
    pieces = [sentence for char in text for sentence in splitter.feed(char)]
    assert [sentence.text for sentence in (*pieces, *splitter.finish())] == whole


@pytest.mark.parametrize(
    ("code", "text", "first"),
    [
        ("es", "La ciudad más grande del país es Madrid con muchos museos y parques",
         "La ciudad más grande del país es Madrid"),
        ("fr", "Je pense bien que la capitale de la France est Paris",
         "Je pense bien que la capitale de la France"),
        ("de", "Die größte Stadt des Landes liegt an der Spree und hat viele Seen",
         "Die größte Stadt des Landes liegt an der Spree"),
        ("hi", "भारत की राजधानी दिल्ली है और यह बहुत बड़ी है",
         "भारत की राजधानी दिल्ली है"),
        ("ja", "今日の天気予報によると午後は大雨になる見込みです",
         "今日の天気予報によると午後は"),
    ],
)  # fmt: skip
def test_where_a_first_sentence_without_marks_is_cut(code: str, text: str, first: str) -> None:
    splitter = SentenceSplitter(language=code)
    cut = [sentence.text for char in f"{text} " for sentence in splitter.feed(char)]
    assert cut[0] == first


def test_an_opener_in_japanese_ends_with_its_own_comma() -> None:
    splitter = SentenceSplitter(openers=True, language="ja")
    (opener,) = splitter.feed("はい、今日は")
    assert opener.text == "はい、" and opener.opener


@pytest.mark.parametrize(
    ("code", "text", "unfinished"),
    [
        ("es", "Quiero ir a la playa porque.", True),
        ("es", "¿Qué quieres que?", False),
        ("fr", "Je voudrais savoir si…", True),
        ("ja", "東京に行って、それから。", True),
        ("ja", "東京に行きたい。", False),
        ("de", "Ich wollte fragen, ob", True),
        ("en", "I would like the.", True),
        ("zh", "我想去，但是。", True),
        ("zh", "我想去北京。", False),
    ],
)
def test_a_conjunction_lets_more_follow(code: str, text: str, unfinished: bool) -> None:
    """Recognisers put a full stop after half a sentence, too."""
    assert is_plainly_unfinished(text, code) is unfinished
