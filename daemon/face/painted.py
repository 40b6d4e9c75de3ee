"""Mouths painted by Wav2Lip, made ahead of the sound and put in when their moment comes.

A mouth is made from the picture that will probably be shown with it. Where another one is shown
after all, because the sound waited, the painted face follows the head to where it is.
"""

import logging
import math
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import soxr
from numpy.typing import NDArray

from daemon.face.clip import Clip
from daemon.face.compositor import Compositor
from daemon.face.filmed import PictureSource
from daemon.face.footage import View
from daemon.face.mel import RATE, MelStream
from daemon.face.visemes import STEP_HZ, Spectra, VoiceLevel, power_of
from daemon.face.wav2lip import Wav2Lip, prepared
from daemon.i18n import tr
from daemon.media import Audio, Mouth, Samples
from daemon.worker import CancelToken

Floats = NDArray[np.float32]

BATCHES = (1, 2, 4)  # faces made at once: the first mouth comes soon, the others cheaply
LEAD = 12  # ticks from the beginning of a reply until its first mouth is probably shown
FADE = 4  # mouths from the clip's own to the painted one, and back
BEFORE_S, AFTER_S = 0.14, 0.06  # lips begin to move before a sound is heard, and rest after it
REST_S = 0.25  # of silence that brings the last mouths of a reply
BUDGET = 0.8  # of the time there is may be spent on making faces; slower ones are made less often
MAX_STRIDE = 4
LEARN = 0.3  # of what is thought of the speed here, a batch changes
CAREFUL = 3  # faces made one by one after having been late
CATCH_UP = 6  # mouths that are left out with those already late, so that the next comes in time

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Patch:
    """A painted face, and from which it was made."""

    number: int
    """Counts the mouths of a reply."""
    weight: float
    """0 is the clip's own mouth, 1 the painted one."""
    face: NDArray[np.uint8]
    """(side, side, 3) RGB."""
    box: Floats
    """The part of the clip's picture that it shows: left, top, right, bottom."""
    points: Floats
    """Where the face was in that picture, (468, 2)."""


class PaintedMouths:
    """Makes mouths with the generator; see ``filmed.Mouths``."""

    def __init__(
        self,
        generator: Wav2Lip,
        pictures: PictureSource,
        fps: int,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._generator, self._pictures, self._fps = generator, pictures, fps
        self._clock = clock
        self._each = 0.0  # seconds that a face takes, of late
        self._compositor = Compositor()
        self._stride = 1
        self._offset = 0  # from a mouth's number to the tick at which it is shown
        self._tick = 0  # the last that was drawn
        self._last: Patch | None = None  # the last that was shown
        self._newest: Patch | None = None
        self._weight = 0.0
        self._ahead: tuple[int, int, Floats] | None = None  # a face that the next batch needs, too
        self._seen: tuple[Clip, int, Floats] | None = None  # the last that was prepared
        self._sound = _Sound(fps)

    @property
    def device(self) -> str:
        """Where the generator computes."""
        return self._generator.device

    def warm_up(self) -> None:
        """Run every size of batch, and see how quick it is here."""
        side = self._generator.side
        for size in BATCHES:
            mel = np.zeros((size, 1, 80, 16), np.float32)
            faces = np.zeros((size, 6, side, side), np.float32)
            self._generator.generate(mel, faces)
            begin = self._clock()
            self._generator.generate(mel, faces)
            self._each = (self._clock() - begin) / size
        self._choose_stride()
        rate, needed = 1 / max(self._each, 1e-9), self._fps / BUDGET / MAX_STRIDE
        if rate < needed:
            log.warning(
                tr(
                    "Wav2Lip paints {rate:.1f} faces of {side} pixels a second here, but a "
                    "conversation needs {needed:.0f}: the lips will be late. Smaller checkpoints "
                    'are faster; face.lips = "bent" needs none.'
                ).format(rate=rate, side=side, needed=needed)
            )
        elif self._stride > 1:
            log.info("Wav2Lip makes %.0f faces/s here: those between are mixed", rate)

    def begin(self, tick: int) -> None:
        """Forget the sound of the reply before."""
        self._sound = _Sound(self._fps)
        self._tick, self._offset, self._newest, self._ahead = tick, tick + LEAD, None, None
        self._choose_stride()

    def _choose_stride(self) -> None:
        """Paint as many of the faces as there is time for."""
        self._stride = min(max(1, math.ceil(self._each * self._fps / BUDGET)), MAX_STRIDE)

    def render(self, audio: Audio, cancel: CancelToken) -> Iterator[Mouth]:
        """Yield the mouths of ``audio`` less its last 212 ms, in small batches."""
        self._sound.feed(audio)
        if self._sound.ready:  # the sound may have waited for this piece
            self._offset = max(self._offset, self._tick - self._sound.ready[0].number)
        return self._made(cancel, last=False)

    def finish(self, cancel: CancelToken) -> Iterator[Mouth]:
        """Yield the others, as if silence followed."""
        self._sound.end()
        return self._made(cancel, last=True)

    def _made(self, cancel: CancelToken, last: bool) -> Iterator[Mouth]:
        """Paint what is ready; with a stride, faces between two are a mix of both."""
        ready, stride, turn, behind = self._sound.ready, self._stride, 0, 0
        while ready:
            cancel.check()
            late = self._tick - self._offset - ready[0].number
            if late > 0:  # painting them would make the others late, too
                for _ in range(min(late + CATCH_UP, len(ready))):
                    yield self._held(ready.popleft())
                turn, behind = 0, CAREFUL
                continue
            ahead = int(stride > 1 and turn > 0)  # a mix needs the face after it, too
            batch_size = BATCHES[min(turn, len(BATCHES) - 1)] * stride
            count = min(batch_size, len(ready) - ahead) // stride * stride if turn else 1
            if not count:
                if not last:
                    return
                count, ahead = len(ready), 0
            patches = self._painted([ready[i] for i in range(count + ahead)])
            for patch in patches[:count]:
                ready.popleft()
                self._newest = patch
                yield patch
            turn, behind = (turn, behind - 1) if behind else (turn + 1, 0)

    def _painted(self, batch: list["_Moment"]) -> list[Patch]:
        sources = [self._pictures.source(self._offset + moment.number) for moment in batch]
        near = self._stride - 1
        needed = [
            i
            for i in sorted({*range(0, len(batch), self._stride), len(batch) - 1})
            if any(moment.weight > 0 for moment in batch[max(0, i - near) : i + near + 1])
        ]
        faces: dict[int, Floats] = {}
        if self._ahead is not None and self._ahead[:2] == (self._offset, batch[0].number):
            faces[0] = self._ahead[2]
            needed = [i for i in needed if i]
        if needed:
            mel = np.stack([batch[i].mel for i in needed])[:, None]
            seen = np.stack([self._prepared(*sources[i]) for i in needed])
            begin = self._clock()
            made = self._generator.generate(mel, seen)
            if len(needed) >= BATCHES[-1]:  # what other work there is changes from reply to reply
                took = (self._clock() - begin) / len(needed)
                self._each += (took - self._each) * LEARN
            faces |= dict(zip(needed, made, strict=True))
        last = len(batch) - 1
        self._ahead = (self._offset, batch[last].number, faces[last]) if last in faces else None
        patches = []
        for i, (moment, (clip, number)) in enumerate(zip(batch, sources, strict=True)):
            image = _rgb(_mixed(faces, i)) if moment.weight > 0 else clip.face(number)
            patches.append(
                Patch(moment.number, moment.weight, image, clip.boxes[number], clip.points[number])
            )
        return patches

    def _prepared(self, clip: Clip, number: int) -> Floats:
        """Return what the generator sees of a picture; of a photograph it is made only once."""
        if self._seen is None or self._seen[:2] != (clip, number):
            side = self._generator.side
            self._seen = clip, number, prepared(clip.face(number, side), side)
        return self._seen[2]

    def _held(self, moment: "_Moment") -> Patch:
        """Return the newest painted face once more, for another moment."""
        if self._newest is not None:
            return replace(self._newest, number=moment.number)
        clip, number = self._pictures.source(self._offset + moment.number)
        return Patch(moment.number, 0.0, clip.face(number), clip.boxes[number], clip.points[number])

    def paint(self, view: View, tick: int, mouth: Mouth | None) -> None:
        """Put a mouth in; without one the last fades into the clip's own."""
        self._tick = tick
        if mouth is not None:
            self._last, self._weight = mouth, mouth.weight
            self._offset = tick - mouth.number
        else:
            self._weight = max(0.0, self._weight - 1 / FADE)
        if self._last is not None:
            last = self._last
            self._compositor.paste(view, last.face, last.box, last.points, self._weight)


@dataclass(frozen=True, slots=True)
class _Moment:
    """What is heard with one mouth."""

    number: int
    weight: float
    mel: Floats


class _Sound:
    """The sound of one reply as it comes, cut into moments."""

    def __init__(self, fps: int) -> None:
        self.ready: deque[_Moment] = deque()
        self._fps = fps
        self._resampler: soxr.ResampleStream | None = None
        self._rate = RATE
        self._mel = MelStream(fps)
        self._spectra, self._level = Spectra(RATE), VoiceLevel()
        self._open: deque[bool] = deque()
        self._first_open = 0
        self._chunks: deque[Floats] = deque()
        self._number = self._samples = 0
        self._weight = 0.0

    def feed(self, audio: Audio) -> None:
        """Take in the next piece; all pieces have one rate."""
        if self._resampler is None:
            self._rate = audio.rate
            self._resampler = soxr.ResampleStream(audio.rate, RATE, 1, "float32", "MQ")
        self._samples += len(audio.samples)
        self._hear(np.asarray(self._resampler.resample_chunk(audio.samples), np.float32))

    def end(self) -> None:
        """Take in silence, and let go of what belongs to it."""
        if self._resampler is None:
            return
        silence = np.zeros(round(REST_S * self._rate), np.float32)
        self._hear(np.asarray(self._resampler.resample_chunk(silence, last=True), np.float32))
        count = -(-self._samples * self._fps // self._rate)
        while self.ready and self.ready[-1].number >= count:
            self.ready.pop()

    def _hear(self, samples: Samples) -> None:
        spectra = self._spectra.feed(samples)
        for power in power_of(spectra).tolist() if len(spectra) else ():
            self._level.step(power)
            self._open.append(self._level.open)
        self._chunks += list(self._mel.feed(samples))
        while self._chunks:
            at = self._number / self._fps
            first = round((at - AFTER_S) * STEP_HZ) - self._first_open
            last = round((at + BEFORE_S) * STEP_HZ) - self._first_open
            if last >= len(self._open):
                return
            speaks = any(self._open[i] for i in range(max(0, first), last + 1))
            step = 1 / FADE if speaks else -1 / FADE
            self._weight = min(max(self._weight + step, 0.0), 1.0)
            self.ready.append(_Moment(self._number, self._weight, self._chunks.popleft()))
            self._number += 1
            for _ in range(max(0, first)):
                self._open.popleft()
                self._first_open += 1


def _mixed(faces: dict[int, Floats], place: int) -> Floats:
    """Return the face at ``place``, or a mix of those before and after it."""
    if place in faces:
        return faces[place]
    before = max(i for i in faces if i < place)
    after = min(i for i in faces if i > place)
    share = np.float32((place - before) / (after - before))
    return faces[before] + (faces[after] - faces[before]) * share


def _rgb(face: Floats) -> NDArray[np.uint8]:
    """Return the generator's face (3, side, side), BGR, as a picture."""
    levels = np.clip(face * np.float32(255) + np.float32(0.5), 0, 255).astype(np.uint8)
    return np.ascontiguousarray(levels[::-1].transpose(1, 2, 0))
