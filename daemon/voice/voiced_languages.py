"""Whether each language that it hears has a voice to answer in."""

from daemon.config import Settings
from daemon.errors import SetupError
from daemon.i18n import tr
from daemon.languages import language
from daemon.store.model_store import ModelStore
from daemon.voice.plain_factory import speaking_names

APART = ("en", "zh")
"""Whose voices have settings of their own, and are asked for elsewhere."""


def voiceless(settings: Settings, store: ModelStore) -> list[str]:
    """Return the codes of the languages it is to hear for which there is no voice."""
    further = [code for code in settings.ears.languages if code not in APART]
    speaking = speaking_names(settings, store) if further else {}
    return [code for code in further if code not in speaking]


def no_voice_for(code: str) -> SetupError:
    """Return what is to be raised for a language without a voice; its fix brings one."""
    known = language(code)
    message = tr("No voice here speaks {name} ({code}), which is among `languages` under [ears].")
    fix = "digital-life models pull kokoro"
    if not known.voices.kokoro:
        fix = tr('others = ["PATH.onnx"] under [voice], with a Piper voice {piper}_….onnx').format(
            piper=known.voices.piper
        )
    return SetupError(message.format(name=known.name, code=code), fix)


def require_voices(settings: Settings, store: ModelStore) -> None:
    """Raise ``SetupError`` for the first language that it is to hear and cannot answer in."""
    for code in voiceless(settings, store):
        raise no_voice_for(code)
