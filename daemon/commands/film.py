"""An answer as a film: the face listens, thinks, answers, and listens again."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from daemon.commands.console import err
from daemon.i18n import tr

if TYPE_CHECKING:
    from daemon.config import Settings
    from daemon.face.film import Film
    from daemon.media import Samples
    from daemon.stages import LipSync
    from daemon.worker import CancelToken

REST_S = 0.6  # before and after the speech, so that it neither begins nor ends with a jolt


def film_path(text: str) -> Path:
    """Read the name of a film from the command line."""
    path = Path(text)
    if path.suffix.lower() != ".mp4":
        raise argparse.ArgumentTypeError(tr("{path}: films are written as .mp4").format(path=path))
    return path


def add_face_option(parser: argparse.ArgumentParser) -> None:
    """Add ``--face``."""
    parser.add_argument(
        "--face", metavar="NAME", help=tr("the face to show instead of the one in the settings")
    )


def with_face(settings: "Settings", name: str | None) -> "Settings":
    """Return the settings with another face; ``NoFace`` when there is none, or it is damaged."""
    if name is None:
        return settings
    from daemon.face.catalogue import find_face
    from daemon.face.clip import Clip

    for entry in find_face(name).clips:
        Clip(entry.folder)
    face = settings.face.model_copy(update={"name": name})
    return settings.model_copy(update={"face": face})


def write_film(
    path: Path,
    face: "LipSync",
    film: "Film",
    sound: "Samples",
    comment: str,
    thinking_s: float,
    cancel: "CancelToken",
) -> None:
    """Write an MP4 of the reply; nothing is left under ``path`` if it fails or is cancelled.

    ``sound`` is the reply at ``SPEAK_RATE``; frame k of ``film`` belongs to its k/fps seconds.
    Before it the face listens, and thinks for ``thinking_s``.
    ``comment`` goes into the file's metadata, with what must be said of a real person's face.
    """
    import numpy as np
    from rich.progress import track

    from daemon.face.video import VideoFile
    from daemon.media import SPEAK_RATE

    rest, thinking = round(REST_S * face.fps), round(thinking_s * face.fps)
    before, after = (
        np.zeros(count * SPEAK_RATE // face.fps, np.float32) for count in (rest + thinking, rest)
    )
    said = " ".join(filter(None, (comment, face.statement)))
    video = VideoFile(path, face.size, face.fps, SPEAK_RATE, said)
    try:
        pictures = film.pictures(face, rest, rest, thinking)
        total = len(film.frames) + 2 * rest + thinking
        for picture in track(pictures, tr("Drawing"), total=total, console=err, transient=True):
            cancel.check()
            video.add_picture(picture)
        video.add_sound(np.concatenate((before, sound, after)))
        video.close()
    except BaseException:
        video.abort()
        raise
