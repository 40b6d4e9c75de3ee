"""``config.toml`` → typed, frozen settings.

Each setting is declared once, with its default, limits and description, in ``conversation.py``,
``brains.py``, ``speech_servers.py`` or ``output.py``. The packaged ``config.toml``, the settings
page of the documentation and the panel are made from these declarations (``pages.py``). A user's
file needs only what it changes; anything that cannot be meant is refused with the file, the line
and what was expected.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pydantic import ValidationError

from daemon.config.brains import (
    BrainSettings,
    ServerSettings,
    ToolServer,
    ToolsSettings,
)
from daemon.config.conversation import (
    DialogueSettings,
    EarsEngine,
    EarsSettings,
    Language,
    MemorySettings,
    PersonaSettings,
    Spoken,
)
from daemon.config.field import Section, SettingInfo, describe
from daemon.config.file import explain, line_of, read, refuse_unknown
from daemon.config.output import (
    CameraSettings,
    FaceSettings,
    LogSettings,
    ModelsSettings,
    PanelSettings,
    VoiceSettings,
)
from daemon.config.reach import is_loopback
from daemon.config.speech_servers import (
    EarsServerSettings,
    SpeechServerSettings,
    VoiceServerSettings,
)
from daemon.errors import SetupError
from daemon.folders import config_folder
from daemon.i18n import tr

__all__ = [
    "BrainSettings",
    "CameraSettings",
    "DialogueSettings",
    "EarsEngine",
    "EarsServerSettings",
    "EarsSettings",
    "FaceSettings",
    "Language",
    "Loaded",
    "MemorySettings",
    "PanelSettings",
    "PersonaSettings",
    "ServerSettings",
    "SettingInfo",
    "Settings",
    "SpeechServerSettings",
    "Spoken",
    "ToolServer",
    "ToolsSettings",
    "VoiceServerSettings",
    "VoiceSettings",
    "catalogue",
    "is_loopback",
    "load",
    "packaged_config",
    "user_config",
]


class Settings(Section):
    """Everything that can be set."""

    ears: EarsSettings = EarsSettings()
    ears_server: EarsServerSettings = EarsServerSettings()
    brain: BrainSettings = BrainSettings()
    server: ServerSettings = ServerSettings()
    voice: VoiceSettings = VoiceSettings()
    voice_server: VoiceServerSettings = VoiceServerSettings()
    face: FaceSettings = FaceSettings()
    camera: CameraSettings = CameraSettings()
    dialogue: DialogueSettings = DialogueSettings()
    memory: MemorySettings = MemorySettings()
    persona: PersonaSettings = PersonaSettings()
    tools: ToolsSettings = ToolsSettings()
    panel: PanelSettings = PanelSettings()
    models: ModelsSettings = ModelsSettings()
    log: LogSettings = LogSettings()


@dataclass(frozen=True, slots=True)
class Loaded:
    """Settings and where they came from."""

    settings: Settings
    source: Path
    """The user's file, or the packaged one when there is none."""


@cache
def catalogue() -> dict[str, SettingInfo]:
    """Return what is known of each setting, by its full name, in the order of the file."""
    return {info.name: info for info in describe(Settings)}


def packaged_config() -> Path:
    """Find the complete ``config.toml``: the checkout's, or the copy in an installed package."""
    package = Path(__file__).parents[1]
    beside = package / "config.toml"
    return beside if beside.exists() else package.parent / "config.toml"


def user_config() -> Path:
    """Where a user's own settings belong."""
    return config_folder() / "config.toml"


def load(path: Path | None = None) -> Loaded:
    """Read the settings: ``path`` if given, else the user's file, else the packaged defaults.

    Raises ``SetupError`` naming file, line and remedy for whatever cannot be meant.
    """
    source = path or (user_config() if user_config().exists() else packaged_config())
    changes, text = read(source)
    refuse_unknown(changes, Settings().model_dump(), source, text)
    try:
        settings = Settings.model_validate(changes)
    except ValidationError as error:
        raise explain(error, source, text) from None
    if settings.ears.listen_to != "microphone" and settings.voice.output == "loudspeaker":
        raise SetupError(
            tr("{where}: in a call it would hear itself through the loudspeaker").format(
                where=f"{source}:{line_of(text, 'ears', 'listen_to')}: ears.listen_to"
            ),
            tr('write output = "virtual-microphone" under [voice]'),
        )
    return Loaded(settings, source)
