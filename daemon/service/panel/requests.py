"""What the page may ask: what any program may ask of the control socket, and a little more."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from daemon.errors import InputError
from daemon.i18n import tr
from daemon.service.protocol import (
    Appear,
    Forget,
    Look,
    Name,
    Order,
    Recollect,
    Say,
    Search,
    Show,
    Switch,
    Talk,
)

# Settings that the page offers; brain.model also sets brain.kind.
SETTABLE = (
    "face.name",
    "voice.name",
    "voice.english",
    "voice.mandarin",
    "voice.speed",
    "voice.volume",
    "voice.loudspeaker",
    "brain.model",
    "brain.persona",
    "ears.languages",
    "ears.microphone",
    "camera.device",
    "dialogue.answer_when",
    "memory.keep",
)
LONGEST_VALUE = 4000  # characters of a setting
LONGEST_OFFER = 16_000  # characters; a browser's has 2,000


class _Request(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    v: Literal[1] = 1


class Set(_Request):
    """Set something, at once or with the next restart."""

    do: Literal["set"]
    name: Literal[SETTABLE]  # type: ignore[valid-type]
    value: (
        Annotated[str, Field(max_length=LONGEST_VALUE)]
        | bool
        | float
        | Annotated[list[Annotated[str, Field(max_length=8)]], Field(max_length=8)]
    )


class Ask(_Request):
    """Ask for something of the panel's own.

    ``choices``: what can be set, and to what; ``keep``: write what was set into the settings' file;
    ``examine``: let the doctor look; ``models``: the models and whether they are there.
    """

    do: Literal["choices", "keep", "examine", "models"]


class Fetch(_Request):
    """Download a model, or stop doing so."""

    do: Literal["pull", "stop-pull"]
    name: Name
    accept_license: bool = False


class Listen(_Request):
    """Send the voice to the page, too; ``offer`` is WebRTC's, in SDP."""

    do: Literal["listen"]
    offer: Annotated[str, Field(max_length=LONGEST_OFFER)]


PanelRequest = Set | Ask | Fetch | Listen
Shared = Look | Switch | Say | Order | Recollect | Search | Show | Forget | Appear | Talk
Any_ = Annotated[Shared | PanelRequest, Field(discriminator="do")]


class Envelope(BaseModel):
    """A request with a number that its answer carries, too."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    id: Annotated[int, Field(ge=0, le=2**53)]
    language: Literal["en", "zh"]
    request: Any_


def open_envelope(text: str) -> Envelope:
    """Read one; ``InputError`` says what is wrong with it."""
    try:
        return Envelope.model_validate_json(text)
    except ValidationError as error:
        problem: Any = error.errors(include_url=False, include_input=False)[0]
        raise InputError(
            tr("The request is not understood: {reason}").format(reason=problem["msg"])
        ) from None
