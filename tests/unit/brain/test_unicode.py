import pytest

from daemon.brain.unicode import well_formed


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("plain 文字 😀\n\t", "plain 文字 😀\n\t"),
        ("\ud83d\ude00", "😀"),
        ("a\ud800b", "a\ufffdb"),
        ("\udcff", "\ufffd"),
        ("a\x00b\x1b[2Jc", "ab[2Jc"),
    ],
)
def test_every_text_can_be_written_as_utf_8(text: str, left: str) -> None:
    assert well_formed(text) == left
    assert well_formed(text).encode()
