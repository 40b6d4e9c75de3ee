"""Which weights the settings ask for."""

from pathlib import Path

from daemon.config import Settings
from daemon.ears.choice import AUTO, is_folder
from daemon.store.model_store import ModelStore


def is_path(name: str) -> bool:
    """Whether a setting names a file, and not a weight."""
    return name.endswith((".gguf", ".onnx"))


def file_or_weight(name: str, store: ModelStore) -> Path:
    """Resolve a setting that is either the path of a file or the name of a weight."""
    return Path(name).expanduser() if is_path(name) else store.path(name)


def needed_weights(settings: Settings, store: ModelStore) -> list[str]:
    """Name the weights without which the settings cannot be met.

    The speech recogniser is not where it is a folder, or any that is there (``ears.choice``).
    The Mandarin voice is not among them: espeak-ng stands in for it, or nothing where only English
    is understood. Raises ``SetupError`` for a voice that there is not.
    """
    from daemon.voice.voice_choice import speaking_voices
    from daemon.voice.voice_speeds import kokoro_is_quick

    brain = [settings.brain.model] if settings.brain.kind == "llamacpp" else []
    english = speaking_voices(settings.voice, store, kokoro_is_quick(store))["en"].weight
    model = settings.ears.model
    ears = [] if model == AUTO or is_folder(model) else [model]
    named = (*ears, *([english] if english else []), *brain)
    return ["silero-vad", "smart-turn", *(name for name in named if not is_path(name))]


def require_weights(settings: Settings, store: ModelStore) -> None:
    """Raise ``SetupError`` for the first weight that is missing or damaged; none is loaded yet.

    Likewise for a language that it is to hear and has no voice to answer in.
    """
    from daemon.brain.choice import require_brain
    from daemon.voice.voiced_languages import require_voices

    require_brain(settings, store)
    for name in needed_weights(settings, store):
        store.path(name)
    require_voices(settings, store)
