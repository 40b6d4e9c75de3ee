"""Subtitles and signs on the picture."""

from types import SimpleNamespace

import numpy as np
import pytest

from daemon.face.overlay import NOTHING, Caption, PictureOverlay
from daemon.face.subtitles import COLUMNS, as_drawn, columns_of, draw, part_at, parts
from daemon.media import Image

LONG = " ".join(f"Number {number} jumps over the lazy dog, and rests." for number in range(130))
SIZES = [(64, 64), (854, 480), (1280, 720), (1920, 1080)]


def grey(size: tuple[int, int]) -> Image:
    return np.full((size[1], size[0], 3), 128, np.uint8)


def overlay(**look: object) -> PictureOverlay:
    given = SimpleNamespace(mirror=False, subtitle_size=1.0, subtitle_place="bottom", **{})
    for name, value in look.items():
        setattr(given, name, value)
    return PictureOverlay(lambda: given)


def laid(over: PictureOverlay, picture: Image, caption: Caption) -> Image:
    over.now = lambda: caption
    over.scene()
    return over.over(picture)


@pytest.mark.parametrize(
    "text",
    [
        LONG,
        "今天天气很好，我们出去走走，看看花，再回来喝茶。" * 200,
        "x" * 5000,
        "😀" * 5000,
        "שלום עולם " * 400,
        "مرحبا بالعالم " * 300,
        "नमस्ते दुनिया",
        "\u202e\u0000\ufeff\ud800",
        "",
        " \n\t ",
    ],
)
def test_any_text_becomes_short_lines(text: str) -> None:
    for part in parts(text):
        assert 1 <= len(part) <= 2
        assert all(0 < columns_of(line) <= COLUMNS + 2 for line in part)
        for size in SIZES:
            added, kept = draw(part, size, 2.0)
            assert added.shape[1] <= size[0]
            assert kept.shape == (*added.shape[:2], 1)
        break


def test_a_long_sentence_is_shown_as_it_is_spoken() -> None:
    shown = [part_at(LONG, share) for share in np.linspace(0, 1, 200)]
    assert shown[0] == parts(LONG)[0]
    assert shown[-1] == parts(LONG)[-1]
    order = list(dict.fromkeys(shown))
    assert len(order) > 50
    assert " ".join(line for part in parts(LONG) for line in part) == LONG[:5000].strip()


def test_no_line_begins_with_a_comma() -> None:
    text = "一二三四五六七八九十" * 2 + "一，" + "二三四五"
    (lines,) = parts(text)
    assert lines[0].endswith("，")


def test_emoji_are_left_out_and_words_stay() -> None:
    assert parts("Hi 😀 there 👍🏽!") == (("Hi there !",),)


def test_hebrew_is_drawn_from_the_right() -> None:
    assert as_drawn("שלום abc") == "abc םולש"
    assert as_drawn("abc שלום 12") == "abc םולש 12"
    assert as_drawn("שלום, hello!") == "!hello ,םולש"
    assert as_drawn("plain") == "plain"


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("place", ["top", "bottom"])
def test_subtitles_are_where_they_are_wanted(size: tuple[int, int], place: str) -> None:
    picture = grey(size)
    out = laid(overlay(subtitle_place=place), picture, Caption(("Good morning!",)))
    assert (picture == 128).all(), "the face's own picture stays"
    rows = np.flatnonzero((out != 128).any(axis=(1, 2)))
    half = size[1] / 2
    assert len(rows)
    assert (rows.max() < half) if place == "top" else (rows.min() > half)


def test_nothing_is_done_unasked() -> None:
    picture = grey((640, 360))
    assert laid(PictureOverlay(), picture, Caption(("Hello",))) is picture
    assert laid(overlay(), picture, NOTHING) is picture
    assert overlay().mirrored(picture) is picture


@pytest.mark.parametrize("sign", ["muted", "thinking"])
def test_a_sign_is_small_and_in_a_corner(sign: str) -> None:
    caption = Caption(sign="muted" if sign == "muted" else "thinking")
    out = laid(overlay(), grey((1280, 720)), caption)
    rows, columns = np.nonzero((out != 128).any(axis=2))
    assert rows.max() < 0.16 * 720
    assert columns.max() < 0.1 * 1280


def test_a_mirror() -> None:
    picture = grey((64, 64))
    picture[:, :10] = 0
    assert (overlay(mirror=True).mirrored(picture)[:, -10:] == 0).all()
