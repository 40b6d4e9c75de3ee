"""From where a face was found in some pictures to where it is in all that can be used."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from daemon.errors import InputError
from daemon.face.source import MIN_VIDEO_S, Options
from daemon.i18n import tr

Floats = NDArray[np.float32]

GAP_S = 0.4  # a face that is lost for no longer is taken to have moved evenly
LOST = 0.3  # of the pictures may lack a face
EVEN = 2.0  # levels by which a picture of one colour varies at most
FAINT = 0.15  # of the film's usual contrast: a picture below it is as good as blank
FADED = 0.9  # of the usual contrast, which a picture has once it is faded in
FADE_S = 2.0  # a fade lasts at most
CHIN, FOREHEAD = 152, 10  # numbers of Face Mesh's points
BROW_SHARE = 0.14  # of the face's height: how far below the hairline S3FD's boxes begin
STILL_PX = 0.8  # pictures over which the points are smoothed, as a Gaussian's width
BOX_PICTURES = 5  # over which Wav2Lip's box is averaged, as in the original


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


def completed(
    found: list[Floats | None],
    contrasts: list[float],
    fps: float,
    path: Path,
    note: Callable[[str], None],
) -> tuple[Floats, list[tuple[int, int]]]:
    """Fill short gaps and smooth; return all points, and the runs of pictures that can be used.

    ``contrasts`` are the levels by which the pictures vary; ``note`` is told what is left out.
    Raises ``InputError`` when too little is left.
    """
    blank = _blank(contrasts, fps)
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
    _tell_left_out(lost, blank, fps, note)
    runs, begin = [], 0
    for first, last in [*lost, (len(found), len(found))]:
        if first - begin >= min(MIN_VIDEO_S * fps, len(found)):
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
    lost: list[tuple[int, int]],
    blank: NDArray[np.bool_],
    fps: float,
    note: Callable[[str], None],
) -> None:
    empty = [gap for gap in lost if blank[slice(*gap)].any()]
    others = [gap for gap in lost if gap not in empty]
    if empty:
        note(
            tr("The picture is black or blank at {seconds}: left out").format(
                seconds=_spans(empty, fps)
            )
        )
    if others:
        note(tr("No face is seen at {seconds}: left out").format(seconds=_spans(others, fps)))


def _smooth(rows: Floats, width: float) -> Floats:
    if len(rows) < 3:
        return rows
    return _averaged(rows, cv2.getGaussianKernel(5, width))


def _averaged(rows: Floats, kernel: NDArray[Any]) -> Floats:
    return np.asarray(
        cv2.sepFilter2D(rows, -1, np.ones(1), kernel, borderType=cv2.BORDER_REPLICATE), np.float32
    )


def _gaps(there: list[int], count: int) -> list[tuple[int, int]]:
    """Return the stretches that are missing: first, and one past the last."""
    edges = [-1, *there, count]
    return [(a + 1, b) for a, b in pairwise(edges) if b - a > 1]


def _spans(gaps: list[tuple[int, int]], fps: float) -> str:
    return ", ".join(f"{a / fps:.1f}–{b / fps:.1f} s" for a, b in gaps)


def boxes(points: Floats, slow: dict[int, Floats], options: Options) -> Floats:
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
