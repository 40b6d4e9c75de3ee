"""The settings of speaking and being seen, and of the program itself."""

from typing import Annotated, Literal

from pydantic import AfterValidator

from daemon.config.conversation import SpeechKind
from daemon.config.field import Section, setting
from daemon.i18n import tr


def _even(value: int) -> int:
    if value % 2:
        raise ValueError(tr("must be even: video encoders and cameras refuse odd sizes"))
    return value


Even = Annotated[int, AfterValidator(_even)]


class VoiceSettings(Section):
    """``[voice]``: speaking."""

    kind: SpeechKind = setting(
        "local",
        "What speaks. local: this machine; openai, wyoming: the server of [voice_server], and "
        "this machine while that server does not work.",
    )
    name: str = setting(
        "",
        "The voice that speech is converted to, as `digital-life voices list` names it; "
        '"" is the plain voice of the settings below.',
        live=True,
        label="Voice",
    )
    engine: Literal["auto", "kokoro", "piper"] = setting(
        "auto",
        "The engine that speaks while english and mandarin are auto. auto: Kokoro, if it "
        "is installed and `digital-life setup` found this machine fast enough for it; "
        "otherwise Piper.",
        live=True,
        label="Voice engine",
    )
    english: str = setting(
        "auto",
        "A voice from `digital-life voices list`, or the path of a Piper voice: an .onnx "
        "file with its .onnx.json beside it. auto: af_heart or piper-joe, depending on "
        "the engine.",
        live=True,
        label="English voice",
    )
    mandarin: str = setting(
        "auto",
        'Likewise, or "espeak" (barely intelligible). auto: zf_xiaoxiao; if Kokoro is too'
        " slow, mandarin-baker, provided that you have downloaded it.",
        live=True,
        label="Mandarin voice",
    )
    others: tuple[str, ...] = setting(
        (),
        "Voices for further languages, one each: names from `digital-life voices list`, "
        "or paths of Piper voices such as de_DE-thorsten-medium.onnx. A language that has"
        " none here is spoken by Kokoro's first voice for it.",
        live=True,
        strict=False,
    )
    content_vec: str = setting(
        "content-vec",
        "The content encoder of so-vits-svc voices: a weight's name, or the path of a folder with "
        "config.json and pytorch_model.bin.",
        live=True,
    )
    speed: float = setting(
        1.0, "Times the voice's own pace.", live=True, label="Pace", ge=0.5, le=2
    )
    volume: float = setting(
        1.0, "The loudness of its voice; 0 is silent.", live=True, label="Volume", ge=0, le=1
    )
    output: Literal["loudspeaker", "virtual-microphone", "both"] = setting(
        "loudspeaker",
        "Where the voice goes: the loudspeaker, a virtual microphone that video calls find as "
        '"Digital Life", or both.',
    )
    loudspeaker: str = setting(
        "",
        "Part of a device's name as `digital-life devices` lists it; \"\" is the system's default. "
        'With output = "both" it must be a loudspeaker of the sound server.',
        label="Loudspeaker",
    )


class FaceSettings(Section):
    """``[face]``: being seen."""

    name: str = setting(
        "default", "As `digital-life faces list` names it.", live=True, label="Face"
    )
    expressiveness: float = setting(
        0.5,
        "How much the face shows of what is felt in the words: 0 is composed, 1 lively.",
        live=True,
        label="Expressiveness",
        ge=0,
        le=1,
    )
    lips: str = setting(
        "auto",
        "What moves the mouth of your own face. auto: Wav2Lip where its weights are, else the "
        "picture's own lips are bent; bent; a weight's name, or the path of a checkpoint.",
    )
    fps: int = setting(25, "Frames a second; video calls show 25 to 30.", ge=5, le=60)
    width: Even = setting(1280, "Pixels, even.", ge=64, le=4096)
    height: Even = setting(720, "Pixels, even.", ge=64, le=4096)
    background: str = setting(
        "own",
        "What is behind the person. own: what is there; blur: the same, blurred; a colour such "
        "as #00b140, for keying; or the full path of a picture.",
        live=True,
        label="Background",
    )
    subtitles: Literal["off", "said", "both"] = setting(
        "off",
        "Words on the picture, in time with the sound. said: what it says; both: also what it "
        "has heard, while it thinks. Whoever sees the picture reads them.",
        live=True,
        label="Subtitles",
    )
    subtitle_languages: tuple[str, ...] = setting(
        (), "Only subtitles in these languages, such as en and zh; empty: in all.",
        live=True, strict=False,
    )  # fmt: skip
    subtitle_size: float = setting(
        1.0, "Size of the subtitles: a multiple of the usual one.", live=True, ge=0.5, le=2
    )
    subtitle_place: Literal["bottom", "top"] = setting(
        "bottom", "Where on the picture the subtitles are.", live=True
    )
    signs: bool = setting(
        False,
        "A small sign on the picture while the microphone is off, and while it thinks.",
        live=True,
        label="Signs on the picture",
    )
    mirror: bool = setting(
        False, "Exchange left and right, as in a mirror.", live=True, label="Mirror"
    )


class CameraSettings(Section):
    """``[camera]``: where the picture goes."""

    output: Literal["auto", "virtual", "none"] = setting(
        "auto",
        "auto: a virtual camera where there is one, else sound only; virtual: refuse to start "
        "without one; none: no picture.",
    )
    device: str = setting(
        "",
        'Such as /dev/video10; "" takes the first v4l2loopback device that is free.',
        label="Camera",
    )


class PanelSettings(Section):
    """``[panel]``: the page in the browser."""

    enabled: bool = setting(
        False,
        "Serve the page from the start. `digital-life panel` opens it at any time, and it is "
        "served until the daemon ends.",
    )
    port: int = setting(8437, "On 127.0.0.1 only; 0 takes any that is free.", ge=0, le=65535)


class ModelsSettings(Section):
    """``[models]``: weights on disk."""

    directory: str = setting("", 'Where weights are kept; "" is ~/.cache/digital-life/models.')


class LogSettings(Section):
    """``[log]``: the log."""

    level: Literal["debug", "info", "warning", "error"] = setting(
        "info", "How much is logged. What was said is logged at debug only.", live=True
    )
