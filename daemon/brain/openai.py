"""A server with OpenAI's chat protocol as the brain: vLLM, SGLang, Ollama, llama-server.

Such a server runs models that no single machine carries; what is said goes there over the network.
The key is read from a file or the environment, sent to that one address and to no other (nothing
redirects it), and never logged.
"""

import http.client
import json
import logging
import re
import ssl
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

from daemon.brain.address import Address
from daemon.brain.answer import ReasoningHabit, answer
from daemon.brain.completions import (
    AnswerMeta,
    ReplyStream,
    failure,
    parse,
    parse_sse,
    text_only,
    to_openai_tools,
    whole_answer,
)
from daemon.brain.dialect import Dialect, Refused, model_names, wait_asked_for
from daemon.brain.sentences import is_chinese
from daemon.brain.wire import (
    POLL_INTERVAL_S,
    Connection,
    TimeLimits,
    lines,
    network_socket,
    read_all,
)
from daemon.errors import StageError
from daemon.i18n import tr
from daemon.media import Message, Tool
from daemon.worker import Cancelled, CancelToken

log = logging.getLogger(__name__)

TRIES = 2  # a server that restarted, or a balancer before it, drops the first connection
TOTAL_S = 900.0  # of waiting for one answer: the longest at two tokens a second
LIST_S = 60.0  # of waiting for the list of models
BUSY_S = 5.0  # of waiting because a server asks for it: a person waits, too
PAUSE_S = 0.5  # before a server that failed is asked again without having said when
GREETING = "Say hello, in one word."
GREETING_TOKENS = 64  # of its answer; who takes more is thinking
TOKENS_A_MESSAGE = 8  # roles and separators, generously
TOKENS_A_PICTURE = 1000  # what common models make of one, some of them fewer
LETTERS_A_TOKEN = 3  # of spaced scripts; four is usual, three errs to the safe side

_BUSY = (429, 500, 502, 503, 504, 529)
# Their templates end in the opening mark, so that servers which do not part thoughts from answers
# send only the closing one.
_THINKERS = re.compile(r"\br1\b|qwq|thinking|reasoner|glm-z1|-z1-", re.IGNORECASE)


class OpenAIServer:
    """A ``ToolUser`` on a server; opens a connection a reply.

    ``model`` "" takes the first that the server lists. ``connect_s`` bounds the call, ``silence_s``
    each wait for a token. ``context_tokens`` is taken on trust: no server tells it alike.
    """

    def __init__(
        self,
        url: str,
        *,
        model: str = "",
        key: str = "",
        context_tokens: int,
        max_reply_tokens: int,
        temperature: float,
        top_p: float,
        connect_s: float,
        silence_s: float,
    ) -> None:
        self.tools: tuple[Tool, ...] = ()
        self._address = Address.of(url)
        self._tls = ssl.create_default_context() if self._address.encrypted else None
        self._model, self._key = model, key
        self._context_tokens, self._max_reply_tokens = context_tokens, max_reply_tokens
        self._sampling = {"temperature": temperature, "top_p": top_p}
        self._time_limits = TimeLimits(connect_s, silence_s, TOTAL_S)
        self._dialect = Dialect(self._address.host)
        self._habit = ReasoningHabit()

    @property
    def context_tokens(self) -> int:
        """How many tokens fit, as set."""
        return self._context_tokens

    def count_tokens(self, messages: Sequence[Message]) -> int:
        """Estimate how many tokens the messages take; rather too many than too few."""
        called = [call.name + call.arguments for message in messages for call in message.calls]
        told = [
            json.dumps(to_openai_tools((tool,)), ensure_ascii=False) for tool in self._tool_fields
        ]
        texts = [*(message.content for message in messages), *called, *told]
        pictures = sum(len(message.pictures) for message in messages)
        return sum(TOKENS_A_MESSAGE + _tokens(text) for text in texts) + pictures * TOKENS_A_PICTURE

    def reply(self, messages: Sequence[Message], cancel: CancelToken) -> Iterator[str]:
        """Yield the answer as it comes; ends early once ``cancel`` is set. Raises ``StageError``.

        A connection that fails before the first piece is opened once more.
        """
        said = False
        for piece in text_only(self.reply_or_call(messages, cancel)):
            said = True
            yield piece
        if not said and not cancel.cancelled:  # it asked for a tool that nobody offered
            raise failure(tr("it said nothing"))

    def reply_or_call(self, messages: Sequence[Message], cancel: CancelToken) -> ReplyStream:
        """Yield the answer likewise, and then the tools that it wants to be called."""
        return self._insist(messages, cancel)

    @property
    def _tool_fields(self) -> tuple[Tool, ...]:
        return self.tools if self._dialect.calls else ()

    def _insist(
        self, messages: Sequence[Message], cancel: CancelToken, greeting: bool = False
    ) -> ReplyStream:
        """Ask, in other ways and again, until there is an answer or no hope of one."""
        tries, busy_s = TRIES, BUSY_S
        while True:
            began = False
            try:
                for piece in self._stream(messages, cancel, greeting):
                    began = True
                    yield piece
                return
            except Cancelled:
                return
            except Refused as refused:
                if self._adapted(refused, messages):
                    continue
                tries, wait_s = tries - 1, wait_asked_for(dict(refused.headers))
                wait_s = PAUSE_S if wait_s is None else wait_s
                if refused.status not in _BUSY or tries <= 0 or wait_s > busy_s:
                    raise self._address.explained(refused) from refused
                busy_s -= wait_s
                if not _waited(wait_s, cancel):
                    return
            except StageError:
                raise
            except Exception as error:  # whatever a server sends, the local model may answer
                tries -= 1
                if began or tries <= 0 or isinstance(error, TimeoutError):
                    raise self._address.gone(error) from error

    def warm_up(self) -> None:
        """Get to know the server, while nobody waits; ``StageError`` when it does not answer.

        It is greeted: so it is known how it wants to be asked, and whether it thinks aloud.
        """
        try:
            self._model_name(CancelToken())
        except Refused as refused:
            raise self._address.explained(refused) from refused
        except StageError:
            raise
        except Exception as error:
            raise self._address.gone(error) from error
        try:
            list(self._insist([Message("user", GREETING)], CancelToken(), greeting=True))
        except StageError as error:
            busy = isinstance(error.__cause__, Refused) and error.__cause__.status in _BUSY[:1]
            if not busy:  # it is there, and will have time for the first question
                raise

    def close(self) -> None:
        """Nothing is kept open."""

    def _stream(
        self, messages: Sequence[Message], cancel: CancelToken, greeting: bool
    ) -> ReplyStream:
        model = self._model or self._model_name(cancel)
        if self._habit.opened is None and _THINKERS.search(model):
            self._habit.opened = True
        most = GREETING_TOKENS if greeting else self._max_reply_tokens
        body = self._dialect.body(model, messages, self._tool_fields, most, self._sampling)
        meta = AnswerMeta()
        connection = self._connect(cancel)
        try:
            with self._ask(connection, "POST", "/chat/completions", body) as response:
                kind = response.headers.get_content_type()
                if kind == "application/json":
                    said = whole_answer(read_all(response), meta)
                else:
                    said = parse_sse(lines(response), cancel, meta)
                empty = greeting or messages[-1].role == "tool"
                yield from answer(said, meta, self._habit, may_be_empty=empty)
            if greeting and meta.finish == "length" and self._habit.opened is None:
                self._habit.opened = not meta.separate_reasoning  # nobody says hello for so long
        finally:
            connection.close()  # hanging up is what stops the server's work

    def _model_name(self, cancel: CancelToken) -> str:
        """Return the model to ask for: the one that is set, or else the first that is listed.

        Not every server lists them, and a list is not needed where the model is known.
        """
        connection = self._connect(cancel, LIST_S)
        try:
            with self._ask(connection, "GET", "/models", None) as response:
                names = model_names(parse(read_all(response)))
        except (Refused, StageError) as error:
            denied = isinstance(error, Refused) and error.status in (401, 403)
            if not self._model or denied:
                raise
            return self._model
        finally:
            connection.close()
        if not names and not self._model:
            raise failure(tr("it lists no model"), fix=tr("set model under [server]"))
        return self._model or names[0]

    def _connect(self, cancel: CancelToken, total_s: float | None = None) -> Connection:
        cancel.check()
        limits = replace(self._time_limits, total=total_s or self._time_limits.total)
        where = self._address.host, self._address.port
        return Connection(*where, partial(network_socket, *where, self._tls, limits, cancel))

    def _ask(
        self, connection: Connection, method: str, route: str, body: dict[str, object] | None
    ) -> http.client.HTTPResponse:
        content = None if body is None else json.dumps(body).encode()
        headers = self._dialect.headers(self._key)
        connection.request(method, self._address.target(route), content, headers)
        response = connection.answer()
        if response.status != http.client.OK:
            with response:
                raise Refused(response)
        if response.headers.get("Content-Encoding", "identity").lower() != "identity":
            raise failure(tr("it sent what is not a chat"))  # nobody asked for that
        if response.headers.get_content_type() == "text/html":
            raise failure(tr("it sent a web page"), fix=self._address.hint())
        return response

    def _adapted(self, refused: Refused, messages: Sequence[Message]) -> bool:
        pictures = any(message.pictures for message in messages)
        if self._dialect.adapt(refused) or (pictures and self._dialect.leave_pictures_out(refused)):
            log.debug("the server %s is asked in another way from now on", self._address.shown)
            return True
        wants_none = refused.status in (400, 404, 422) and "tool" in refused.said.lower()
        if not (wants_none and self._tool_fields):
            return False
        self._dialect.leave_tools_out()  # it answers without them
        log.warning("%s", tr("The server {url} calls no tools.").format(url=self._address.shown))
        log.debug("%s: %s", self._address.shown, refused.said)
        return True


def _waited(seconds: float, cancel: CancelToken) -> bool:
    """Wait; return whether that was not given up."""
    until = time.monotonic() + seconds
    while time.monotonic() < until and not cancel.cancelled:
        time.sleep(POLL_INTERVAL_S)
    return not cancel.cancelled


def _tokens(text: str) -> int:
    chinese = sum(map(is_chinese, text))
    return chinese + -(-(len(text) - chinese) // LETTERS_A_TOKEN)
