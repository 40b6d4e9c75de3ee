"""A server first, and a model on this machine while the server is gone."""

import logging
import time
from collections.abc import Callable, Iterator, Sequence

from daemon.errors import StageError, named
from daemon.i18n import tr
from daemon.media import Message, Tool, ToolCall
from daemon.stages import ChatModel, ToolUser
from daemon.worker import CancelToken

log = logging.getLogger(__name__)

REST_S = 10.0  # a server that is gone is not asked again sooner: each try may cost connect_s


class FallbackModel:
    """A ``ToolUser`` that asks ``server``, and ``make_local()`` where that fails.

    The local model is loaded when it is first needed. An answer that breaks off after its first
    words is an error of that turn, as with any brain: another's words would not go on from there.
    """

    def __init__(
        self,
        server: ChatModel,
        make_local: Callable[[], ChatModel],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._tools: tuple[Tool, ...] = ()
        self._server = server
        self._make_local = make_local
        self._local: ChatModel | None = None
        self._clock = clock
        self._resting_until = 0.0

    @property
    def context_tokens(self) -> int:
        """How many tokens fit with the one that answers now."""
        return self._now().context_tokens

    def count_tokens(self, messages: Sequence[Message]) -> int:
        """Count with the one that answers now."""
        return self._now().count_tokens(messages)

    @property
    def tools(self) -> tuple[Tool, ...]:
        """What may be called, whichever of the two answers."""
        return self._tools

    @tools.setter
    def tools(self, tools: tuple[Tool, ...]) -> None:
        self._tools = tools
        for model in (self._server, self._local):
            if isinstance(model, ToolUser):
                model.tools = tools

    def reply(self, messages: Sequence[Message], cancel: CancelToken) -> Iterator[str]:
        """Yield the server's answer, or the local one if not a word comes."""
        for piece in self.reply_or_call(messages, cancel):
            if isinstance(piece, str):
                yield piece

    def reply_or_call(
        self, messages: Sequence[Message], cancel: CancelToken
    ) -> Iterator[str | ToolCall]:
        """Yield likewise, with what is to be called."""
        if self._clock() >= self._resting_until:
            began = False
            try:
                for piece in _pieces(self._server, messages, cancel):
                    began = True
                    yield piece
                return
            except StageError as error:
                if began:
                    raise
                self._fall_back(error)
        if not cancel.cancelled:
            yield from _pieces(self._loaded(), messages, cancel)

    def warm_up(self) -> None:
        """See whether the server is there; if not, make the local model ready."""
        try:
            self._server.warm_up()
        except StageError as error:
            self._fall_back(error)
            self._loaded()

    def close(self) -> None:
        """Free both."""
        self._server.close()
        if self._local:
            self._local.close()

    def _fall_back(self, error: StageError) -> None:
        self._resting_until = self._clock() + REST_S
        reason = named(error).rstrip(".。") + (f" ({error.fix})" if error.fix else "")
        log.warning("%s; %s", reason, tr("the local model answers meanwhile"))
        log.debug("%s", error)

    def _now(self) -> ChatModel:
        """Return the local model only while it stands in: it counts by its own tokens."""
        resting = self._local is not None and self._clock() < self._resting_until
        return self._loaded() if resting else self._server

    def _loaded(self) -> ChatModel:
        if self._local is None:
            self._local = self._make_local()
            if isinstance(self._local, ToolUser):
                self._local.tools = self._tools
            self._local.warm_up()
        return self._local


def _pieces(
    model: ChatModel, messages: Sequence[Message], cancel: CancelToken
) -> Iterator[str | ToolCall]:
    if isinstance(model, ToolUser):
        return model.reply_or_call(messages, cancel)
    return model.reply(messages, cancel)
