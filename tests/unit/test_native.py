import logging
import os

import pytest

from daemon.native import quiet_stderr


def test_native_lines_are_dropped_and_later_ones_come_through(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger(), "level", logging.INFO)
    with quiet_stderr():
        os.write(2, b"INFO: a delegate was created\n")
    os.write(2, b"an error\n")
    assert capfd.readouterr().err == "an error\n"


def test_debugging_hears_all(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger(), "level", logging.DEBUG)
    with quiet_stderr():
        os.write(2, b"INFO: a delegate was created\n")
    assert "delegate" in capfd.readouterr().err
