"""What only the page is told: words, levels and how downloads go."""

from dataclasses import dataclass
from typing import ClassVar

from daemon.events import PrivateEvent
from daemon.media import JsonObject


@dataclass(frozen=True, slots=True)
class Exchanged(PrivateEvent):
    """A question or its answer has changed."""

    wire_name: ClassVar[str] = "exchange"
    exchange: JsonObject
    """As the page has it; see ``ShownExchange``."""

    def as_fields(self) -> JsonObject:
        """Return those of the exchange."""
        return dict(self.exchange)


@dataclass(frozen=True, slots=True)
class ExchangeGone(PrivateEvent):
    """It is not shown any more: nothing was heard of it, it is forgotten, or it is too old."""

    wire_name: ClassVar[str] = "gone"
    number: int


@dataclass(frozen=True, slots=True)
class Cleared(PrivateEvent):
    """All exchanges are forgotten."""

    wire_name: ClassVar[str] = "cleared"


@dataclass(frozen=True, slots=True)
class HeardSoFar(PrivateEvent):
    """What has been understood of a person who may be going on."""

    wire_name: ClassVar[str] = "hearing"
    text: str


@dataclass(frozen=True, slots=True)
class MicrophoneLevel(PrivateEvent):
    """How loud it is just now, 0 to 1."""

    wire_name: ClassVar[str] = "level"
    level: float


@dataclass(frozen=True, slots=True)
class CameraFound(PrivateEvent):
    """A camera has come or gone."""

    wire_name: ClassVar[str] = "camera"
    there: bool


@dataclass(frozen=True, slots=True)
class DownloadProgress(PrivateEvent):
    """How far a download is."""

    wire_name: ClassVar[str] = "download"
    progress: JsonObject

    def as_fields(self) -> JsonObject:
        """Return how far it is."""
        return dict(self.progress)
