"""Where a film may be written."""

import argparse

import pytest

from daemon.commands.film import film_path


def test_a_film_is_an_mp4() -> None:
    assert film_path("a/Reply.MP4").name == "Reply.MP4"
    with pytest.raises(argparse.ArgumentTypeError, match=r"reply\.txt: films are written as \.mp4"):
        film_path("reply.txt")
