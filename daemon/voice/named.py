"""A voice by its name, plain or converted, and the settings that make it speak."""

from daemon.config import Settings
from daemon.store.model_store import ModelStore
from daemon.voice.catalogue import is_voice, list_voices
from daemon.voice.plain_voices import PlainVoice, find_plain, no_such_voice, plain_voices

FIELDS = {"en": "english", "zh": "mandarin"}
"""The settings of languages that have one of their own."""


def values_for(name: str, settings: Settings, store: ModelStore) -> dict[str, object]:
    """Return the settings, by name, with which that voice speaks; "" is the plain one.

    Raises ``SetupError`` with the closest names where there is none of that name.
    """
    if not name or is_voice(name):
        return {"voice.name": name}
    found = plain_named(name, store)
    return {plain_setting(found): plain_value(found, settings, store), "voice.name": ""}


def plain_named(name: str, store: ModelStore) -> PlainVoice:
    """Return a plain voice; ``SetupError`` with the closest names of all voices."""
    known = [voice.name for voice in plain_voices(store)]
    if name not in known and not name.endswith(".onnx"):
        raise no_such_voice(name, [*known, *(voice.name for voice in list_voices()[0])])
    return find_plain(name, store)


def plain_setting(voice: PlainVoice) -> str:
    """Name the setting that chooses the voice of a language."""
    return f"voice.{FIELDS.get(voice.language, 'others')}"


def plain_value(voice: PlainVoice, settings: Settings, store: ModelStore) -> object:
    """Return the value of that setting with which ``voice`` speaks its language."""
    if voice.language in FIELDS:
        return voice.name
    others = [
        name for name in settings.voice.others if find_plain(name, store).language != voice.language
    ]
    return (*others, voice.name)
