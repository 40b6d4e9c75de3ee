"""What our sound streams tell a server of themselves; the servers are in tests/hardware."""

import os

import pytest

from daemon.audio.virtual_microphone import _stream_properties

NAMES = ("PULSE_PROP", "PIPEWIRE_ALSA")


def test_streams_have_a_name_of_their_own_and_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    with _stream_properties("both call"):
        pulse, pipewire = (os.environ[name] for name in NAMES)
    assert pulse == 'application.id="digital-life both call"'
    process = f'application.process.id="{os.getpid()}"'
    assert pipewire == f'{{ application.id="digital-life both call" {process} }}'
    assert not {*NAMES} & {*os.environ}


@pytest.mark.parametrize("own", ["{ alsa.buffer-bytes=8192 }", "alsa.buffer-bytes=8192"])
def test_what_the_user_has_set_stays(monkeypatch: pytest.MonkeyPatch, own: str) -> None:
    monkeypatch.setenv("PIPEWIRE_ALSA", own)
    monkeypatch.setenv("PULSE_PROP", "media.role=music")
    with _stream_properties("both call"):
        assert os.environ["PIPEWIRE_ALSA"].startswith("{ alsa.buffer-bytes=8192 application.id=")
        assert os.environ["PULSE_PROP"].startswith("media.role=music application.id=")
    assert os.environ["PIPEWIRE_ALSA"] == own
    assert os.environ["PULSE_PROP"] == "media.role=music"
