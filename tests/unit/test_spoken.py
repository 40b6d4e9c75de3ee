import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.brain.spoken import Spoken, tidy


def spoken(text: str) -> str:
    """What is left of ``text``, line by line, each tidied."""
    filter_ = Spoken()
    left = "".join(map(filter_.feed, text)) + filter_.finish()
    return "\n".join(line for line in map(tidy, left.split("\n")) if line)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("**bold** and *slanted* and __both__ and ~~gone~~", "bold and slanted and both and gone"),
        ("**重点**是这个。", "重点是这个。"),
        ("# A title\nText", "A title\nText"),
        ("- one\n* two\n+ three\n• four", "one\ntwo\nthree\nfour"),
        ("> - quoted", "quoted"),
        ("- [x] done\n- [ ] open", "done\nopen"),
        ("1. First\n2. Second", "1. First\n2. Second"),
        ("one\n---\ntwo", "one\ntwo"),
        ("Call `print()` now", "Call print() now"),
        ("a snake_case name", "a snake case name"),
        (r"2 \* 3", "2 × 3"),
    ],
)
def test_markdown_is_read_and_not_spelt(written: str, said: str) -> None:
    assert spoken(written) == said


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("See [the page](https://x.org/a?b=c) now.", "See the page now."),
        ("See ![a cat](cat.png) here", "See a cat here"),
        ("Known [1] since [^2] then [text][3].", "Known since then text."),
        ("At https://www.example.com/a/b?c=1.", "At example.com."),
        ("(see http://example.org/a)", "(see example.org)"),
        ("<https://example.org/x>", "example.org"),
        ("请访问https://www.example.com，谢谢", "请访问example.com，谢谢"),
        ("Mail me@x.org or open main.py", "Mail me@x.org or open main.py"),
        ("an array [a, b] stays", "an array [a, b] stays"),
    ],
)
def test_links_are_their_text_and_addresses_their_host(written: str, said: str) -> None:
    assert spoken(written) == said


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("```python\nprint('a. b')\n```\nDone.", "Done."),
        ("Like this: ```py\nx = 1\n```\nDone.", "Like this:\nDone."),
        ("Use ```x = 1``` here.", "Use here."),
        ("Never closed:\n```\nx = 1", "Never closed:"),
        ("<think>Hm. **Yes**.</think>\n\nHello.", "Hello."),
        ("<think>never finished", ""),
        ("<b>bold</b> <a href='x y'>text</a><br/>", "bold text"),
        ("text<|im_end|>", "text"),
        ("fish &amp; chips", "fish & chips"),
        ("a < b and x <y and 3 > 2", "a < b and x <y and 3 > 2"),
    ],
)
def test_code_thoughts_and_tags_are_not_spoken(written: str, said: str) -> None:
    assert spoken(written) == said


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("Hi 😊! 👍🏽 👨‍👩‍👧 🇨🇳 ❤️", "Hi!"),
        ("你好😊，世界", "你好，世界"),
        ("Nice :) very ;-) <3 ^_^", "Nice very"),
        ("ratio 3:4 and 3:30", "ratio 3:4 and 3:30"),
        ("A → B", "A B"),
        ("No!!! Really?!? Yes......", "No! Really? Yes..."),
        ("不会吧！！！？", "不会吧？"),
        ("3 * 4 = 12, 2*3, 2**3", "3 × 4 = 12, 2×3, 2^3"),
        ("2~3天", "2-3天"),
        ("好的~~~", "好的"),
        (".5 is a half", ".5 is a half"),
        ("，然后走。", "然后走。"),
    ],
)
def test_pictures_and_repetition_are_dropped_and_sums_kept(written: str, said: str) -> None:
    assert spoken(written) == said


def test_a_table_is_a_sentence_a_row() -> None:
    assert spoken("| city | people |\n|:--|--:|\n| Rome | 3 |\n") == "city, people.\nRome, 3."
    assert spoken("| 城市 | 人口 |\n|---|---|\n| 北京 | 多 |") == "城市，人口。\n北京，多。"


@pytest.mark.parametrize("nothing", ["", " \n", "**", "😊😊", "---", "...", "！", "```\nx\n```"])
def test_nothing_to_say_is_nothing(nothing: str) -> None:
    assert spoken(nothing) == ""


def test_text_is_given_as_soon_as_it_is_certain() -> None:
    filter_ = Spoken()
    assert [filter_.feed(char) for char in "你好 **a"] == ["你", "好", " ", "", "", ""]
    assert filter_.next_visible == "a"


def test_a_bracket_that_stays_open_does_not_hold_for_ever() -> None:
    filter_ = Spoken()
    assert "".join(map(filter_.feed, "[" + "word " * 100))


@given(st.text(st.sampled_from("ab 好。.!*_`[](){}<>/|#-=:~\n1😊&\\h"), max_size=60))
def test_anything_can_be_fed(text: str) -> None:
    assert "*" not in spoken(text).replace("\\*", "")
