"""The API as one application, served on the Unix socket and, for the panel, on loopback.

Who connects is judged by the servers (``server.py``, ``panel/access.py``) before a byte is read.
"""

import asyncio
import json
import logging
import re
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from daemon import __version__, i18n
from daemon.api.answers import Refusal
from daemon.api.routes import (
    conversation,
    lists,
    memory,
    models,
    people,
    recording,
    settings,
    sound,
    status,
    timers,
    voices,
)
from daemon.api.services import Services
from daemon.errors import BusyError, DigitalLifeError, InputError, named
from daemon.i18n import tr
from daemon.terminal import visible

MAX_BODY = 64 * 1024  # bytes; ``say`` with its longest text, all of it escaped, has 30,000
MAX_RECORDING = 16 * 1024 * 1024  # bytes of who is introduced: 90 s as on a CD, an hour as in calls
RECORDINGS = re.compile(r"/v1/people(/\d+/recordings)?")  # what takes them
WRITE_TIMEOUT_S = 5.0  # a client that takes nothing of its answer for so long is cut off

MODULES = (
    status,
    conversation,
    settings,
    timers,
    lists,
    memory,
    people,
    models,
    sound,
    voices,
    recording,
)

log = logging.getLogger(__name__)


class Json(JSONResponse):
    """JSON in UTF-8, whatever is in the texts: half of a surrogate pair becomes a ``?``."""

    def render(self, content: Any) -> bytes:
        """Return the bytes."""
        return json.dumps(content, ensure_ascii=False).encode("utf-8", "replace")


class VisibleJson(Json):
    """The same for a page: nothing in it makes a text read as another."""

    def render(self, content: Any) -> bytes:
        """Return the bytes."""
        return visible(super().render(content).decode()).encode()


def application(services: Services, answer: type[Json] = Json) -> ASGIApp:
    """Return what answers the paths under ``/v1``, in the form of ``answer``."""
    app = FastAPI(
        title="Digital Life",
        description="Steers the running daemon.",
        version=__version__,
        openapi_url="/v1/openapi.json",
        docs_url=None,  # these pages would load scripts from elsewhere
        redoc_url=None,
        default_response_class=answer,
        responses={"4XX": {"model": Refusal}, "5XX": {"model": Refusal}},
        generate_unique_id_function=lambda route: route.name,
    )
    app.state.services, app.state.answer = services, answer
    for module in MODULES:
        app.include_router(module.router, prefix="/v1")
    for kind in (DigitalLifeError, RequestValidationError, HTTPException, Exception):
        app.add_exception_handler(kind, _refuse)
    return Edge(app)


async def _refuse(request: Request, error: Exception) -> Response:
    """Tell what is wrong, in the one form that all errors have."""
    status, told = HTTPStatus.CONFLICT, DigitalLifeError("")
    if isinstance(error, RequestValidationError):
        error = _not_understood(error, request)
    if isinstance(error, HTTPException):
        status = HTTPStatus(error.status_code)
        told = InputError(
            tr("The request is too large.")
            if isinstance(error, TooLarge)
            else tr("There is no such request.")
        )
    elif isinstance(error, DigitalLifeError):
        told = error
        if isinstance(error, InputError):
            status = HTTPStatus.BAD_REQUEST
        elif isinstance(error, BusyError):
            status = HTTPStatus.SERVICE_UNAVAILABLE
    else:  # a fault here must not end the conversation; ``Edge`` logs it
        status = HTTPStatus.INTERNAL_SERVER_ERROR
        told = DigitalLifeError(named(error), said=str(error))
    answer: type[Json] = request.app.state.answer
    return answer(Refusal.of(told).model_dump(), status)


def _not_understood(error: RequestValidationError, request: Request) -> InputError:
    problem = error.errors()[0]
    where = ".".join(str(part) for part in problem["loc"][1:])
    reason = f"{where}: {problem['msg']}" if where else str(problem["msg"])
    is_json = "json" in request.headers.get("content-type", "")
    fix = "" if is_json or where else "Content-Type: application/json"  # curl -d says otherwise
    return InputError(tr("The request is not understood: {reason}").format(reason=reason), fix)


class TooLarge(HTTPException):
    """A request carries more than any of ours does."""

    def __init__(self) -> None:
        super().__init__(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)


class Edge:
    """Speaks the client's language, and bounds what it may send and how long it may take."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        received = 0
        most = MAX_RECORDING if RECORDINGS.fullmatch(scope["path"]) else MAX_BODY

        async def bounded_receive() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > most:
                raise TooLarge
            return message

        async def bounded_send(message: Message) -> None:
            async with asyncio.timeout(WRITE_TIMEOUT_S):
                await send(message)

        with i18n.speaking(_language(Headers(scope=scope))):
            try:
                await self._app(scope, bounded_receive, bounded_send)
            except TimeoutError:
                log.debug("a client was cut off: it took nothing of its answer")
            except Exception:
                log.exception("api: %s failed", scope["path"])


def _language(headers: Headers) -> str:
    """Return the language that is asked for first, of those there are; "" if none is."""
    wanted = headers.get("accept-language", "").lower()
    return wanted[:2] if wanted.startswith(("en", "zh")) else ""
