"""A film of the running conversation."""

from collections.abc import AsyncIterator
from contextlib import aclosing

from fastapi import APIRouter
from starlette.responses import StreamingResponse

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


@router.post("/recording", response_class=FilmStream)
async def record(services: Served, wanted: RecordingRequest = WHOLE) -> FilmStream:
    """Record the conversation: its face, its voice and all that the microphone hears.

    The answer is the film, as it is made: a fragmented MP4, which can be played wherever it ends.
    It ends after ``seconds``, with ``DELETE /v1/recording``, when the client hangs up, and when the
    daemon ends or loads anew.
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


async def _pieces(daemon: Daemon, made: ConversationFilm) -> AsyncIterator[bytes]:
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
