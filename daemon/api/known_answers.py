"""What is answered about the models and voices that are known."""

from pydantic import BaseModel


class KnownModel(BaseModel):
    """A model that is known."""

    name: str
    description: str
    licence: str
    restriction: str
    size: int
    """Bytes."""
    state: str
    fetchable: bool
    default: bool
    """Whether it belongs to the set that ``digital-life models pull`` fetches."""


class KnownModels(BaseModel):
    """The models that are known, and whether they are there."""

    models: list[KnownModel]


class KnownVoice(BaseModel):
    """A plain voice that is known."""

    name: str
    engine: str
    language: str
    """ISO 639-1."""
    sex: str
    licence: str
    restriction: str
    there: bool
    in_use: bool
    """Whether it speaks its language now."""
    real_time_factor: float | None
    """Seconds for one of speech, where that was measured."""


class PlainVoiceList(BaseModel):
    """The plain voices that are known."""

    voices: list[KnownVoice]
