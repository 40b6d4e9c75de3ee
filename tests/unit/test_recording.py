"""A film of the conversation: on request, of what there is, and with an end of its own."""

import asyncio
import io
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import av
import numpy as np
import pytest

from daemon.audio.ring_buffer import RingBuffer
from daemon.errors import SetupError
from daemon.media import LISTEN_RATE, SPEAK_RATE
from daemon.recording import ConversationFilm

PICTURE = np.zeros((96, 160, 3), np.uint8)
ENDLESS = 1e6


class Parts:
    """A daemon that listens, as far as a film looks at it; ``tap`` is what it records with."""

    def __init__(self, shows: bool = True) -> None:
        self.tap: Any = None
        self.mute = SimpleNamespace(microphone=False)
        self.microphone = SimpleNamespace(tap=None)
        self.loudspeaker = SimpleNamespace(
            played=RingBuffer(SPEAK_RATE, 4 * SPEAK_RATE, SPEAK_RATE)
        )
        self.session = SimpleNamespace(parts=SimpleNamespace(conversion=None))
        face = SimpleNamespace(size=(160, 96), fps=25, statement="The face of somebody.")
        self.screen = (
            SimpleNamespace(face=face, preview=SimpleNamespace(film=self._film)) if shows else None
        )

    def _film(self, tap: Any) -> None:
        self.tap = tap
        if tap is not None:
            tap(PICTURE, time.monotonic())  # at once, however busy the machine is


def recorded(
    parts: Parts,
    meanwhile: Callable[[ConversationFilm], None],
    goes_on: Callable[[], bool] = lambda: True,
    seconds: float = ENDLESS,
) -> bytes:
    """Return the film; ``meanwhile`` is called again and again while it is made."""
    made: Any = parts

    async def main() -> bytes:
        recording = ConversationFilm(made, goes_on, seconds)

        async def go_on() -> None:
            while True:
                await asyncio.sleep(0.02)
                meanwhile(recording)

        acting = asyncio.create_task(go_on())
        film = b"".join([piece async for piece in recording.pieces()])
        acting.cancel()
        await asyncio.wait([acting])
        return film

    return asyncio.run(main())


def seen_and_heard(parts: Parts) -> Callable[[ConversationFilm], None]:
    """Return what shows pictures and has the microphone hear something, for half a second."""

    def meanwhile(recording: ConversationFilm) -> None:
        now = time.monotonic()
        parts.tap(PICTURE, now)
        parts.microphone.tap(np.full(LISTEN_RATE // 50, 0.5, np.float32), now)
        if now - recording.begin > 0.5:
            recording.end()

    return meanwhile


def sound_of(film: bytes) -> float:
    """Return the loudest moment."""
    with av.open(io.BytesIO(film), "r") as opened:
        return max(float(np.abs(frame.to_ndarray()).max()) for frame in opened.decode(audio=0))


def test_it_holds_pictures_and_what_is_heard_until_it_is_ended() -> None:
    parts = Parts()
    film = recorded(parts, seen_and_heard(parts))
    with av.open(io.BytesIO(film), "r") as opened:
        assert "The face of somebody." in opened.metadata["comment"]
        assert len(list(opened.decode(video=0))) > 3
    assert sound_of(film) > 0.3
    assert (parts.tap, parts.microphone.tap) == (None, None)


def test_nothing_is_heard_while_the_microphone_is_off() -> None:
    parts = Parts()
    parts.mute.microphone = True
    assert sound_of(recorded(parts, seen_and_heard(parts))) < 0.01


@pytest.mark.parametrize(("goes_on_s", "seconds"), [(0.3, ENDLESS), (ENDLESS, 0.2)])
def test_it_ends_with_what_it_records_and_when_its_time_is_over(
    goes_on_s: float, seconds: float
) -> None:
    parts, ends = Parts(), time.monotonic() + goes_on_s
    film = recorded(
        parts,
        lambda _: parts.tap(PICTURE, time.monotonic()),
        lambda: time.monotonic() < ends,
        seconds,
    )
    with av.open(io.BytesIO(film), "r") as opened:
        assert opened.streams.video[0].codec_context.name == "h264"


@pytest.mark.parametrize(
    ("size", "statement"), [((160, 96), "The face of somebody else."), ((320, 192), "")]
)
def test_it_ends_before_another_face_of_which_it_says_nothing(
    size: tuple[int, int], statement: str
) -> None:
    parts: Any = Parts()

    def meanwhile(recording: ConversationFilm) -> None:
        now = time.monotonic()
        if now - recording.begin > 0.3:
            parts.screen.face = SimpleNamespace(size=size, fps=25, statement=statement)
            parts.tap(np.full((size[1], size[0], 3), 255, np.uint8), now)

    with av.open(io.BytesIO(recorded(parts, meanwhile)), "r") as opened:
        assert max(picture.to_ndarray()[:96].max() for picture in opened.decode(video=0)) < 50


def test_the_same_face_may_be_loaded_anew_meanwhile() -> None:
    parts: Any = Parts()

    def meanwhile(recording: ConversationFilm) -> None:
        parts.screen.face = SimpleNamespace(**vars(parts.screen.face))
        parts.tap(PICTURE, time.monotonic())
        if time.monotonic() - recording.begin > 0.5:
            recording.end()

    with av.open(io.BytesIO(recorded(parts, meanwhile)), "r") as opened:
        assert len(list(opened.decode(video=0))) > 3


def test_after_a_halt_no_more_is_in_memory_than_a_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever takes nothing for hours, and then goes on, is given them bit by bit."""
    parts: Any = Parts()
    later = [0.0]
    clock = SimpleNamespace(monotonic=lambda: time.monotonic() + later[0], sleep=time.sleep)
    monkeypatch.setattr("daemon.recording.time", clock)

    async def main() -> list[int]:
        recording, lengths = ConversationFilm(parts, lambda: True, ENDLESS), list[int]()
        async for piece in recording.pieces():
            lengths.append(len(piece))
            later[0] = 600.0
            if sum(lengths) > 100_000:
                recording.end()
        return lengths

    assert max(asyncio.run(main())) < 20_000


def test_who_hangs_up_leaves_nothing_behind() -> None:
    parts: Any = Parts()

    async def main() -> None:
        pieces = ConversationFilm(parts, lambda: True, ENDLESS).pieces()
        taking = asyncio.create_task(anext(pieces))
        while parts.tap is None:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        taking.cancel()
        await asyncio.wait([taking])
        await pieces.aclose()

    asyncio.run(main())
    assert (parts.tap, parts.microphone.tap) == (None, None)


def test_without_a_picture_there_is_no_film() -> None:
    parts: Any = Parts(shows=False)
    with pytest.raises(SetupError, match="no face"):
        ConversationFilm(parts, lambda: True, ENDLESS)
