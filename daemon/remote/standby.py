"""Whether a server is asked, or this machine does its work meanwhile."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from daemon.errors import StageError, named
from daemon.i18n import tr
from daemon.remote.place import Part, Place
from daemon.worker import Cancelled, CancelToken

log = logging.getLogger(__name__)

FIRST_LOOK_S = 1.0  # after a failure; each look that fails doubles it
LAST_LOOK_S = 30.0  # which costs a server that is ill, or asks for money, little
STOP_S = 1.0  # in which the thread notices that it is to end


@dataclass(frozen=True, slots=True)
class SpeechServerStatus:
    """How a server is; no words of anybody's."""

    part: Part
    url: str
    in_use: bool
    problem: str
    """Why it is not in use; empty while it is."""


@runtime_checkable
class OnServer(Protocol):
    """A part whose work a server does while it is there."""

    @property
    def server(self) -> SpeechServerStatus:
        """How the server is."""


class Standby:
    """Says whether a server is to be asked; for any thread.

    A server that failed is not asked again by anybody who waits. A thread looks after it with
    ``look``, which raises what is wrong, until it works again; ``close`` ends that.
    """

    def __init__(
        self,
        place: Place,
        look: Callable[[CancelToken], None],
        pause: Callable[[float], bool] | None = None,
    ) -> None:
        """``pause`` waits for some seconds, and returns whether all is to end."""
        self._place, self._look = place, look
        self._closing = threading.Event()
        self._pause = pause or self._closing.wait
        self._cancel = CancelToken()
        self._lock = threading.Lock()
        self._problem = ""
        self._thread: threading.Thread | None = None

    @property
    def in_use(self) -> bool:
        """Whether the server is asked."""
        return not self._problem

    @property
    def state(self) -> SpeechServerStatus:
        """How the server is."""
        problem = self._problem
        return SpeechServerStatus(self._place.part, self._place.address.shown, not problem, problem)

    def begin(self) -> None:
        """See whether it is there, before it is needed; never raises."""
        try:
            self._look(self._cancel)
        except Cancelled:
            return
        except Exception as error:  # whatever it sends, this machine can do the work
            self.failed(self._place.failed(error))

    def failed(self, error: StageError) -> None:
        """Ask it no more until it was seen to work."""
        with self._lock:
            if self._problem or self._closing.is_set():
                return
            self._problem = named(error)
            name = f"{self._place.part}-server"
            self._thread = threading.Thread(target=self._look_after, name=name, daemon=True)
            self._thread.start()
        reason = self._problem.rstrip(".。") + (f" ({error.fix})" if error.fix else "")
        log.warning("%s. %s", reason, tr("This machine does its work meanwhile."))

    def _look_after(self) -> None:
        seconds = FIRST_LOOK_S
        while not self._pause(seconds):
            seconds = min(2 * seconds, LAST_LOOK_S)
            try:
                self._look(self._cancel)
            except Cancelled:
                return
            except Exception as error:  # it is asked again
                self._problem = named(self._place.failed(error))
                continue
            with self._lock:
                self._problem = ""
            text = tr("The server {url} is in use again.")
            log.info("%s", text.format(url=self._place.address.shown))
            return

    def close(self) -> None:
        """Look no more."""
        self._closing.set()
        self._cancel.cancel()
        if self._thread is not None:
            self._thread.join(STOP_S)
