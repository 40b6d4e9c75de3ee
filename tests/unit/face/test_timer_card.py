"""The card with timers and alarms in a corner of the picture."""

import time
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest

from daemon import i18n
from daemon.face.pixels import Floats
from daemon.face.timer_card import (
    MAX_NAME,
    MAX_ROWS,
    RINGS,
    SOON_S,
    CardEntry,
    CardRow,
    TimerCard,
    card_rows,
    countdown,
    draw_card,
    short_name,
)
from daemon.media import Image

NOW = 1_900_000_000.25
PASTA = CardEntry("timer", "pasta", NOW + 522, 600)
ALARM = CardEntry("alarm", "", NOW + 1800)
SIZES = [(1280, 720), (640, 360), (360, 640), (64, 64)]


def grey(size: tuple[int, int]) -> Image:
    return np.full((size[1], size[0], 3), 128, np.uint8)


def drawn(*entries: CardEntry, size: tuple[int, int] = (1280, 720), now: float = NOW) -> Image:
    card = TimerCard()
    card.entries = entries
    return card.over(grey(size), now)


@pytest.mark.parametrize(
    ("left_s", "shown"),
    [(0, "00:00"), (0.2, "00:01"), (59.5, "01:00"), (522, "08:42"), (3600, "1:00:00"),
     (86399.5, "24:00:00")],
)  # fmt: skip
def test_the_countdown_reads_as_a_clock(left_s: float, shown: str) -> None:
    assert countdown(left_s) == shown


def test_the_next_timer_and_an_alarm_within_the_hour_are_shown() -> None:
    later = CardEntry("timer", "cake", NOW + 3000, 3000)
    rows = card_rows([later, ALARM, PASTA, CardEntry("reminder", "call", NOW + 60)], NOW)
    assert [(row.kind, row.big, row.small) for row in rows] == [
        ("timer", "08:42", "pasta"),
        ("alarm", time.strftime("%H:%M", time.localtime(ALARM.due)), "Alarm"),
    ]
    assert rows[0].share == pytest.approx(0.87, abs=0.02)
    far = CardEntry("alarm", "", NOW + SOON_S + 1)
    assert not card_rows([far, CardEntry("reminder", "call", NOW + 60)], NOW)


def test_what_rings_comes_first_and_a_reminders_words_stay_private() -> None:
    rows = card_rows(
        [
            PASTA,
            CardEntry("reminder", "call the dentist", NOW, ringing=True),
            CardEntry("alarm", "get up", NOW - 5, ringing=True),
            CardEntry("timer", "", NOW - 5, 60, ringing=True),
        ],
        NOW,
    )
    assert [(row.big, row.small) for row in rows] == [
        ("Reminder", "ringing"),
        ("get up", "ringing"),
        ("Timer", "ringing"),
    ]
    assert len(rows) == MAX_ROWS
    assert "dentist" not in repr(rows)


def test_it_speaks_chinese() -> None:
    with i18n.speaking("zh"):
        (row,) = card_rows([CardEntry("timer", "", NOW, 60, ringing=True)], NOW)
    assert (row.big, row.small) == ("计时器", "响铃中")


def test_a_name_is_cut_and_cleared_of_what_cannot_be_drawn() -> None:
    assert short_name("  the very long cooking of beans ") == "the very long…"
    assert short_name("把冰箱里的剩菜都热一热") == "把冰箱里的剩菜…"
    assert short_name("🍝 pasta\u202e\n\x00now") == "pasta now"
    assert len(short_name("x" * 10_000)) == MAX_NAME + 1


@pytest.mark.parametrize("size", SIZES)
def test_it_lies_in_the_upper_right_corner_and_nowhere_else(size: tuple[int, int]) -> None:
    picture = grey(size)
    card = TimerCard()
    card.entries = (PASTA, ALARM)
    shown = card.over(picture, NOW)
    assert (picture == 128).all(), "a face may show the same picture again"
    assert shown.shape == picture.shape
    assert shown.dtype == np.uint8
    rows, columns = np.nonzero((shown != 128).any(axis=2))
    if min(size) >= 360:
        assert rows.max() < size[1] / 3
        assert columns.min() > size[0] / 2
    assert size[0] - columns.max() - 1 == pytest.approx(round(min(size) * 0.036), abs=2)


def test_without_anything_to_show_the_picture_is_the_faces_own() -> None:
    card, picture = TimerCard(), grey((640, 360))
    assert card.over(picture, NOW) is picture
    card.entries = (PASTA,)
    assert card.over(picture, NOW) is not picture
    card.entries = ()
    assert card.over(picture, NOW) is picture


def test_the_ring_is_as_long_as_what_is_left_of_the_timer() -> None:
    """Of the accent's colour there is less and less."""

    def bright(left_s: float) -> int:
        picture = drawn(CardEntry("timer", "x", NOW + left_s, 600)).astype(int)
        return int(((picture[..., 1] - picture[..., 0]) > 60).sum())

    amounts = [bright(left_s) for left_s in (600, 450, 300, 150, 20)]
    assert amounts == sorted(amounts, reverse=True)
    assert amounts[2] == pytest.approx(amounts[0] / 2, rel=0.15)


def test_it_is_drawn_once_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def counted(rows: Sequence[CardRow], size: tuple[int, int]) -> tuple[Floats, Floats]:
        calls.append(rows)
        return draw_card(rows, size)

    monkeypatch.setattr("daemon.face.timer_card.draw_card", counted)
    card = TimerCard()
    card.entries = (PASTA, ALARM)
    for tick in range(76):
        card.over(grey((640, 360)), NOW + tick / 25)
    assert 3 <= len(calls) <= 5


def test_ringing_changes_colour_from_second_to_second() -> None:
    entry = CardEntry("timer", "pasta", NOW, 600, ringing=True)
    for second, ink in enumerate((RINGS[int(NOW) % 2], RINGS[(int(NOW) + 1) % 2])):
        picture = drawn(entry, now=NOW + second)
        near = (np.abs(picture.astype(int) - ink) <= 3).all(axis=2)
        assert near.sum() > 200


def test_chinese_and_latin_names_are_drawn() -> None:
    pictures = [drawn(CardEntry("timer", name, NOW + 60, 60)) for name in ("煮面条", "pasta", "")]
    assert all((a != b).any() for a, b in pairwise(pictures))
