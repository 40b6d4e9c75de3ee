import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.brain.sentences import MAX_SENTENCE_WIDTH, SentenceSplitter, width


def cut(*pieces: str) -> list[str]:
    splitter = SentenceSplitter()
    sentences = [sentence for piece in pieces for sentence in splitter.feed(piece)]
    sentences += splitter.finish()
    assert [sentence.index for sentence in sentences] == list(range(len(sentences)))
    return [sentence.text for sentence in sentences]


def cut_later(text: str) -> list[str]:
    """How ``text`` is cut once speech is well under way."""
    opening = "Here is something to begin with."
    first, *later = cut(opening + "\n" + text)
    assert first == opening
    return later


@pytest.mark.parametrize(
    "text",
    [
        "The value is 3.14 or 1,000 at 3:30 in the afternoon.",
        "We met Dr. Smith and Mr. J. R. Jones at the U.S. embassy.",
        "It is fifty dollars, incl. 19 percent of tax.",
        "It was Mt. Everest (8,848 m) and Col. Fox Jr. (1929) saw it.",
        "Some fruit, e.g. apples, i.e. what grows on trees etc. is good.",
        "Open main.py or example.com or write to me@example.org.",
        "Well... maybe it is so after all.",
        "See No. 5 and Fig. 3 from Jan. 4 for more of this.",
        "1. Wash the apples first.",
        "They are around 1. 4 million people.",
        "“Do you think so?” she asked him quietly.",
        "圆周率约等于3.14，请打开main.py看一看。",
    ],
)
def test_these_are_one_sentence(text: str) -> None:
    assert cut_later(text) == [text]


@pytest.mark.parametrize(
    "sentences",
    [
        ["It was raining that day. ", "Nobody went out! ", "Why should they? ", "They stayed in."],
        ["“I really think so.” ", "Then he left the house. ", "(It was quite late.) ", "He slept."],
        [
            "这是第一句话。",
            "这是第二句话！",
            "这是第三句吗？",
            "他说：“我不知道啊。”",
            "他就走了。",
        ],
        ["我们去了很多地方…", "后来我们就回家了。"],
        ["Python很容易学习。", "It is used everywhere. ", "它的文件叫main.py。", "That is all!"],
    ],
)
def test_sentences_end_with_their_punctuation_and_quotes(sentences: list[str]) -> None:
    assert cut_later("".join(sentences)) == [sentence.strip() for sentence in sentences]


def test_a_new_line_ends_a_sentence_without_punctuation() -> None:
    assert cut_later("Roses are red\nViolets\n\nSugar") == ["Roses are red", "Violets", "Sugar"]


def test_short_sentences_join_the_next() -> None:
    assert cut_later("Yes. No. That is what I said.") == ["Yes. No. That is what I said."]
    assert cut_later("好的。我们现在就走吧。") == ["好的。我们现在就走吧。"]


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("The capital of France, as you know, is Paris.", "The capital of France,"),
        ("Well, I think, it is so.", "Well, I think,"),
        ("Yes. It is the capital of France.", "Yes."),
        ("中国的首都是北京，它很大。", "中国的首都是北京，"),
        ("是的，中国的首都是北京。", "是的，中国的首都是北京。"),
        ("The sky is blue because air scatters light.", "The sky is blue"),
        (
            "A very large number of small green birds flew past",
            "A very large number of small green birds",
        ),
        ("今天北京的天气特别好适合出门散步的人都出来了", "今天北京的天气特别好适合出门散步的"),
        ("1,000 people came to it.", "1,000 people came to it."),
        ("他拍了拍我的肩膀——然后走了。", "他拍了拍我的肩膀—"),
        ("Bake it for 20–25 minutes, then rest.", "Bake it for 20–25 minutes,"),
        ("The long London–Paris train, they say", "The long London–Paris train,"),
        ("The war of 1914—1918, they say", "The war of 1914—1918,"),
        ("It is a cat – or a dog.", "It is a cat –"),
        (
            "That very old mountain was climbed once on 29 May of that year",
            "That very old mountain was climbed once on 29 May",
        ),
    ],
)
def test_the_first_piece_is_cut_early(text: str, first: str) -> None:
    assert cut(text)[0] == first


def test_after_a_very_short_first_piece_the_second_is_cut_early_too() -> None:
    assert cut("Sure! The capital of France, as you know, is Paris.")[:2] == [
        "Sure!",
        "The capital of France,",
    ]


def test_only_the_first_piece_is_cut_early() -> None:
    assert cut_later("The capital of France, as you know, is Paris.") == [
        "The capital of France, as you know, is Paris."
    ]


def test_a_clause_is_given_before_the_next_word_is_complete() -> None:
    splitter = SentenceSplitter()
    assert not splitter.feed("我想中国的首都是北京")
    assert [sentence.text for sentence in splitter.feed("，")] == ["我想中国的首都是北京，"]


@pytest.mark.parametrize(
    ("written", "first"),
    [
        ("Cats sleep to conserve energy,", "Cats sleep to conserve energy,"),
        ("For the person who isn't well-off,", "For the person who isn't well-off,"),
        ("A very large number of small green birds l", "A very large number of small green birds"),
    ],
)
def test_the_first_piece_is_given_before_what_follows_is_complete(written: str, first: str) -> None:
    splitter = SentenceSplitter()
    assert not splitter.feed(written[:-1])
    assert [sentence.text for sentence in splitter.feed(written[-1])] == [first]


@pytest.mark.parametrize(
    "written", ["There are about 10,", "It is called **energy,", 'He said to me "no,', "See $a,"]
)
def test_a_comma_that_may_be_something_else_waits(written: str) -> None:
    assert not SentenceSplitter().feed(written)


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("The largest ocean on Earth is the Pacific.", "The largest ocean on Earth"),
        ("Romeo and Juliet were written by Shakespeare.", "Romeo and Juliet were written"),
        ("The first city you should see is Rome.", "The first city you should see"),
        ("The tower with a clock is by far older.", "The tower with a clock"),
        ("There were in all 29 by the end of May.", "There were in all 29 by the end"),
        ("It is a nice place for a dog.", "It is a nice place"),
        ("今天北京的天气特别好适合出门散步的人", "今天北京的天气特别好适合出门散步的"),
    ],
)
def test_where_writing_is_far_quicker_than_speech_a_phrase_is_a_first_piece(
    text: str, first: str
) -> None:
    brisk = SentenceSplitter(brisk=True)
    said = [sentence.text for sentence in [*brisk.feed(text), *brisk.finish()]]
    assert said[0] == first
    assert len("".join(cut(text)[0])) >= len(first)


def test_a_number_at_the_end_of_a_piece_waits() -> None:
    splitter = SentenceSplitter()
    assert not splitter.feed("It costs about 3.")
    assert not splitter.feed("5")
    assert [sentence.text for sentence in splitter.feed(". N")] == ["It costs about 3.5."]


def test_a_long_sentence_is_cut_at_a_clause() -> None:
    clause = "and so it goes on with many a word until the comma, "
    pieces = cut_later("It begins here " + clause * 12)
    assert all(width(piece) <= MAX_SENTENCE_WIDTH for piece in pieces)
    assert all(piece.endswith(",") for piece in pieces)


def test_a_long_sentence_without_clauses_is_cut_between_words() -> None:
    text = " ".join(["supercalifragilistic"] * 40)
    pieces = cut_later(text)
    assert " ".join(pieces) == text
    assert all(width(piece) <= MAX_SENTENCE_WIDTH for piece in pieces)


def test_markdown_over_several_pieces() -> None:
    assert cut(
        "This is **bo", "ld** te", "xt. See [he", "re](http://x", ".org/a.b) it", " is."
    ) == [
        "This is bold text.",
        "See here it is.",
    ]


@pytest.mark.parametrize(
    ("text", "opener"),
    [
        ("Sure, I will do that.", "Sure,"),
        ("**Got it**, I have noted that.", "Got it,"),
        ("Good morning! How are you?", "Good morning!"),
        ("好的，厨房的灯已经打开了。", "好的，"),
        ("我不知道，我没有电话簿。", "我不知道，"),
        ("你好！有什么我能帮你的？", "你好！"),
    ],
)
def test_an_opener_is_a_piece_of_its_own(text: str, opener: str) -> None:
    splitter = SentenceSplitter(openers=True)
    first, *rest = [*splitter.feed(text), *splitter.finish()]
    assert (first.text, first.opener) == (opener, True)
    assert not any(sentence.opener for sentence in rest)


@pytest.mark.parametrize(
    "text",
    [
        "Yes.",
        "好的。",
        "12, that is a dozen.",
        "As far as I know, it is.",
        "It is Paris.",
        "红、黄和蓝。",
        "我的名字叫数字生命，你呢？",
    ],
)
def test_these_do_not_begin_with_an_opener(text: str) -> None:
    splitter = SentenceSplitter(openers=True)
    assert not any(sentence.opener for sentence in [*splitter.feed(text), *splitter.finish()])


def test_nothing_to_say_takes_no_index() -> None:
    assert cut("😊😊\n\n**Hello there.**\n---\nIt is a fine day.") == [
        "Hello there.",
        "It is a fine day.",
    ]


def test_finish_leaves_nothing_behind() -> None:
    splitter = SentenceSplitter()
    splitter.feed("half a sen")
    assert [sentence.text for sentence in splitter.finish()] == ["half a sen"]
    assert splitter.finish() == []


WRITING = st.text(
    st.sampled_from("aB3 .,!?;:…。，！？；、：“”\"'()[]*_`#<>/|-—~$\\^\n你好的了😊"), max_size=120
)


@given(WRITING, st.data())
def test_the_outcome_does_not_depend_on_the_pieces(text: str, data: st.DataObject) -> None:
    ends = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=8)))
    pieces = [text[a:b] for a, b in zip([0, *ends], [*ends, len(text)], strict=True)]
    assert cut(*pieces) == cut(text)


# ":a:" is no plain text but an emoji as chats write it.
PLAIN = st.text(st.sampled_from("aBc ef3 .,!?;:…。，！？；、：“”\n你好的了中"), max_size=400)


@given(PLAIN.filter(lambda text: not re.search(r":[a-z][a-z0-9]*:", text)))
def test_no_letter_of_plain_text_is_lost_or_moved(text: str) -> None:
    def letters(written: str) -> str:
        return "".join(char for char in written if char.isalnum())

    assert letters("".join(cut(text))) == letters(text)


@given(WRITING)
def test_every_sentence_says_something_and_is_not_too_long(text: str) -> None:
    for sentence in cut(text * 4):
        assert any(char.isalnum() for char in sentence)
        assert width(sentence) <= MAX_SENTENCE_WIDTH


@pytest.mark.parametrize(
    "text",
    [
        "x" * 10_000,
        "[" * 4_000,
        "<" * 4_000,
        "`" * 4_000,
        "*_" * 2_000,
        "|x" * 2_000,
        "```" + "x" * 10_000,
        "好" * 4_000,
        " " * 10_000,
        "<a b=" * 1_000,
        "<think>" + "x" * 20_000,
    ],
)
def test_time_is_in_proportion_to_the_length(text: str) -> None:
    """Seconds if each character costs the same; if each costs all before it, minutes."""
    assert all(width(sentence) <= MAX_SENTENCE_WIDTH for sentence in cut(text))


def test_halves_of_characters_are_not_said() -> None:
    assert cut("Tea\ud83d is ready.") == ["Tea is ready."]
