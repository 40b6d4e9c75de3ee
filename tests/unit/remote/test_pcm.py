"""Sound as servers send it."""

import io
import struct
import wave

import numpy as np
import pytest

from daemon.media import joined
from daemon.remote.pcm import Format, sounds, to_pcm
from daemon.remote.place import Unusable
from tests.unit.remote.server_helpers import tone

BARE = Format(24_000)


def wav(rate: int, channels: int = 1, width: int = 2) -> bytes:
    content = io.BytesIO()
    with wave.open(content, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate)
        sound = np.repeat(tone(0.1, rate), channels)
        file.writeframes(to_pcm(sound) if width == 2 else bytes(len(sound)))
    return content.getvalue()


def cut(content: bytes, size: int) -> list[bytes]:
    return [content[at : at + size] for at in range(0, len(content), size)]


@pytest.mark.parametrize("size", [1, 3, 7, 4800])
def test_samples_may_be_cut_anywhere(size: int) -> None:
    expected = tone(0.1, 24_000)
    found = joined(list(sounds(cut(to_pcm(expected), size), BARE)))
    assert found.rate == 24_000
    np.testing.assert_allclose(found.samples, expected, atol=1e-4)


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("size", [5, 4800])
def test_a_wav_tells_its_own_rate(channels: int, size: int) -> None:
    found = joined(list(sounds(cut(wav(22_050, channels), size), BARE)))
    assert found.rate == 22_050
    np.testing.assert_allclose(found.samples, tone(0.1, 22_050), atol=1e-4)


def test_a_wav_that_is_streamed_has_no_length() -> None:
    content = bytearray(wav(16_000))
    content[4:8] = content[40:44] = struct.pack("<I", 0xFFFFFFFF)
    assert joined(list(sounds([bytes(content)], BARE))).seconds == pytest.approx(0.1)


@pytest.mark.parametrize(
    "content",
    [
        b"ID3\x04 an MP3",
        b"\xff\xfb\x90\x00 another",
        b"OggS...",
        wav(16_000, width=1),
        wav(1),
        b"RIFF\x00\x00\x00\x00WAVEdata\x00\x00\x00\x00",
        b"RIFF" + bytes(9000),
    ],
    ids=["mp3", "mp3 without a name", "ogg", "8 bits", "1 Hz", "no format", "no end"],
)
def test_what_is_no_such_sound_is_refused(content: bytes) -> None:
    with pytest.raises(Unusable):
        list(sounds([content], BARE))
