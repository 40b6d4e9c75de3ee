"""An answer as a film: the face at rest, the reply, the face at rest again."""

import argparse
from pathlib import Path

import numpy as np
from rich.progress import track

from daemon.commands.console import err
from daemon.face.screen import Film
from daemon.face.video import VideoFile
from daemon.i18n import tr
from daemon.media import SPEAK_RATE, Samples
from daemon.stages import LipSync
from daemon.worker import CancelToken

REST_S = 0.6  # before and after the speech, so that it neither begins nor ends with a jolt


def film_path(text: str) -> Path:
    """Read the name of a film from the command line."""
    path = Path(text)
    if path.suffix.lower() != ".mp4":
        raise argparse.ArgumentTypeError(tr("{path}: films are written as .mp4").format(path=path))
    return path


def write_film(path: Path, face: LipSync, film: Film, sound: Samples, cancel: CancelToken) -> None:
    """Write an MP4 of the reply; nothing is left under ``path`` if it fails or is cancelled.

    ``sound`` is the reply at ``SPEAK_RATE``; frame k of ``film`` belongs to its k/fps seconds.
    """
    rest = round(REST_S * face.fps)
    silence = np.zeros(rest * SPEAK_RATE // face.fps, np.float32)
    video = VideoFile(path, face.size, face.fps, SPEAK_RATE)
    try:
        pictures = film.pictures(face, rest, rest)
        total = len(film.frames) + 2 * rest
        for picture in track(pictures, tr("Drawing"), total=total, console=err, transient=True):
            cancel.check()
            video.add_picture(picture)
        video.add_sound(np.concatenate((silence, sound, silence)))
        video.close()
    except BaseException:
        video.abort()
        raise
