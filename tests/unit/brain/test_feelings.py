"""What marks, tags, words and punctuation say of a sentence, and where in it."""

import pytest

from daemon.brain.feelings import BY_PUNCTUATION, BY_WORDS, feelings_in_words
from daemon.brain.sentences import SentenceSplitter, sentences_of
from daemon.expression import Feeling, Felt
from daemon.languages import codes, language
from daemon.media import Sentence


def felt(text: str) -> list[tuple[str, list[tuple[str, float]]]]:
    return [
        (s.text, [(one.feeling.value, round(one.place, 1)) for one in s.feelings])
        for s in sentences_of(text)
    ]


@pytest.mark.parametrize(
    ("text", "spoken", "feelings"),
    [
        ("The film is at eight. 😊", "The film is at eight.", [("smile", 1.0)]),
        ("😂 The film is at eight.", "The film is at eight.", [("laugh", 0.0)]),
        ("[smile] The film is at eight.", "The film is at eight.", [("smile", 0.0)]),
        ("The film [surprised] is at eight.", "The film is at eight.", [("surprise", 0.4)]),
        ("The film is at eight :(", "The film is at eight", [("concern", 1.0)]),
        ("It is at eight. :thinking:", "It is at eight.", [("doubt", 1.0)]),
        ("[微笑]电影八点开始。", "电影八点开始。", [("smile", 0.0)]),
        ("电影八点开始😢。", "电影八点开始。", [("concern", 0.9)]),
    ],
)
def test_marks_are_felt_where_they_stand_and_never_spoken(
    text: str, spoken: str, feelings: list[tuple[str, float]]
) -> None:
    assert felt(text) == [(spoken, feelings)]


def test_a_mark_behind_a_sentence_belongs_to_it() -> None:
    text = "The film begins at eight. 😢 The theatre is in the old town. 🤔 Nobody told the time."
    assert [feelings for _, feelings in felt(text)] == [
        [("concern", 1.0)], [("doubt", 1.0)], [],
    ]  # fmt: skip


def test_brackets_that_are_no_tags_stay() -> None:
    assert felt("The array [a] and [smile](x) stay.")[0][0] == "The array [a] and smile stay."


@pytest.mark.parametrize(
    ("text", "code", "feeling"),
    [
        ("I'm sorry, that is closed.", "en", Feeling.CONCERN),
        ("Ha ha, haha, a good one.", "", Feeling.LAUGH),
        ("真不可思议。", "zh", Feeling.SURPRISE),
        ("抱歉，今天关门。", "", Feeling.CONCERN),
        ("Das tut mir leid.", "de", Feeling.CONCERN),
        ("I'm not sure.", "en", Feeling.DOUBT),
        ("You did what?!", "en", Feeling.SURPRISE),
    ],
)
def test_words_tell_a_little(text: str, code: str, feeling: Feeling) -> None:
    (one,) = feelings_in_words(text, code)
    assert (one.feeling, one.strength) == (feeling, BY_WORDS)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("I'm not happy with how that turned out.", "en"),
        ("That isn’t dangerous at all!", "en"),
        ("There is no doubt about it.", "en"),
        ("The word “sorry” has five letters.", "en"),
        ("Great Britain has four parts.", "en"),
        ("没什么可担心的！", "zh"),
        ("我毫不怀疑你会通过。", ""),
        ("“对不起”有三个字。", "zh"),
        ("Das ist nicht gefährlich.", "de"),
        ("Je ne suis pas contente.", "fr"),
        ("危険ではありません。", "ja"),
        ("यह खतरनाक नहीं है।", "hi"),
        ("Это совсем не опасно.", "ru"),
    ],
)
def test_what_is_denied_or_quoted_is_not_felt(text: str, code: str) -> None:
    assert feelings_in_words(text, code) == ()


@pytest.mark.parametrize(
    ("text", "code", "feeling"),
    [
        ("No, thank you.", "en", Feeling.SMILE),
        ("I don't think so. I'm sorry to hear that.", "en", Feeling.CONCERN),
        ("It is not dangerous, but I'm sorry.", "en", Feeling.CONCERN),
        ("Here is a joke for you.", "en", Feeling.SMILE),
        ("Oh no!", "en", Feeling.CONCERN),
        ("没想到七月下雪了。", "zh", Feeling.SURPRISE),
        ("不客气。", "zh", Feeling.SMILE),
        ("No lo sé, pero gracias.", "es", Feeling.SMILE),
    ],
)
def test_a_denial_reaches_no_further_than_its_clause(
    text: str, code: str, feeling: Feeling
) -> None:
    assert [one.feeling for one in feelings_in_words(text, code)] == [feeling]


def test_what_says_nothing_is_felt_as_nothing() -> None:
    assert feelings_in_words("The train leaves at ten.", "en") == ()
    assert feelings_in_words("It is open!", "en") == (Felt(Feeling.SMILE, 0.0, BY_PUNCTUATION),)


@pytest.mark.parametrize("code", codes())
def test_each_language_has_words_for_each_feeling(code: str) -> None:
    for kind in Feeling:
        words = getattr(language(code).felt, kind.value)
        assert words and len(set(words)) == len(words)
        plain = [word for word in words if word.isalpha()]
        for word in plain:
            found = feelings_in_words(f"… {word} …", code)
            assert [one.feeling for one in found] == [kind], word


def test_sentences_are_equal_whatever_is_felt() -> None:
    assert Sentence(0, "Hi.", feelings=(Felt(Feeling.SMILE, 0.5),)) == Sentence(0, "Hi.")


def test_how_a_reply_is_cut_into_pieces_changes_nothing() -> None:
    text = "Well. 😊 The film is at eight. 😢 [laugh] The theatre is old. Is it? :) Yes"
    whole = sentences_of(text)
    splitter = SentenceSplitter()
    pieces = [sentence for char in text for sentence in splitter.feed(char)]
    pieces += splitter.finish()
    assert [s.feelings for s in pieces] == [s.feelings for s in whole]
