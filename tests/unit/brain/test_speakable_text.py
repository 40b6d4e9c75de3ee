import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.brain.speakable_text import SpeakableText, tidy


def spoken(text: str) -> str:
    """What is left of ``text``, line by line, each tidied."""
    filter_ = SpeakableText()
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


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("first line<br>second line", "first line\nsecond line"),
        ("one<BR/>two<br />three", "one\ntwo\nthree"),
        ("<p>One</p><p class='x y'>Two</p>", "One\nTwo"),
        ("<ul>\n<li>tea</li>\n<li>milk</li>\n</ul>", "tea\nmilk"),
        ("<tr><td>Ann</td><td>5</td></tr><tr><td>Bob</td><td>6</td></tr>", "Ann, 5\nBob, 6"),
        ("So <!-- a > b\nnot said --> it is", "So it is"),
        ("So <script>if (a > b) { x(); }</script>it is", "So it is"),
        ("Like <pre>x = 1\ny</pre> this", "Like\nthis"),
        ("an <input disabled name='x'> field", "an field"),
        ("&lt;b&gt; is bold&nbsp;text &#169;", "<b> is bold text"),
        ("x<sup>2</sup>", "x^2"),
    ],
)
def test_html_is_read_and_its_parts_are_apart(written: str, said: str) -> None:
    assert spoken(written) == said


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("~~~\nrm -r kettle\n~~~\nDone.", "Done."),
        ("~~~ sh\nrm -r kettle\n~~~\nDone.", "Done."),
        ("````md\n```\nx\n```\n````\nDone.", "Done."),
        ("Name | Age\n--- | ---\nAnn | 5\n", "Name, Age\nAnn, 5"),
        ("Known[^1] since[^note].\n[^1]: The source.", "Known since.\nThe source."),
        ("Known fact¹ of old.² So", "Known fact of old. So"),
        ("See it.\n[1]: https://example.org/a\nEnd.", "See it.\nEnd."),
        ("1 ℹ️ and ㊗️ and :smile: and :+1:", "1 and and and"),
        ("at 10:30:45 or 3:2", "at 10:30:45 or 3:2"),
        ("about ~5 of ~~6~~ 7, ~$3", "about ~5 of 6 7, ~$3"),
        ("Water boils.[1][2] So", "Water boils. So"),
        ("Known.[1](https://x.org)[[2]](https://y.org) So", "Known. So"),
        ("据报道【3†source】如此", "据报道如此"),
        ("a ==marked== word, a==b", "a marked word, a==b"),
    ],
)
def test_more_of_markdown(written: str, said: str) -> None:
    assert spoken(written) == said


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (r"Half is $\frac{1}{2}$.", "Half is one half."),
        (r"It is \( \pi r^2 \) large.", "It is pi r squared large."),
        (r"So $$E = mc^2$$ holds, and $n^2 \leq 24$.",
         "So E equals m c squared holds, and n squared is less than or equal to 24."),
        (r"Then \[ x = \frac{-b \pm \sqrt{b^2-4ac}}{2a}. \]",
         "Then x equals minus b plus or minus the square root of b squared minus 4 a c, over 2 a."),
        (r"Here $\sum_{i=1}^{n} i$ and $\int_0^1 f(x)\,dx$",
         "Here the sum from i equals 1 to n of i and the integral from 0 to 1 of f of x d x"),
        (r"As $\lim_{x \to 0} \frac{\sin x}{x} = 1$",
         "As the limit as x approaches 0 of sine x, over x equals 1"),
        (r"Take $x_1 \in \mathbb{R}$ and $90^\circ$", "Take x sub 1 in R and 90 degrees"),
        (r"With $\sqrt[3]{8} = 2$ and \boxed{42}", "With the cube root of 8 equals 2 and 42"),
        (r"Odd $\foo{x} + \alpha$", "Odd foo x plus alpha"),
        (r"$\frac13$ is a third", "one third is a third"),
        (r"At $3 \times 10^8$ m/s", "At 3 times 10 to the power of 8 m/s"),
        (r"About $1{,}000$ or $1\,500$ people", "About 1,000 or 1,500 people"),
        (r"\begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix} so", "1 2, 3 4 so"),
        (r"$\begin{array}{cc} a & b \end{array}$ so", "a b so"),
        (r"$\frac{1}{2}$是一半", "二分之一是一半"),
        (r"面积是\( \pi r^2 \)。", "面积是派r的平方。"),
        (r"设$x \geq 1$，则$\sqrt{x} \geq 1$。", "设x大于等于1，则根号x大于等于1。"),
        (r"所以$\sum_{i=1}^{n} i$", "所以从i等于1到n求和，i"),
        (r"Here $P(A|B) = 1$ and $|x| < 1$ and $n!$",
         "Here P of A given B equals 1 and the absolute value of x is less than 1 and n factorial"),
        (r"Take $\gcd(a,b)$ and 10\% off",
         "Take the greatest common divisor of a, b and 10% off"),
        ("It costs $5 and $6, or US$7 for $3.50.", "It costs $5 and $6, or US$7 for $3.50."),
        ("From $5-$10 to $1,000.", "From $5-$10 to $1,000."),
        ("价格是$5，还有$6。", "价格是$5，还有$6。"),
        (r"Never closed \( x + 1", "Never closed ( x + 1"),
    ],
)  # fmt: skip
def test_formulas_are_read_in_the_language_around_them(written: str, said: str) -> None:
    assert spoken(written) == said


def test_money_does_not_wait_for_a_second_dollar_sign() -> None:
    filter_ = SpeakableText()
    assert (
        "".join(map(filter_.feed, "It costs $500. And $3 a day ")) == "It costs $500. And $3 a day "
    )


def test_braces_without_end_are_no_depth_without_end() -> None:
    assert spoken("So $" + "{" * 300 + "x" + "}" * 300 + "$ it is") is not None
    assert spoken("So $x^" + "{y^" * 60 + "z" + "}" * 60 + "$ it is").startswith("So x")


@pytest.mark.parametrize("nothing", ["", " \n", "**", "😊😊", "---", "...", "！", "```\nx\n```"])
def test_nothing_to_say_is_nothing(nothing: str) -> None:
    assert spoken(nothing) == ""


def test_text_is_given_as_soon_as_it_is_certain() -> None:
    filter_ = SpeakableText()
    assert [filter_.feed(char) for char in "你好 **a"] == ["你", "好", " ", "", "", ""]
    assert filter_.next_visible == "a"


def test_a_bracket_that_stays_open_does_not_hold_for_ever() -> None:
    filter_ = SpeakableText()
    assert "".join(map(filter_.feed, "[" + "word " * 100))


@given(st.text(st.sampled_from("ab 好。.!*_`[](){}<>/|#-=:~\n1😊&\\h$^"), max_size=60))
def test_anything_can_be_fed(text: str) -> None:
    assert "*" not in spoken(text).replace("\\*", "")
