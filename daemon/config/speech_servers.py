"""The settings of servers that hear or speak in the place of this machine."""

from pydantic import model_validator

from daemon.config.conversation import Language
from daemon.config.field import Section, setting
from daemon.config.reach import allow_only_here
from daemon.i18n import tr


class SpeechServerSettings(Section):
    """What is set of each such server."""

    url: str = setting(
        "",
        "The server's address: with OpenAI's API, such as http://127.0.0.1:8000/v1, for kind = "
        '"openai"; with Wyoming, such as tcp://127.0.0.1:10300, for kind = "wyoming".',
        pattern=r"^((https?|tcp)://\S+)?$",
    )
    remote: bool = setting(
        False, "Whether the server may be another computer, to which sound or words then go."
    )
    model: str = setting(
        "", "The model's name on the server; \"\" is whisper-1 or tts-1, or Wyoming's own choice."
    )
    key_file: str = setting(
        "",
        'A file that holds the key, readable by you only; "" takes DIGITAL_LIFE_KEY from the '
        "environment, or none. Wyoming has no keys.",
    )
    silence_s: float = setting(
        1.0,
        "Seconds without words, or without sound to play, after which this machine takes over.",
        ge=0.1,
        le=60,
    )

    @model_validator(mode="after")
    def _stays_here(self) -> "SpeechServerSettings":
        allow_only_here(
            self, tr("its url is on another computer: remote = true lets what is said go there")
        )
        return self


class EarsServerSettings(SpeechServerSettings):
    """``[ears_server]``: a server that recognises speech."""


class VoiceServerSettings(SpeechServerSettings):
    """``[voice_server]``: a server that speaks."""

    voice: str = setting(
        "",
        "A voice's name on the server; \"\" is alloy, or Wyoming's own choice for the language.",
    )
    languages: tuple[Language, ...] = setting(
        (),
        "The languages that it speaks; this machine speaks the others. Empty: all of those under "
        "[ears].",
        strict=False,
    )
