"""A film of the conversation under way: its face as it is shown, its voice and the microphone.

The film is made on a thread of its own, which takes what is there in its own time: the sound in
bulk, from rings that hold seconds of it, and of the pictures those that are not too old. So a
machine that is busy costs the film pictures, and never sound.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing
from typing import TYPE_CHECKING, Final

from daemon.audio.film_sound import BEHIND_S, FilmSound
from daemon.errors import SetupError
from daemon.face.streamer import FaceStreamer
from daemon.i18n import tr
from daemon.media import Image, Samples
from daemon.running import Running
from daemon.worker import CancelToken, Worker

if TYPE_CHECKING:
    from daemon.face.live_film import LiveFilm

PERIOD_S = 0.1  # between two looks for what there is
PICTURES = 8  # that may wait: a third of a second; where more come, the oldest are left out
PIECES_AHEAD = 30  # seconds of film that wait for whoever takes them; then the film waits, too
LAST_SOUND_S = 0.3  # after the end, until the ears have read what was heard before it

log = logging.getLogger(__name__)


class ConversationFilm:
    """One film, from ``pieces``' first step until it is ended. The event loop's thread."""

    def __init__(self, running: Running, goes_on: Callable[[], bool], seconds: float) -> None:
        """Prepare a film of at most ``seconds``, which ends when it no longer ``goes_on``, too.

        So it does when the face is of another size, or the file would have to say of other people
        that they are shown or heard. Raises ``SetupError`` where no face is shown.
        """
        if running.screen is None:
            raise SetupError(
                tr("There is no picture to record: the settings show no face."),
                tr('camera.output = "auto" in the settings shows one'),
            )
        self._running: Final = running
        self._screen: Final = running.screen
        self._shown: Final = self._shown_now()
        self._goes_on = goes_on
        self._seconds = seconds
        self._ended = threading.Event()
        self._pictures: deque[tuple[Image, float]] = deque(maxlen=PICTURES)
        self.begin = 0.0
        """The ``time.monotonic()`` of its beginning."""

    def end(self) -> None:
        """Let it come to its end."""
        self._ended.set()

    async def pieces(self) -> AsyncGenerator[bytes, None]:
        """Record; yield the file as it grows, in pieces that can each be played to their end."""
        worker, microphone = Worker("recording"), self._running.microphone
        self.begin = time.monotonic()
        sound = FilmSound(self._running.loudspeaker.played, self.begin)
        mute = self._running.mute

        def hear(samples: Samples, moment: float) -> None:
            if not mute.microphone:
                sound.hear(samples, moment)

        microphone.tap = hear
        self._screen.preview.film(self._take_picture)
        log.info("recording")
        try:
            async with aclosing(worker.stream(self._make, sound, depth=PIECES_AHEAD)) as pieces:
                async for piece in pieces:
                    yield piece
        finally:
            microphone.tap = None
            self._screen.preview.film(None)
            log.info("recorded %.0f s", time.monotonic() - self.begin)
            await worker.close()

    def _take_picture(self, picture: Image, moment: float) -> None:
        if self._shown_now() == self._shown:
            self._pictures.append((picture.copy(), moment - self.begin))

    def _shown_now(self) -> tuple[tuple[int, int], str]:
        """Return the size of the pictures, and what the file has to say of who is in it."""
        return self._screen.face.size, _comment(self._running, self._screen)

    def _make(self, sound: FilmSound, cancel: CancelToken) -> Iterator[bytes]:
        """Make the film; the recording's thread."""
        from daemon.face.live_film import LiveFilm  # takes its time, and is rarely wanted

        size, comment = self._shown
        film = LiveFilm(size, self._screen.face.fps, comment)
        while not self._over():
            cancel.check()
            self._ended.wait(PERIOD_S)
            yield from self._add(film, sound, time.monotonic() - BEHIND_S, self._seconds)
        last = min(time.monotonic(), self.begin + self._seconds)
        time.sleep(LAST_SOUND_S)
        yield from self._add(film, sound, last, last - self.begin)
        yield film.close()

    def _over(self) -> bool:
        over = time.monotonic() >= self.begin + self._seconds or not self._goes_on()
        # Its head is written, and can be told neither another size nor other people.
        if over or self._shown_now() != self._shown:
            self._ended.set()
        return self._ended.is_set()

    def _add(
        self, film: "LiveFilm", sound: FilmSound, until: float, end_s: float
    ) -> Iterator[bytes]:
        """Add the sound up to a moment, and the pictures that are there and before the end.

        Yields what is ready: after a halt, in which nobody took anything, that may be hours.
        """
        while len(samples := sound.take(until)):
            film.add_sound(samples)
            if piece := film.written():
                yield piece
        while self._pictures:
            picture, at_s = self._pictures.popleft()
            if at_s < end_s:
                film.add_picture(picture, at_s)
        if piece := film.written():
            yield piece


def _comment(running: Running, screen: FaceStreamer) -> str:
    """Return what the file says of itself, and must say of a real person's face and voice."""
    conversion = running.session.parts.conversion
    told = "A conversation with Digital Life, whose voice and face are made by a computer."
    voice = conversion.statement if conversion is not None else ""
    return " ".join(filter(None, (told, screen.face.statement, voice)))
