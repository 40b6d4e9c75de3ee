"""``digital-life bench av``: how far sound and picture are apart, where a video call takes them.

A flash and a click come from the same moment of a reply (``av_sync_probe.py``). The click is
recorded at the virtual microphone; the flash is read back from the camera device, with the kernel's
time of its capture. Where there is no such device, a stand-in notes the moment at which the picture
is handed to it. All times are ``CLOCK_MONOTONIC``.
"""

import threading
import time
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType

import av
import numpy as np

from daemon.audio.routing import MICROPHONE
from daemon.bench.figures import Progress, Row, drift, spread
from daemon.bench.process import Process, write_config
from daemon.bench.sound_server import SoundServer
from daemon.bench.timed_recording import Recorder, TimedRecording
from daemon.config import Settings
from daemon.files import LockedTempFolder
from daemon.i18n import tr
from daemon.media import LISTEN_RATE

OFFSET_S = 0.04  # goal, 95 % of the time
DRIFT_S = 0.005  # goal, over ten minutes
TEN_MINUTES_S = 600.0
CLICK = 0.1  # of full scale: nothing else in the recording is as loud
APART_S = 0.3  # two clicks are further apart; a flash further from a click is another one's
LAG_S = 2.0  # clicks are looked up this late, when the tape's clock knows what came after them
EXTRA_S = 30.0  # longer than asked for
PLAUSIBLE_S = 0.5  # a picture cannot be on its way for longer: the driver counts on another clock


@dataclass(frozen=True, slots=True)
class Measured:
    """What was found."""

    camera: str
    """The device, empty for the stand-in."""
    offsets: list[tuple[float, float]]
    """Of the short replies: seconds since the first click, and by how much the flash was late."""
    long_offsets: list[tuple[float, float]]
    """Likewise, of the long reply."""
    missed: int
    """Clicks without a flash."""


class Clicks:
    """Finds the clicks on a tape as it grows."""

    def __init__(self, recording: TimedRecording) -> None:
        self.moments: list[float] = []
        """When each could be heard, ``time.monotonic()``."""
        self._recording = recording
        self._seen = 0
        self._next = 0  # before this it is still the same click

    def look(self, stop: int) -> None:
        """Find those before a position on the tape."""
        sound = self._recording.playback(self._seen, stop)
        for place in np.flatnonzero(np.abs(sound) >= CLICK):
            position = self._seen + int(place)
            if position >= self._next:
                self.moments.append(self._recording.moment(position))
                self._next = position + round(APART_S * LISTEN_RATE)
        self._seen = max(self._seen, stop)


class Viewer:
    """Watches a camera device while the ``with`` block runs, as a video call does."""

    def __init__(self, device: str) -> None:
        self.flashes: list[float] = []
        """When each was captured, ``time.monotonic()``."""
        self._device = device
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="viewer", daemon=True)

    def __enter__(self) -> "Viewer":
        if self._device:
            self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        if self._device:
            self._thread.join(5)  # pictures come all the time; without one it dies with the process

    def _watch(self) -> None:
        bright = False
        with av.open(self._device, format="v4l2") as device:
            for packet in device.demux(video=0):
                arrived = time.monotonic()
                if self._ended.is_set():
                    return
                for frame in packet.decode():
                    before, bright = bright, bool(frame.to_ndarray(format="gray").mean() > 127)
                    if bright and not before:
                        stamp = float(packet.pts * packet.time_base) if packet.pts else 0.0
                        self.flashes.append(captured(stamp, arrived))


def captured(stamp: float, arrived: float) -> float:
    """Return the driver's time of a picture, or its arrival where that is on another clock."""
    return stamp if 0 <= arrived - stamp < PLAUSIBLE_S else arrived


def measure(settings: Settings, seconds: float, progress: Progress) -> Measured:
    """Click and flash for so long; ``DeviceError`` where PulseAudio is missing."""
    with (
        LockedTempFolder("digital-life-bench-") as folder,
        SoundServer(Path(folder)) as server,
    ):
        write_config(server.folder / "config.toml", settings)
        arguments = (str(server.folder / "config.toml"), str(seconds))
        with (
            progress(tr("clicks and flashes"), round(seconds)) as done,
            Process(
                "daemon.bench.av_sync_probe", arguments, server.env, server.folder / "log"
            ) as process,
        ):
            device = process.wait_until_ready().text
            with Recorder(server, MICROPHONE) as recorder, Viewer(device) as viewer:
                clicks, begin = Clicks(recorder.recording), time.monotonic()
                while process.last("done") is None and time.monotonic() - begin < (
                    seconds + EXTRA_S
                ):
                    process.wait(time.monotonic(), 1.0, "done")
                    clicks.look(recorder.recording.length - round(LAG_S * LISTEN_RATE))
                    done()
                recorder.wait_until(recorder.recording.length + LISTEN_RATE)
                clicks.look(recorder.recording.length)
            flashes = viewer.flashes or [event.at for event in process.since(0, "flash")]
            long = process.last("long")
    return compare(clicks.moments, flashes, long.at if long else float("inf"), device)


def compare(
    clicks: Sequence[float], flashes: Sequence[float], long_at: float, device: str
) -> Measured:
    """Find the flash of each click. All times on one clock, in order."""
    offsets: list[tuple[float, float]] = []
    for click in clicks:
        near = flashes[
            bisect_left(flashes, click - APART_S) : bisect_left(flashes, click + APART_S)
        ]
        if near:
            offsets.append((click, min((flash - click for flash in near), key=abs)))
    begin = clicks[0] if clicks else 0.0
    short = [(at - begin, late) for at, late in offsets if at < long_at]
    long = [(at - begin, late) for at, late in offsets if at >= long_at]
    return Measured(device, short, long, len(clicks) - len(offsets))


def rows(measured: Measured) -> list[Row]:
    """Hold the figures against the goals."""
    camera = measured.camera or tr("a stand-in inside the process, not the device")
    found = [Row(tr("the camera was"), camera)]
    late = [late for _, late in measured.offsets]
    if (signed := spread(late)) and (off := spread([abs(value) for value in late])):
        found.append(
            Row(
                tr("picture behind sound"),
                tr("median {median:.0f} ms, 95 % within ±{p95:.0f} ms (n = {n})").format(
                    median=1000 * signed.median, p95=1000 * off.p95, n=off.n
                ),
                f"±{1000 * OFFSET_S:.0f} ms",
                off.p95 <= OFFSET_S,
            )
        )
    if drifted := _drift(measured):
        change, doubt = drifted
        found.append(
            Row(
                tr("drift in ten minutes"),
                tr("{change:.1f} ± {doubt:.1f} ms").format(
                    change=1000 * change, doubt=1000 * doubt
                ),
                f"< {1000 * DRIFT_S:.0f} ms",
                abs(change) < DRIFT_S if doubt < DRIFT_S else None,
            )
        )
    if measured.missed:
        found.append(Row(tr("clicks without a flash"), str(measured.missed)))
    return found


def as_json(measured: Measured) -> dict[str, object]:
    """Return all single measurements and what they come to."""
    late = [late for _, late in measured.offsets]
    signed, off = spread(late), spread([abs(value) for value in late])
    drifted = _drift(measured)
    return {
        "summary": {
            "late_s": signed and asdict(signed),
            "off_s": off and asdict(off),
            "drift_in_ten_minutes_s": drifted and drifted[0],
            "drift_doubt_s": drifted and drifted[1],
        },
        **asdict(measured),
    }


def _drift(measured: Measured) -> tuple[float, float] | None:
    """Return seconds in ten minutes, and the doubt about it."""
    found = drift(*zip(*measured.long_offsets, strict=True)) if measured.long_offsets else None
    return found and (found[0] * TEN_MINUTES_S, found[1] * TEN_MINUTES_S)
