"""``config.toml`` → typed, frozen settings.

The packaged ``config.toml`` is complete and holds every default; a user's file needs only what it
changes. Anything that cannot be meant is refused with the file, the line and what was expected.
"""

import ipaddress
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from daemon.config_file import explain, line_of, read, refuse_unknown
from daemon.errors import SetupError
from daemon.i18n import tr

Share = Annotated[float, Field(ge=0, le=1)]
Threads = Annotated[int, Field(ge=0, le=256)]


def _even(value: int) -> int:
    if value % 2:
        raise ValueError(tr("must be even: video encoders and cameras refuse odd sizes"))
    return value


def _spoken(name: str) -> str:
    if sum(letter.isalpha() for letter in name) < 2:
        raise ValueError(tr("must have at least two letters, or nobody could say it"))
    return name


Spoken = Annotated[str, AfterValidator(_spoken)]
Side = Annotated[int, Field(ge=64, le=4096), AfterValidator(_even)]


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class EarsSettings(_Table):
    """``[ears]``: hearing a turn and its end."""

    microphone: str
    listen_to: Literal["microphone", "call", "both"]
    call_sink: str
    echo: Literal["cancel", "half-duplex", "off"]
    noise_suppression: bool
    gain_control: bool
    listen: Literal["always", "push-to-talk", "wake-word"]
    wake_word: str
    model: str
    languages: Annotated[tuple[Literal["en", "zh"], ...], Field(min_length=1, strict=False)]
    threads: Threads
    gate: Annotated[int, Field(ge=0, le=3)]
    speech_threshold: Share
    min_speech_s: Annotated[float, Field(ge=0.05, le=2)]
    pause_s: Annotated[float, Field(ge=0.1, le=3)]
    turn_threshold: Share
    max_pause_s: Annotated[float, Field(ge=0.2, le=10)]
    pre_roll_s: Annotated[float, Field(ge=0, le=2)]
    max_utterance_s: Annotated[float, Field(ge=2, le=30)]

    @model_validator(mode="after")
    def _pauses(self) -> "EarsSettings":
        if self.max_pause_s < self.pause_s:
            raise ValueError(tr("max_pause_s must not be shorter than pause_s"))
        return self


class BrainSettings(_Table):
    """``[brain]``: answering."""

    kind: Literal["auto", "llamacpp", "chatglm", "openai"]
    model: str
    prefix: str
    adapter: str
    dtype: Literal["auto", "float32", "bfloat16", "float16", "int8", "int4"]
    device: Annotated[str, Field(pattern=r"^(auto|cpu|cuda(:\d+)?)$")]
    persona: str
    context_tokens: Annotated[int, Field(ge=512, le=1_000_000)]
    max_reply_tokens: Annotated[int, Field(ge=8, le=8192)]
    temperature: Annotated[float, Field(ge=0, le=2)]
    top_p: Annotated[float, Field(gt=0, le=1)]
    repetition_penalty: Annotated[float, Field(ge=1, le=2)]
    gpu_layers: Annotated[int, Field(ge=-1, le=1000)]
    threads: Threads

    @model_validator(mode="after")
    def _room(self) -> "BrainSettings":
        if self.max_reply_tokens > self.context_tokens // 2:
            raise ValueError(tr("max_reply_tokens must be at most half of context_tokens"))
        return self


class ServerSettings(_Table):
    """``[server]``: an OpenAI-compatible server that answers."""

    url: Annotated[str, Field(pattern=r"^(https?://\S+)?$")]
    model: str
    key_file: str
    connect_s: Annotated[float, Field(ge=0.1, le=60)]
    silence_s: Annotated[float, Field(ge=1, le=600)]
    fallback: str


class VoiceSettings(_Table):
    """``[voice]``: speaking."""

    name: str
    english: str
    mandarin: str
    content_vec: str
    speed: Annotated[float, Field(ge=0.5, le=2)]
    volume: Share
    output: Literal["loudspeaker", "virtual-microphone", "both"]
    loudspeaker: str


class FaceSettings(_Table):
    """``[face]``: being seen."""

    name: str
    lips: str
    fps: Annotated[int, Field(ge=5, le=60)]
    width: Side
    height: Side


class CameraSettings(_Table):
    """``[camera]``: where the picture goes."""

    output: Literal["auto", "virtual", "none"]
    device: str


class DialogueSettings(_Table):
    """``[dialogue]``: taking turns."""

    barge_in_s: Annotated[float, Field(ge=0.1, le=5)]
    answer_when: Literal["always", "addressed"]
    name: Spoken
    wake_phrases: Annotated[tuple[Spoken, ...], Field(strict=False)]
    follow_up_s: Annotated[float, Field(ge=0, le=600)]


class PanelSettings(_Table):
    """``[panel]``: the page in the browser."""

    enabled: bool
    port: Annotated[int, Field(ge=0, le=65535)]


class MemorySettings(_Table):
    """``[memory]``: what is kept of conversations."""

    keep: bool
    days: Annotated[int, Field(ge=0, le=36_500)]
    recall_tokens: Annotated[int, Field(ge=0, le=8192)]


class PersonaSettings(_Table):
    """``[persona]``: who answers."""

    name: str


class ToolServer(_Table):
    """``[tools.servers.NAME]``: a server of the Model Context Protocol, and what it may do."""

    command: str = ""
    args: Annotated[tuple[str, ...], Field(strict=False)] = ()
    url: Annotated[str, Field(pattern=r"^(https?://\S+)?$")] = ""
    remote: bool = False
    allow: Annotated[tuple[str, ...], Field(strict=False)] = ()

    @model_validator(mode="after")
    def _one_way(self) -> "ToolServer":
        if bool(self.command) is bool(self.url):
            raise ValueError(tr("must have either a command or a url"))
        if self.url and not self.remote and not is_loopback(self.url):
            raise ValueError(
                tr("its url is not on this computer: remote = true lets what is asked go there")
            )
        return self


class ToolsSettings(_Table):
    """``[tools]``: what the brain may do beside talking."""

    servers: dict[Annotated[str, Field(pattern=r"^[\w-]{1,32}$")], ToolServer]


def is_loopback(url: str) -> bool:
    """Whether what is sent to ``url`` stays on this computer."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class ModelsSettings(_Table):
    """``[models]``: weights on disk."""

    directory: str


class LogSettings(_Table):
    """``[log]``: the log."""

    level: Literal["debug", "info", "warning", "error"]


class Settings(_Table):
    """Everything that can be set."""

    ears: EarsSettings
    brain: BrainSettings
    server: ServerSettings
    voice: VoiceSettings
    face: FaceSettings
    camera: CameraSettings
    dialogue: DialogueSettings
    panel: PanelSettings
    memory: MemorySettings
    persona: PersonaSettings
    tools: ToolsSettings
    models: ModelsSettings
    log: LogSettings


@dataclass(frozen=True, slots=True)
class Loaded:
    """Settings and where they came from."""

    settings: Settings
    source: Path
    """The user's file, or the packaged one when there is none."""


def packaged_config() -> Path:
    """Find the complete ``config.toml``: the checkout's, or the copy in an installed package."""
    beside = Path(__file__).parent / "config.toml"
    return beside if beside.exists() else Path(__file__).parent.parent / "config.toml"


def user_config() -> Path:
    """Where a user's own settings belong."""
    home = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    return Path(home) / "digital-life" / "config.toml"


def load(path: Path | None = None) -> Loaded:
    """Read the settings: ``path`` if given, else the user's file, else the packaged defaults.

    Raises ``SetupError`` naming file, line and remedy for whatever cannot be meant.
    """
    packaged = packaged_config()
    defaults, _ = read(packaged)
    source = path or (user_config() if user_config().exists() else packaged)
    changes, text = (defaults, "") if source == packaged else read(source)
    refuse_unknown(changes, defaults, source, text)
    merged = {name: {**table, **changes.get(name, {})} for name, table in defaults.items()}
    try:
        settings = Settings.model_validate(merged)
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
