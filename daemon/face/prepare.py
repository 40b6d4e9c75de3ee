"""Makes a clip of a film or a photograph: finds the face in every picture, once.

The work of a clip is known by its contents, so adding the same file again costs nothing.
"""

import contextlib
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np

from daemon.errors import InputError
from daemon.face.clip import VERSION, Clip, ClipWriter, FaceTrack
from daemon.face.detection import Box, Detector
from daemon.face.mattes import write_mattes
from daemon.face.person import PersonFinder
from daemon.face.source import MIN_VIDEO_S, MediaInfo, Options, pictures
from daemon.face.track import EVEN, Floats, boxes, completed
from daemon.files import atomic_folder
from daemon.i18n import tr
from daemon.media import Image
from daemon.store.verify import sha256

MOUTH = (61, 291, 0, 17, 152)  # corners, lips, chin, of Face Mesh: these must be in the picture
PICTURES_SHARE = 0.6  # of the time that a film takes is spent before the person is looked for
SLOW_EVERY = 5  # pictures between two looks of the slow detector


class FaceFinder(Protocol):
    """A detector whose boxes Wav2Lip likes best."""

    def find(self, image: Image) -> list[Box]:
        """Return the faces, the largest first."""


@dataclass(frozen=True, slots=True)
class PrepareObserver:
    """Who is told how it goes."""

    progress: Callable[[float], None]
    """Gets the share that is done, 0 to 1."""
    note: Callable[[str], None]
    """Gets sentences that a person should read."""


@dataclass
class _Seen:
    """What was found in the pictures so far."""

    points: list[Floats | None]
    boxes: dict[int, Floats]
    """The slow detector's, by picture."""
    contrasts: list[float]
    """By how many levels the pictures vary."""


def prepare(
    source: MediaInfo,
    options: Options,
    fps: float,
    largest: tuple[int, int],
    finders: tuple[Detector, FaceFinder | None],
    directory: Path,
    watch: PrepareObserver,
    person: PersonFinder | None = None,
) -> Path:
    """Return the folder of the clip below ``directory``, made now if it is not there.

    ``person`` finds who is before the background in the pictures of a film, so that it can be
    changed; a clip that was there without learns it now. Raises ``InputError`` when the file cannot
    be read or shows no face, ``StorageError`` when the clip cannot be written. What is interrupted
    leaves nothing behind.
    """
    key = f"{sha256(source.path)} {options} {fps} {largest} {finders[1] is not None} {VERSION}"
    place = directory / hashlib.sha256(key.encode()).hexdigest()[:16]
    if place.is_dir():
        _know_person(Clip(place), place, person, watch.progress)
        return place
    try:
        with atomic_folder(place, replace=False) as making:
            share = 1.0 if person is None or source.still else PICTURES_SHARE
            part = PrepareObserver(lambda done: watch.progress(done * share), watch.note)
            _make(source, options, fps, largest, finders, making, part)
            _know_person(
                Clip(making), making, person,
                lambda done: watch.progress(share + done * (1 - share)),
            )  # fmt: skip
    finally:
        with contextlib.suppress(OSError):  # a face without a clip leaves no folder
            directory.rmdir()
    return place


def _know_person(
    clip: Clip, place: Path, person: PersonFinder | None, progress: Callable[[float], None]
) -> None:
    """Write who is the person in a film's pictures; a photograph is looked at when it is shown."""
    if person is None or clip.mattes is not None or len(clip) == 1:
        return
    person.begin()
    write_mattes(clip, place, person.matte, progress)


def _make(
    source: MediaInfo,
    options: Options,
    fps: float,
    largest: tuple[int, int],
    finders: tuple[Detector, FaceFinder | None],
    making: Path,
    watch: PrepareObserver,
) -> None:
    writer = ClipWriter(making, 0 if source.still else fps)
    seen = _Seen([], {}, [])
    try:
        for number, (image, scale) in enumerate(pictures(source, fps, options, largest)):
            if not number:
                height, width = image.shape[:2]
                options = options.fitted(scale, (width, height))
            writer.add(image)
            _look(image, number, options, finders, seen, watch)
            watch.progress(min(0.95, number / max(1.0, source.seconds * fps)))
        if not source.still and 1 < len(seen.points) < MIN_VIDEO_S * fps:
            raise InputError(
                tr("{path} is only {seconds:.1f} s long; ten seconds are good").format(
                    path=source.path, seconds=len(seen.points) / fps
                )
            )
        if len(seen.points) == 1 and not source.still:
            watch.note(tr("{path} holds one picture: a photograph").format(path=source.path.name))
        points, runs = completed(seen.points, seen.contrasts, fps, source.path, watch.note)
        writer.finish(FaceTrack(points, boxes(points, seen.boxes, options), runs))
        watch.progress(1.0)
    finally:
        writer.close()


def _look(
    image: Image,
    number: int,
    options: Options,
    finders: tuple[Detector, FaceFinder | None],
    seen: _Seen,
    watch: PrepareObserver,
) -> None:
    """Find the face in the next picture: where it was before, else anywhere."""
    quick, slow = finders
    seen.contrasts.append(_contrast(image))
    if seen.contrasts[-1] < EVEN:
        seen.points.append(None)
        return
    before = seen.points[-1] if seen.points else None
    points = quick.track(image, before) if before is not None else None
    if points is None or not _inside(points, image):
        points = _found(image, number, options, quick, seen, watch)
    seen.points.append(points if points is not None and _inside(points, image) else None)
    if slow is not None and points is not None and number % SLOW_EVERY == 0:
        middle = points[list(MOUTH)].mean(axis=0)
        for box in slow.find(image):
            if box.left < middle[0] < box.right and box.top < middle[1] < box.bottom:
                seen.boxes[number] = np.array(
                    [box.left, box.top, box.right, box.bottom], np.float32
                )
                break


def _found(
    image: Image,
    number: int,
    options: Options,
    quick: Detector,
    seen: _Seen,
    watch: PrepareObserver,
) -> Floats | None:
    if options.box:
        top, bottom, left, right = options.box
        return quick.points(image, Box(left, top, right, bottom))
    found = quick.find(image)
    if len(found) > 1 and number == 0:
        watch.note(tr("There are {count} faces; the largest is used").format(count=len(found)))
    last = next((points for points in reversed(seen.points) if points is not None), None)
    if last is not None:  # the same person as before, when several are there
        x, y = last.mean(axis=0)
        found.sort(
            key=lambda box: (
                abs((box.left + box.right) / 2 - x) + abs((box.top + box.bottom) / 2 - y)
            )
        )
    return quick.points(image, found[0]) if found else None


def _inside(points: Floats, image: Image) -> bool:
    height, width = image.shape[:2]
    x, y = points[list(MOUTH)].T
    return bool(x.min() >= 0 and y.min() >= 0 and x.max() < width and y.max() < height)


def _contrast(image: Image) -> float:
    small = cv2.resize(image, (64, 36), interpolation=cv2.INTER_AREA)
    return float(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).std())
