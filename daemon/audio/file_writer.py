"""Writing speech to a sound file."""

from pathlib import Path
from typing import cast

import av
import numpy as np
from av.audio.stream import AudioStream

from daemon.errors import InputError
from daemon.files import atomic_write
from daemon.i18n import tr
from daemon.media import Audio

_KINDS = {  # suffix: container, codec, its sample format, its rate if it knows only one
    ".wav": ("wav", "pcm_s16le", "s16", None),
    ".flac": ("flac", "flac", "s16", None),
    ".mp3": ("mp3", "libmp3lame", "fltp", 44_100),
    ".ogg": ("ogg", "libopus", "flt", 48_000),
    ".opus": ("ogg", "libopus", "flt", 48_000),
    ".m4a": ("ipod", "aac", "fltp", None),
}


def check_kind(path: Path) -> None:
    """Raise ``InputError`` if no sound file of that name can be written."""
    if path.suffix.lower() not in _KINDS:
        raise InputError(
            tr("{path}: the name must end in one of {endings}.").format(
                path=path, endings=", ".join(_KINDS)
            )
        )


def write_sound(path: Path, audio: Audio, comment: str = "") -> None:
    """Write ``audio`` whole or not at all, with ``comment`` in the file's metadata.

    Raises ``InputError`` for an unknown kind of file, ``StorageError`` when the disk refuses.
    """
    check_kind(path)
    container, codec, form, rate = _KINDS[path.suffix.lower()]
    audio = audio.at_rate(rate or audio.rate)
    with atomic_write(path) as part, av.open(str(part), "w", format=container) as file:
        if comment:
            file.metadata["comment"] = comment
        stream = cast(AudioStream, file.add_stream(codec, audio.rate, layout="mono"))
        frame = av.AudioFrame.from_ndarray(
            np.clip(audio.samples, -1, 1)[None], format="fltp", layout="mono"
        )
        frame.sample_rate = audio.rate
        resampler = av.AudioResampler(
            form, "mono", audio.rate, frame_size=stream.codec_context.frame_size or 0
        )
        for ready in [*resampler.resample(frame), *resampler.resample(None)]:
            file.mux(stream.encode(ready))
        file.mux(stream.encode(None))
