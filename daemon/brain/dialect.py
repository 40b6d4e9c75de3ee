"""How a server wants to be asked: learnt from its refusals, and kept while the brain lives.

Servers that speak OpenAI's protocol differ in which fields they take. Their documents say it
late or not at all; their refusals name the field.
"""

import email.utils
import http.client
import json
import re
import time
from collections.abc import Mapping, Sequence

from daemon.brain.completions import error_message, to_openai_messages, to_openai_tools
from daemon.brain.special_tokens import break_special_tokens
from daemon.media import Message, Tool

KEY_HEADERS = {"Authorization": "Bearer {}", "api-key": "{}", "x-api-key": "{}"}
SAMPLING = ("top_p", "temperature")  # in the order in which they are given up
_REFUSAL = re.compile(
    r"unsupported|not support|unrecogni[sz]ed|unknown|unexpected|not permitted|not allowed|invalid"
    r"|deprecated|cannot both|only the default|not implemented|must be|extra (?:fields|inputs)",
    re.IGNORECASE,
)
_ROLES = re.compile(r"system role|'system'|role 'system|roles must alternate", re.IGNORECASE)


class Refused(Exception):
    """A server does not do what it was asked for; carries what it says of that."""

    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.status, self.headers = response.status, response.headers
        self.body = response.read(4000)
        self.said = error_message(self.body)
        super().__init__(self.said)


class Dialect:
    """What one server takes."""

    def __init__(self, host: str) -> None:
        azure = host.endswith((".azure.com", ".azure-api.net"))
        self.key_header = "api-key" if azure else "Authorization"
        self._max_tokens_field = "max_tokens"
        self._left_out: set[str] = set()
        self._system = True
        self._sees = True

    @property
    def calls(self) -> bool:
        """Whether it takes tools."""
        return "tools" not in self._left_out

    @property
    def streams(self) -> bool:
        """Whether it sends an answer as it is made."""
        return "stream" not in self._left_out

    def body(
        self,
        model: str,
        messages: Sequence[Message],
        tools: Sequence[Tool],
        max_tokens: int,
        sampling: Mapping[str, float],
    ) -> dict[str, object]:
        """Return a request."""
        fields: dict[str, object] = {
            "model": model,
            "messages": self._told(messages),
            **to_openai_tools(tools),
            "stream": True,
            self._max_tokens_field: max_tokens,
            **sampling,
        }
        return {name: value for name, value in fields.items() if name not in self._left_out}

    def _told(self, messages: Sequence[Message]) -> list[dict[str, object]]:
        told = to_openai_messages(messages, self._sees)
        return told if self._system else _without_system(told)

    def headers(self, key: str) -> dict[str, str]:
        """Return what every request carries."""
        told = {"Content-Type": "application/json", "Accept-Encoding": "identity"}
        if key:
            told[self.key_header] = KEY_HEADERS[self.key_header].format(key)
        return told

    def adapt(self, refused: Refused) -> bool:
        """Take notice of a refusal; return whether asking in another way may help."""
        status, said = refused.status, refused.said
        if status in (401, 403):
            return self._adapt_key(said)
        if status not in (400, 404, 415, 422, 501):
            return False
        named = _parameter(refused.body)
        if named in ("max_tokens", "max_completion_tokens") or "max_completion_tokens" in said:
            return self._adapt_most(said)
        if "max_tokens" in said and _REFUSAL.search(said):
            return self._adapt_most(said)
        for field in (named, *(field for field in SAMPLING if re.search(rf"\b{field}\b", said))):
            if field in (*SAMPLING, "stream", "tool_choice"):
                return self._leave_out(field)
        if "stream" in said.lower() and _REFUSAL.search(said):
            return self._leave_out("stream")
        if self._system and _ROLES.search(said):
            self._system = False
            return True
        return False

    def leave_pictures_out(self, refused: Refused) -> bool:
        """Take notice that a request with pictures was refused; return whether that is new.

        A model that sees nothing is told in words that there is a picture.
        """
        new = self._sees and refused.status in (400, 413, 415, 422, 500, 501)
        self._sees = self._sees and not new
        return new

    def leave_tools_out(self) -> None:
        """Take notice that it does not want to hear of them."""
        self._left_out |= {"tools", "tool_choice"}

    def _leave_out(self, field: str) -> bool:
        new = field not in self._left_out
        self._left_out.add(field)
        return new

    def _adapt_most(self, said: str) -> bool:
        if self._max_tokens_field == "max_tokens" and "max_completion_tokens" in said:
            self._max_tokens_field = "max_completion_tokens"
            return True
        return bool(_REFUSAL.search(said)) and self._leave_out(self._max_tokens_field)

    def _adapt_key(self, said: str) -> bool:
        before, said = self.key_header, said.lower()
        if before == "Authorization":
            if "x-api-key" in said:
                self.key_header = "x-api-key"
            elif "api-key" in said or "subscription key" in said:
                self.key_header = "api-key"
        return self.key_header != before


def _parameter(body: bytes) -> str:
    """Return the field that a refusal names, "" if it names none."""
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    match told:
        case {"error": {"param": str(name)}} | {"param": str(name)}:
            return name
        case {"detail": [{"loc": [*_, str(name)]}, *_]}:  # FastAPI's
            return name
    return ""


def _without_system(told: list[dict[str, object]]) -> list[dict[str, object]]:
    """Put what the system says before the first question, for templates that know two roles."""
    if len(told) > 1 and told[0]["role"] == "system" and told[1]["role"] == "user":
        first = f"{break_special_tokens(str(told[0]['content']))}\n\n{told[1]['content']}"
        return [{**told[1], "content": first}, *told[2:]]
    return told


def wait_asked_for(headers: Mapping[str, str], now: float | None = None) -> float | None:
    """Return after how many seconds a busy server wants to be asked again; ``None`` if unsaid.

    ``Retry-After`` has seconds or a date (RFC 9110, 10.2.3); Azure and OpenAI send milliseconds,
    too.
    """
    try:
        sent = {name.lower(): value for name, value in headers.items()}
        if told := sent.get("retry-after-ms"):
            return max(0.0, float(told) / 1000)
        told = sent.get("retry-after")
        if not told:
            return None
        if re.fullmatch(r"\s*\d+(?:\.\d*)?\s*", told):
            return float(told)
        date = email.utils.parsedate_to_datetime(told).timestamp()
        return max(0.0, date - (time.time() if now is None else now))
    except (ValueError, TypeError, OverflowError):
        return None


def model_names(listed: object) -> list[str]:
    """Return the models of a list that can chat, in its order; [] for what is no list of models.

    OpenAI's form, a bare list, Ollama's and LM Studio's own.
    """
    match listed:
        case {"data": list(entries)} | {"models": list(entries)} | list(entries):
            pass
        case _:
            return []
    names: list[str] = []
    for entry in entries:
        match entry:
            case str(name) | {"id": str(name)} | {"model": str(name)} | {"name": str(name)}:
                kind = str(entry.get("type", "")) if isinstance(entry, dict) else ""
                if not _NO_CHAT.search(f"{name} {kind}"):
                    names.append(name)
    return names


_NO_CHAT = re.compile(r"embed|rerank|whisper|tts|moderation|dall-e|stable-diffusion|bge-", re.I)
