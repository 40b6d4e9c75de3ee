"""Serves the page on loopback, inside the daemon's event loop, while somebody wants it."""

import asyncio
import contextlib
import logging
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from importlib import resources

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.types import ASGIApp
from starlette.websockets import WebSocket

from daemon.api import report
from daemon.api.answers import Link
from daemon.api.client import start_command
from daemon.api.page_events import CameraFound, MicrophoneLevel
from daemon.api.panel.access import Guard, Keys, own_programs
from daemon.api.panel.client import PageClient
from daemon.api.panel.link_files import LinkFiles
from daemon.api.panel.pictures import PictureFeed
from daemon.api.panel.talk import ConversationView
from daemon.api.server import Server
from daemon.api.services import CAN_SOUND, Services
from daemon.config import PanelSettings
from daemon.errors import DeviceError
from daemon.i18n import language, tr
from daemon.media import JsonObject
from daemon.running import Running

MAX_PAGES = 8  # open at once
POLL_INTERVAL_S = 0.1  # how often level and words are looked at while a page is open
HOP = '<!doctype html><meta http-equiv="refresh" content="0; url=/"><title>Digital Life</title>'
KINDS = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}

log = logging.getLogger(__name__)


class Panel:
    """The page and those who look at it. Belongs to the event loop's thread."""

    def __init__(self, services: Services, api: ASGIApp) -> None:
        """Take ``api``, which answers what the page asks."""
        daemon = services.daemon
        self._services = services
        self._api = api
        self._daemon = daemon
        self._bus = daemon.bus
        self._talk = ConversationView(lambda: daemon.running, self._bus)
        self._keys = Keys()
        self._link_files = LinkFiles()
        self._port = 0
        self._server: Server | None = None
        self._pages = 0
        self._camera = False  # there was one when it was looked at last
        self._looking: asyncio.Task[None] | None = None
        self._starting = asyncio.Lock()

    @asynccontextmanager
    async def open(self, settings: PanelSettings) -> AsyncIterator[None]:
        """Be there when somebody asks for it, or at once if the settings say so.

        A port that is taken is no reason not to talk; who asks for the panel is told of it.
        """
        self._port = settings.port
        self._services.open_panel = self._invite
        try:
            if settings.enabled:
                try:
                    await self._serve()
                except DeviceError as error:
                    log.warning("%s %s", error, error.fix)
            yield
        finally:
            await self._stop()

    async def link(self) -> str:
        """Serve the page, if it is not served yet; return a link for one use."""
        return (await self._invite()).url

    async def _invite(self) -> Link:
        """Return a link, and the private file that leads a browser to it."""
        await self._serve()
        token = self._keys.token()
        url = f"http://127.0.0.1:{self._port}/?token={token}"
        return Link(url=url, file=self._link_files.write(token, url))

    async def _serve(self) -> None:
        async with self._starting:
            if self._server is not None:
                return
            listener = _listener(self._port)
            self._port = listener.getsockname()[1]
            guard = Guard(self._app(), self._keys, self._port)
            self._cookie = guard.cookie_name
            self._server = Server(guard, listener, own_programs)
            self._server.start()
            self._unfollow = self._talk.attach()
            log.info("the panel is served on port %d", self._port)

    async def _stop(self) -> None:
        self._link_files.clear()
        if self._server is not None:
            self._unfollow()
            await self._server.close()

    def _app(self) -> Starlette:
        files = _files()
        pages = dict.fromkeys(("/", "/index.html"), files.pop("index.html"))

        async def page(request: Request) -> Response:
            if token := request.query_params.get("token"):
                return self._let_in(request, token)
            if not request.scope["known"]:
                return files_response("closed.html", 401)
            return Response(pages["/"], media_type="text/html")

        async def file(request: Request) -> Response:
            name = request.path_params["name"]
            return files_response(name, 200 if name in files else 404)

        def files_response(name: str, status: int) -> Response:
            kind = KINDS.get(name[name.rfind(".") :], "text/plain")
            return Response(files.get(name, b""), status, media_type=kind)

        return Starlette(
            routes=[
                Route("/", page),
                Route("/static/{name}", file),
                WebSocketRoute("/live", self._live),
                WebSocketRoute("/picture", PictureFeed(self._daemon).serve),
                Mount("", self._api),
            ]
        )

    def _let_in(self, request: Request, token: str) -> Response:
        """Turn a link into a cookie; a link that was used already only leads to the page.

        A browser that comes from the private file, which is of no site, would keep the cookie from
        a page that it is only sent on to. So it gets one of ours that goes there by itself.
        """
        if request.headers.get("sec-fetch-site") == "cross-site":
            response = Response(HOP, media_type="text/html")
        else:
            response = RedirectResponse("/", 303)
        if cookie := self._keys.cookie(token):
            self._link_files.remove(token)
            response.set_cookie(self._cookie, cookie, path="/", httponly=True, samesite="strict")
        return response

    async def _live(self, page: WebSocket) -> None:
        if self._pages >= MAX_PAGES:
            await page.close(1013)
            return
        await page.accept()
        gone, followed = contextlib.suppress(Exception), self._bus.followed(private=True)
        with gone, self._counted(), followed as events:
            await PageClient(page, self._let_go).converse(events, **self._hello())

    def _let_go(self) -> None:
        running = self._daemon.running
        if running is not None and running.push_to_talk is not None:
            running.push_to_talk.release()

    @contextlib.contextmanager
    def _counted(self) -> Iterator[None]:
        """Look at level and words while at least one page is open."""
        self._pages += 1
        if self._looking is None:
            self._looking = asyncio.create_task(self._look(), name="panel looks")
        try:
            yield
        finally:
            self._pages -= 1
            if not self._pages and self._looking is not None:
                self._looking.cancel()
                self._looking = None

    async def _look(self) -> None:
        while True:
            running, level = self._daemon.running, 0.0
            if running is not None and not self._daemon.mute.microphone:
                level = running.microphone.level
            self._bus.publish(MicrophoneLevel(round(level, 4)))
            self._tell_camera(running)
            self._talk.look()
            await asyncio.sleep(POLL_INTERVAL_S)

    def _tell_camera(self, running: Running | None) -> None:
        """Tell when a camera comes or goes."""
        screen = running.screen if running is not None else None
        there = screen is not None and screen.camera is not None
        if there is not self._camera:
            self._camera = there
            self._bus.publish(CameraFound(there))

    def _hello(self) -> JsonObject:
        return {
            "status": report.status(self._daemon, self._services.monitor).model_dump(),
            "talk": self._talk.all(),
            "downloads": list(self._services.downloads.under_way.values()),
            "language": language(),
            "start": start_command(),
            "sound": CAN_SOUND,
        }


def _listener(port: int) -> socket.socket:
    """Listen on loopback only."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen()
    except OSError as error:
        listener.close()
        raise DeviceError(
            tr("The panel cannot be served on port {port}: {reason}").format(
                port=port, reason=error.strerror or error
            ),
            tr("another port under [panel], or 0 for any that is free"),
        ) from error
    return listener


def _files() -> dict[str, bytes]:
    """Read the page's files; they are small, and no program can swap them while it runs."""
    place = resources.files("daemon.api.panel").joinpath("static")
    return {entry.name: entry.read_bytes() for entry in place.iterdir() if entry.is_file()}
