"""A film of the running conversation."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from fastapi import APIRouter
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from daemon.api.answers import Done
from daemon.api.bodies import RecordingRequest
from daemon.api.services import Served
from daemon.errors import BusyError, DigitalLifeError
from daemon.events import Stopping
from daemon.i18n import tr
from daemon.recording import ConversationFilm
from daemon.server import Daemon

WHOLE = RecordingRequest()

router = APIRouter(tags=["recording"])


class FilmStream(StreamingResponse):
    """An MP4 that is made while it is read."""

    media_type = "video/mp4"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer; the film ends with that, also where the client takes nothing more of it."""
        assert isinstance(self.body_iterator, AsyncGenerator)
        async with aclosing(self.body_iterator):
            await super().__call__(scope, receive, send)


@router.post("/recording", response_class=FilmStream)
async def record(services: Served, wanted: RecordingRequest = WHOLE) -> FilmStream:
    """Record the conversation: its face, its voice and all that the microphone hears.

    The answer is the film, as it is made: a fragmented MP4, which can be played wherever it ends.
    It ends after ``seconds``, with ``DELETE /v1/recording``, when the client hangs up, when the
    daemon ends or loads anew, and before a face of another size or a face or voice of other people.
    """
    daemon = services.daemon
    running = daemon.require_running()
    if daemon.recording is not None:
        raise BusyError(tr("The conversation is being recorded already."))
    made = ConversationFilm(running, lambda: daemon.running is running, wanted.seconds)
    return FilmStream(_pieces(daemon, made))


@router.delete("/recording")
async def end(services: Served) -> Done:
    """Let the film come to its end."""
    film = services.daemon.recording
    if film is None:
        raise DigitalLifeError(tr("Nothing is being recorded."), "digital-life record FILE.mp4")
    film.end()
    return Done()


async def _pieces(daemon: Daemon, made: ConversationFilm) -> AsyncGenerator[bytes, None]:
    if daemon.recording is not None:  # another began meanwhile
        return
    daemon.recording = made
    unsubscribe = daemon.bus.subscribe(Stopping, lambda _: made.end())
    try:
        async with aclosing(made.pieces()) as pieces:
            async for piece in pieces:
                yield piece
    finally:
        unsubscribe()
        daemon.recording = None
