"""Proof 2: a question is heard, answered aloud, and spoken by a moving mouth."""

import ast
import itertools
import json
import os
import re
import threading
import time

import av
import numpy as np

from daemon.ears.whisper import Whisper
from daemon.worker import CancelToken
from tests.hardware.guest.scene import (
    SHARED,
    Recorder,
    Service,
    check,
    digital_life,
    say_to_it,
    status,
    wait,
    words,
)

Picture = np.ndarray[tuple[int, int], np.dtype[np.float32]]

REST_S = 3.0
STEADY = 23  # of 25 pictures a second
ALIKE = 0.6  # of the reply's words are understood again: it is one small voice and one small ear


class Viewer:
    """Watches the camera through ffmpeg's V4L2, as a video call would."""

    def __init__(self, device: str) -> None:
        self.seen: list[tuple[float, Picture]] = []
        self.repeated = 0
        """Pictures that the device has shown again because none came in time."""
        self._device = device
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> "Viewer":
        self._thread.start()
        return self

    def _watch(self) -> None:
        with av.open(self._device, format="v4l2") as source:
            for frame in source.decode(video=0):
                if self._stop.is_set():
                    return
                plane = frame.to_ndarray(format="gray")[::2, ::2].astype(np.float32)
                if self.seen and np.array_equal(self.seen[-1][1], plane):
                    self.repeated += 1
                else:
                    self.seen.append((float(frame.time), plane))  # by the kernel's clock, monotonic

    def __exit__(self, *failure: object) -> None:
        self._stop.set()
        self._thread.join(20)

    def rate(self, begin: float, end: float) -> float:
        """Return the new pictures in a second between two moments."""
        return sum(begin <= at < end for at, _ in self.seen) / (end - begin)

    def lately(self) -> float:
        """Return the new pictures in a second of the last ``REST_S``."""
        now = time.monotonic()
        return self.rate(now - REST_S, now)

    def opening(self, begin: float, end: float) -> list[tuple[float, float]]:
        """Return for each picture how much its mouth differs from the one at rest before."""
        rest = np.median([_mouth(picture) for at, picture in self.seen if at < begin], axis=0)
        return [
            (at, float(np.abs(_mouth(picture) - rest).mean()))
            for at, picture in self.seen
            if begin <= at < end
        ]

    def motion(self, begin: float, end: float) -> float:
        """Return how much the middle of the picture's lower half changes, in grey levels."""
        return float(np.mean([step for _, step in self._steps(begin, end)]))

    def _steps(self, begin: float, end: float) -> list[tuple[float, float]]:
        """Return for each picture how much it differs from the one before."""
        seen = [(at, _mouth(picture)) for at, picture in self.seen if begin <= at < end]
        return [
            (at, float(np.abs(picture - before).mean()))
            for (_, before), (at, picture) in itertools.pairwise(seen)
        ]


def _mouth(picture: Picture) -> Picture:
    height, width = picture.shape
    return picture[height // 2 : height * 4 // 5, width * 2 // 5 : width * 3 // 5]


def heard_again(recorder: Recorder) -> str:
    """Transcribe what came out of the card, with the better ears where the host has them."""
    better = (SHARED / "whisper-base").is_dir()
    ears = Whisper(SHARED / ("whisper-base" if better else "whisper-tiny-en"), ("en",), 1)
    try:
        return ears.transcribe(recorder.audio, CancelToken()).text
    finally:
        ears.close()


def prove_conversation(service: Service) -> None:
    camera = status()["devices"]["camera"]
    turns = len(status()["turns"])
    with Viewer(camera) as viewer, Recorder() as recorder:
        time.sleep(REST_S + 1)
        wait(lambda: viewer.lately() >= STEADY, 30, 0.5)  # others may use this machine, too
        rest, quiet = viewer.lately(), time.monotonic()
        say_to_it("question-en.wav")
        answered = wait(lambda: len(status()["turns"]) > turns, 60, 1.0)
        ended = time.monotonic()
    if not check("a spoken question is answered", answered, f"{recorder.loud_s:.1f} s of sound"):
        print(service.log()[-3000:])
        return
    turn = status()["turns"][-1]
    log = re.findall(r"was answered with (.*)", service.log())
    reply = str(ast.literal_eval(log[-1])) if log else ""
    again = heard_again(recorder)
    share = len(words(reply) & words(again)) / max(1, len(words(reply)))
    check("its sound is the reply", share >= ALIKE, f"{share:.2f}: {reply!r} {again!r}")
    spoke_s = turn["reply_end"] - turn["first_audible"]
    middle = next((at for at, _ in viewer.seen if at > ended - spoke_s), quiet)
    speaking = viewer.motion(middle - spoke_s / 2, ended - 1) if viewer.seen else 0
    resting = viewer.motion(quiet - REST_S, quiet)
    check("the mouth moves", speaking > 1.5 * resting, f"{speaking:.2f} against {resting:.2f}")
    print(f"{len(viewer.seen)} pictures, {viewer.repeated} repeated")
    check("25 pictures a second at rest", STEADY <= rest <= 27, f"{rest:.1f}")
    rate = viewer.rate(ended - spoke_s, ended)
    check("and while it speaks", 20 <= rate <= 27, f"{rate:.1f}")
    asked = digital_life("ask", "What is the capital of France?")
    check(
        "a typed question is answered",
        asked.returncode == 0 and asked.stdout.strip(),
        asked.stdout + asked.stderr,
    )
    if os.environ.get("DL_VERBOSE"):
        print(json.dumps(status(), indent=1), service.log()[-5000:])
