import os
import struct
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from daemon.audio.files import holds_sound, read_recording
from daemon.audio.source import RecordedSource
from daemon.errors import InputError
from daemon.media import LISTEN_RATE, Audio, Samples
from daemon.worker import CancelToken

TITLE = "a title"


def tone(seconds: float, rate: int) -> Samples:
    times = np.arange(round(seconds * rate)) / rate
    return (0.5 * np.sin(2 * np.pi * 440 * times)).astype(np.float32)


def encode(
    path: Path, codec: str = "pcm_s16le", rate: int = LISTEN_RATE, layout: str = "mono"
) -> Path:
    """Write a second of a tone."""
    samples = tone(1, rate)
    with av.open(str(path), "w") as container:
        container.metadata["title"] = TITLE
        stream = container.add_stream(codec, rate=rate, layout=layout)
        assert isinstance(stream, av.AudioStream)
        fit = av.AudioResampler(stream.format, layout, rate, stream.frame_size or 1024)
        channels = stream.layout.nb_channels
        frame = av.AudioFrame.from_ndarray(
            np.repeat(samples, channels)[np.newaxis], format="flt", layout=layout
        )
        frame.rate, frame.pts, frame.time_base = rate, 0, Fraction(1, rate)
        for piece in [*fit.resample(frame), *fit.resample(None), None]:
            container.mux(stream.encode(piece))
    return path


@pytest.mark.parametrize(
    ("name", "codec", "rate", "layout"),
    [
        ("a.wav", "pcm_s16le", 16_000, "mono"),
        ("a.wav", "pcm_s16le", 8_000, "stereo"),
        ("a.wav", "pcm_s24le", 96_000, "mono"),
        ("a.wav", "pcm_f32le", 44_100, "stereo"),
        ("a.wav", "pcm_mulaw", 8_000, "mono"),
        ("a.flac", "flac", 22_050, "mono"),
        ("a.mp3", "mp3", 44_100, "stereo"),
        ("a.ogg", "libopus", 48_000, "stereo"),
        ("a.m4a", "aac", 48_000, "stereo"),
        ("a.flac", "flac", 48_000, "7.1"),
        ("a.wv", "wavpack", 44_100, "7.1"),
        ("a.w64", "pcm_f32le", 44_100, "hexadecagonal"),
        ("a.mka", "pcm_s16le", 44_100, "hexadecagonal"),
    ],
)
def test_any_format_becomes_mono_at_16_khz(
    tmp_path: Path, name: str, codec: str, rate: int, layout: str
) -> None:
    audio = read_recording(encode(tmp_path / name, codec, rate, layout), 10)
    assert audio.rate == LISTEN_RATE
    assert audio.samples.dtype == np.float32
    assert audio.samples.ndim == 1
    assert audio.seconds == pytest.approx(1, abs=0.1)
    middle = audio.samples[4000:12000]
    assert np.sqrt(np.mean(middle**2)) == pytest.approx(0.5 / np.sqrt(2), rel=0.1)
    strongest = np.argmax(np.abs(np.fft.rfft(middle))) * LISTEN_RATE / len(middle)
    assert strongest == pytest.approx(440, abs=4)


def test_the_sound_of_a_video(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=25)
        sound = container.add_stream("aac", rate=LISTEN_RATE, layout="mono")
        assert isinstance(video, av.VideoStream)
        assert isinstance(sound, av.AudioStream)
        video.width, video.height, video.pix_fmt = 64, 64, "yuv420p"
        picture = np.zeros((64, 64, 3), np.uint8)
        for image in [*(av.VideoFrame.from_ndarray(picture) for _ in range(25)), None]:
            container.mux(video.encode(image))
        for start in range(0, LISTEN_RATE, 1024):
            samples = tone(1.1, LISTEN_RATE)[np.newaxis, start : start + 1024]
            frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout="mono")
            frame.rate = LISTEN_RATE
            container.mux(sound.encode(frame))
        container.mux(sound.encode(None))
    assert read_recording(path, 10).seconds == pytest.approx(1, abs=0.15)


def test_a_video_without_sound(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=25)
        assert isinstance(video, av.VideoStream)
        video.width, video.height, video.pix_fmt = 64, 64, "yuv420p"
        picture = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8))
        container.mux(video.encode(picture))
        container.mux(video.encode(None))
    with pytest.raises(InputError, match="no sound in"):
        read_recording(path, 10)


def test_silence_is_a_recording(tmp_path: Path) -> None:
    path = tmp_path / "silent.wav"
    header = encode(tmp_path / "a.wav").read_bytes()
    path.write_bytes(header[:-32_000] + bytes(32_000))
    assert not read_recording(path, 10).samples.any()


def test_broken_floats_are_mended(tmp_path: Path) -> None:
    path = encode(tmp_path / "a.wav", "pcm_f32le")
    broken = np.full(100, np.nan, np.float32).tobytes() + np.full(100, 9, np.float32).tobytes()
    path.write_bytes(path.read_bytes()[: -len(broken)] + broken)
    samples = read_recording(path, 10).samples
    assert np.isfinite(samples).all()
    assert samples.max() == 1


def test_too_long(tmp_path: Path) -> None:
    path = encode(tmp_path / "a.wav")
    assert read_recording(path, 1).seconds == 1
    with pytest.raises(InputError, match="longer than 0"):
        read_recording(path, 0.5)


def test_an_hour_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    path = tmp_path / "hour.wav"
    path.write_bytes(encode(tmp_path / "a.wav").read_bytes())
    os.truncate(path, 3600 * LISTEN_RATE * 2)  # a sparse file: nothing is written
    with path.open("r+b") as file:
        data = path.stat().st_size
        file.seek(4)
        file.write((data - 8).to_bytes(4, "little"))
        file.seek(0)
        file.seek(file.read(200).index(b"data") + 4)
        file.write((data - 100).to_bytes(4, "little"))
    with pytest.raises(InputError, match="longer than 60 s"):
        read_recording(path, 60)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("empty.wav", b"", "is empty"),
        ("noise.wav", bytes(range(256)) * 100, "damaged or not a sound file"),
        ("words.wav", b"not a sound at all\n" * 50, "damaged or not a sound file"),
        ("words.txt", b"not a sound at all\n" * 50, "no sound in"),
        ("header.wav", b"RIFF\x24\x00\x00\x00WAVEfmt ", "damaged or not a sound file"),
    ],
)
def test_what_is_no_recording(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InputError, match=message):
        read_recording(path, 10)


@pytest.mark.parametrize("line", ["ffconcat version 1.0\nfile {}\n", "#EXTM3U\n#EXTINF:1,\n{}\n"])
def test_a_playlist_opens_nothing(tmp_path: Path, line: str) -> None:
    encode(tmp_path / "a.wav")
    path = tmp_path / "list.m3u8"
    path.write_text(line.format(tmp_path / "a.wav"))
    with pytest.raises(InputError):
        read_recording(path, 10)


def test_what_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        read_recording(tmp_path / "nothing.wav", 10)
    with pytest.raises(InputError, match="is not a file"):
        read_recording(tmp_path, 10)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match="is not a file"):
        read_recording(tmp_path / "pipe", 10)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_no_permission(tmp_path: Path) -> None:
    path = encode(tmp_path / "a.wav")
    path.chmod(0)
    with pytest.raises(InputError, match="cannot be read"):
        read_recording(path, 10)


def test_a_recording_is_a_source() -> None:
    audio = Audio(tone(1.25, 8_000), 8_000)
    pieces = list(RecordedSource(audio).chunks(CancelToken()))
    assert len(pieces) > 10
    assert sum(map(len, pieces)) == pytest.approx(1.25 * LISTEN_RATE, abs=1)


def test_a_cancelled_recording_ends() -> None:
    cancel = CancelToken()
    chunks = RecordedSource(Audio(tone(1, LISTEN_RATE), LISTEN_RATE)).chunks(cancel)
    next(chunks)
    cancel.cancel()
    assert list(chunks) == []


def tracks(path: Path, *channels: Samples) -> Path:
    """Write a WAV file with these channels."""
    sound = (np.stack(channels, 1) * 32767).astype("<i2").tobytes()
    count = len(channels)
    form = struct.pack("<HHIIHH", 1, count, LISTEN_RATE, 2 * count * LISTEN_RATE, 2 * count, 16)
    body = b"WAVEfmt " + struct.pack("<I", 16) + form + b"data" + struct.pack("<I", len(sound))
    path.write_bytes(b"RIFF" + struct.pack("<I", len(body) + len(sound)) + body + sound)
    return path


def level(path: Path) -> float:
    return float(read_recording(path, 10).samples.std())


def test_no_voice_is_lost_among_channels(tmp_path: Path) -> None:
    voice = tone(1, LISTEN_RATE)
    empty = np.zeros_like(voice)
    path = tmp_path / "a.wav"
    for channels in (
        [voice, -voice],
        [voice, voice],
        [empty, voice],
        [*[empty] * 9, -voice, *[empty] * 6],
        [voice, -voice, voice, -voice, empty, empty],
        [*[empty] * 127, voice],
        [voice / 2 + np.float32(0.3), np.float32(0.3) - voice / 2],  # a cheap card's direct current
    ):
        own = float(max(channel.std() for channel in channels))
        assert level(tracks(path, *channels)) == pytest.approx(own, rel=0.02)


def test_two_people_on_two_channels_are_both_heard(tmp_path: Path) -> None:
    loud = tone(1, LISTEN_RATE)
    other = np.float32(0.2) * np.sign(tone(1.1, LISTEN_RATE)[1600:]).astype(np.float32)
    other[: len(other) // 2] = 0
    first = loud.copy()
    first[len(first) // 2 :] = 0
    sound = read_recording(tracks(tmp_path / "a.wav", first, other), 10).samples
    np.testing.assert_allclose(sound, (first + other) / 2, atol=1e-4)


@pytest.mark.parametrize(("codec", "ending"), [("mp3", "mp3"), ("aac", "aac")])
def test_rate_and_channels_that_change_on_the_way(tmp_path: Path, codec: str, ending: str) -> None:
    parts = [(44_100, "stereo"), (22_050, "mono"), (48_000, "stereo"), (24_000, "mono")]
    path = tmp_path / f"a.{ending}"
    path.write_bytes(
        b"".join(
            encode(tmp_path / f"{rate}.{ending}", codec, rate, layout).read_bytes()
            for rate, layout in parts
        )
    )
    audio = read_recording(path, 10)
    assert audio.seconds == pytest.approx(4, abs=0.5)
    for second in range(4):
        middle = audio.samples[round((second + 0.4) * LISTEN_RATE) :][:8000]
        strongest = np.argmax(np.abs(np.fft.rfft(middle))) * LISTEN_RATE / len(middle)
        assert strongest == pytest.approx(440, abs=4)
    assert read_recording(path, 10, rate=None).seconds == pytest.approx(4, abs=0.5)


@pytest.mark.parametrize(
    ("name", "codec"), [("a.wav", "pcm_s16le"), ("a.flac", "flac"), ("a.mka", "aac")]
)
def test_tags_that_are_no_utf_8(tmp_path: Path, name: str, codec: str) -> None:
    path = encode(tmp_path / name, codec, 48_000)
    data = path.read_bytes()
    assert data.count(TITLE.encode()) == 1
    path.write_bytes(data.replace(TITLE.encode(), b"\xe9\xff\xc3\x28\xed\xa0\x80"))
    assert read_recording(path, 10).seconds == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize(
    ("place", "value"),
    [(22, b"\0\0"), (22, b"\xff\xff"), (24, b"\0\0\0\0"), (24, b"\1\0\0\0"),
     (24, b"\xff\xff\xff\x7f"), (32, b"\0\0"), (34, b"\0\0"), (34, b"\xff\x7f"), (20, b"\x34\x12")],
)  # fmt: skip
def test_headers_that_lie(tmp_path: Path, place: int, value: bytes) -> None:
    """Channels, rate, bytes of a block, bits and codec of a WAV file."""
    path = tracks(tmp_path / "a.wav", tone(1, LISTEN_RATE))
    data = bytearray(path.read_bytes())
    data[place : place + len(value)] = value
    path.write_bytes(data)
    try:
        assert np.isfinite(read_recording(path, 10).samples).all()
    except InputError as error:
        assert str(path) in str(error)


def test_whatever_is_broken_is_read_or_refused(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    whole = [
        encode(tmp_path / "a.mp3", "mp3", 44_100, "stereo").read_bytes(),
        encode(tmp_path / "a.m4a", "aac", 48_000, "7.1").read_bytes(),
        encode(tmp_path / "a.flac", "flac", 48_000, "7.1").read_bytes(),
        encode(tmp_path / "a.caf", "alac", 44_100, "stereo").read_bytes(),
    ]
    path = tmp_path / "broken"
    for number in range(60):
        data = bytearray(whole[number % 4])
        for place in random.integers(0, len(data), 20):
            data[place] ^= 1 << random.integers(8)
        if number % 3 == 0:
            del data[random.integers(len(data)) :]
        path.write_bytes(data)
        try:
            read_recording(path, 10)
        except InputError as error:
            assert str(path) in str(error)


def test_sound_is_known_by_its_contents(tmp_path: Path) -> None:
    for name, codec in (("a.mp3", "mp3"), ("a.caf", "alac"), ("a.aif", "pcm_s16be")):
        plain = encode(tmp_path / name, codec, 44_100).rename(tmp_path / "recording")
        assert holds_sound(plain)
    for content in (b"words\n" * 500, bytes(range(256)) * 200, b"{}", b""):
        plain.write_bytes(content)
        assert not holds_sound(plain)
    assert not holds_sound(tmp_path / "absent")
