"""What is sent to llama.cpp's server gets there, also on a machine that is slow to send."""

import http.client

import pytest

from daemon.brain.llama_server import ATTEMPTS, send


class Impatient(http.client.HTTPConnection):
    """Has hung up on the first requests."""

    def __init__(self, times: int) -> None:
        super().__init__("localhost")
        self.left = times
        self.closed = 0

    def request(self, *words: object, **more: object) -> None:
        self.left -= 1
        if self.left >= 0:
            raise BrokenPipeError

    def close(self) -> None:
        self.closed += 1


def test_a_request_that_came_too_late_is_sent_again() -> None:
    connection = Impatient(2)
    send(connection, "GET", "/props", None, {})
    assert connection.closed == 2


def test_and_not_for_ever() -> None:
    connection = Impatient(1000)
    with pytest.raises(BrokenPipeError):
        send(connection, "GET", "/props", None, {})
    assert connection.closed == ATTEMPTS
