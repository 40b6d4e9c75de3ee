"""Makes a clip of a film or a photograph: finds the face in every picture, once.

The work of a clip is known by its contents, so adding the same file again costs nothing.
"""

import contextlib
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from daemon.errors import InputError
from daemon.face.clip import VERSION, Clip, ClipWriter, Found
from daemon.face.detection import Box, Detector
from daemon.face.source import SHORTEST_S, Options, Source, pictures
from daemon.files import whole_folder
from daemon.i18n import tr
from daemon.media import Image
from daemon.store.verify import sha256

Floats = NDArray[np.float32]

GAP_S = 0.4  # a face that is lost for no longer is taken to have moved evenly
LOST = 0.3  # of the pictures may lack a face
EVEN = 2.0  # levels by which a picture of one colour varies at most
FAINT = 0.15  # of the film's usual contrast: a picture below it is as good as blank
FADED = 0.9  # of the usual contrast, which a picture has once it is faded in
FADE_S = 2.0  # a fade lasts at most
CHIN, FOREHEAD = 152, 10  # numbers of Face Mesh's points
MOUTH = (61, 291, 0, 17, 152)  # corners, lips, chin: these must be in the picture
BROW_SHARE = 0.14  # of the face's height: how far below the hairline S3FD's boxes begin
STILL_PX = 0.8  # pictures over which the points are smoothed, as a Gaussian's width
BOX_PICTURES = 5  # over which Wav2Lip's box is averaged, as in the original
SLOW_EVERY = 5  # pictures between two looks of the slow detector


class Finder(Protocol):
    """A detector whose boxes Wav2Lip likes best."""

    def find(self, image: Image) -> list[Box]:
        """Return the faces, the largest first."""


@dataclass(frozen=True, slots=True)
class Watch:
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
    source: Source,
    options: Options,
    fps: float,
    largest: tuple[int, int],
    finders: tuple[Detector, Finder | None],
    directory: Path,
    watch: Watch,
) -> Path:
    """Return the folder of the clip below ``directory``, made now if it is not there.

    Raises ``InputError`` when the file cannot be read or shows no face, ``StorageError`` when the
    clip cannot be written. What is interrupted leaves nothing behind.
    """
    key = f"{sha256(source.path)} {options} {fps} {largest} {finders[1] is not None} {VERSION}"
    place = directory / hashlib.sha256(key.encode()).hexdigest()[:16]
    if place.is_dir():
        Clip(place)
        return place
    try:
        with whole_folder(place, replace=False) as making:
            _make(source, options, fps, largest, finders, making, watch)
    finally:
        with contextlib.suppress(OSError):  # a face without a clip leaves no folder
            directory.rmdir()
    return place


def _make(
    source: Source,
    options: Options,
    fps: float,
    largest: tuple[int, int],
    finders: tuple[Detector, Finder | None],
    making: Path,
    watch: Watch,
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
        if not source.still and 1 < len(seen.points) < SHORTEST_S * fps:
            raise InputError(
                tr("{path} is only {seconds:.1f} s long; ten seconds are good").format(
                    path=source.path, seconds=len(seen.points) / fps
                )
            )
        if len(seen.points) == 1 and not source.still:
            watch.note(tr("{path} holds one picture: a photograph").format(path=source.path.name))
        blank = _blank(seen.contrasts, fps)
        points, runs = _completed(seen.points, blank, fps, source.path, watch)
        writer.finish(Found(points, _boxes(points, seen.boxes, options), runs))
        watch.progress(1.0)
    finally:
        writer.close()


def _look(
    image: Image,
    number: int,
    options: Options,
    finders: tuple[Detector, Finder | None],
    seen: _Seen,
    watch: Watch,
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
    image: Image, number: int, options: Options, quick: Detector, seen: _Seen, watch: Watch
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


def _blank(contrasts: list[float], fps: float) -> NDArray[np.bool_]:
    """Return which pictures are of one colour, or are faded from or to such ones."""
    known = np.array(contrasts)
    empty = known < EVEN
    usual = np.median(known[~empty]) if not empty.all() else 0.0
    empty |= known < FAINT * usual
    dim = known < FADED * usual
    blank = empty.copy()
    for way in (1, -1):  # what is faded in comes after what is empty, what is faded out before
        left = 0.0
        for i in range(len(known))[::way]:
            left = FADE_S * fps if empty[i] else left - 1 if dim[i] else 0.0
            blank[i] |= left > 0
    return blank


def _completed(
    found: list[Floats | None],
    blank: NDArray[np.bool_],
    fps: float,
    path: Path,
    watch: Watch,
) -> tuple[Floats, list[tuple[int, int]]]:
    """Fill short gaps and smooth; return all points, and the runs of pictures that can be used."""
    there = [i for i, points in enumerate(found) if points is not None and not blank[i]]
    if not there:
        raise InputError(
            tr("No face is seen in {path}").format(path=path),
            tr(
                "the face should look at the camera, upright (--rotate turns a film), and fill a "
                "good part of the picture"
            ),
        )
    gaps = _gaps(there, len(found))
    missing = len(found) - len(there) - int(blank.sum())
    if missing > LOST * (len(found) - int(blank.sum())):
        raise InputError(
            tr("In {share:.0%} of {path} no face is seen: {seconds}").format(
                share=missing / len(found), path=path, seconds=_spans(gaps, fps)
            ),
            tr("cut these parts out, or film again"),
        )
    # Only between two faces can it be known where one was.
    lost = [
        (first, last)
        for first, last in gaps
        if last - first > GAP_S * fps or first == 0 or last == len(found) or blank[first:last].any()
    ]
    _tell_left_out(lost, blank, fps, watch)
    runs, begin = [], 0
    for first, last in [*lost, (len(found), len(found))]:
        if first - begin >= min(SHORTEST_S * fps, len(found)):
            runs.append((begin, first))
        begin = last
    if not runs:
        raise InputError(
            tr("{path} shows a face for less than a second at a time").format(path=path)
        )
    known = np.stack([points for points in map(found.__getitem__, there) if points is not None])
    known = known.reshape(len(there), -1)
    every = np.arange(len(found))
    filled = np.stack([np.interp(every, there, column) for column in known.T], 1)
    for first, last in runs:
        filled[first:last] = _smooth(filled[first:last].astype(np.float32), STILL_PX)
    return filled.reshape(len(found), -1, 2).astype(np.float32), runs


def _tell_left_out(
    lost: list[tuple[int, int]], blank: NDArray[np.bool_], fps: float, watch: Watch
) -> None:
    empty = [gap for gap in lost if blank[slice(*gap)].any()]
    others = [gap for gap in lost if gap not in empty]
    if empty:
        watch.note(
            tr("The picture is black or blank at {seconds}: left out").format(
                seconds=_spans(empty, fps)
            )
        )
    if others:
        watch.note(tr("No face is seen at {seconds}: left out").format(seconds=_spans(others, fps)))


def _smooth(rows: Floats, width: float) -> Floats:
    if len(rows) < 3:
        return rows
    return _averaged(rows, cv2.getGaussianKernel(5, width))


def _averaged(rows: NDArray[Any], kernel: NDArray[Any]) -> Floats:
    return np.asarray(
        cv2.sepFilter2D(rows, -1, np.ones(1), kernel, borderType=cv2.BORDER_REPLICATE), np.float32
    )


def _gaps(there: list[int], count: int) -> list[tuple[int, int]]:
    """Return the stretches that are missing: first, and one past the last."""
    edges = [-1, *there, count]
    return [(a + 1, b) for a, b in pairwise(edges) if b - a > 1]


def _spans(gaps: list[tuple[int, int]], fps: float) -> str:
    return ", ".join(f"{a / fps:.1f}–{b / fps:.1f} s" for a, b in gaps)


def _boxes(points: Floats, slow: dict[int, Floats], options: Options) -> Floats:
    """Return what Wav2Lip sees of each picture, (n, 4): left, top, right, bottom."""
    if options.box:
        top, bottom, left, right = options.box
        return np.tile(np.array([left, top, right, bottom], np.float32), (len(points), 1))
    if slow:
        known = sorted(slow)
        every = np.arange(len(points))
        boxes = np.stack(
            [np.interp(every, known, [slow[i][side] for i in known]) for side in range(4)], 1
        )
    else:
        low, high = points.min(axis=1), points.max(axis=1)
        forehead, chin = points[:, FOREHEAD, 1], points[:, CHIN, 1]
        brow = forehead + BROW_SHARE * (chin - forehead)
        boxes = np.stack([low[:, 0], brow, high[:, 0], high[:, 1]], 1)
    top, bottom, left, right = options.pads
    boxes = boxes + np.array([-left, -top, right, bottom])
    if len(boxes) >= BOX_PICTURES:
        boxes = _averaged(boxes, np.full(BOX_PICTURES, 1 / BOX_PICTURES))
    return np.asarray(boxes, np.float32)
