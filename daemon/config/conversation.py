"""The settings of hearing a person, taking turns, and remembering."""

from typing import Annotated, Literal

from pydantic import AfterValidator, model_validator

from daemon.config.field import Section, setting
from daemon.i18n import tr
from daemon.languages import codes


def _known_language(code: str) -> str:
    if code not in codes():
        raise ValueError(
            tr("must be one of the languages it knows: {known}").format(known=", ".join(codes()))
        )
    return code


Language = Annotated[str, AfterValidator(_known_language)]
"""A code of ``daemon/languages``."""
EarsEngine = Literal["auto", "openvino", "ctranslate2"]
SpeechKind = Literal["local", "openai", "wyoming"]


def _speakable(name: str) -> str:
    if sum(letter.isalpha() for letter in name) < 2:
        raise ValueError(tr("must have at least two letters, or nobody could say it"))
    return name


Spoken = Annotated[str, AfterValidator(_speakable)]


class EarsSettings(Section):
    """``[ears]``: hearing a turn and its end."""

    microphone: str = setting(
        "",
        "Part of a device's name as `digital-life devices` lists it; \"\" is the system's default.",
        label="Microphone",
    )
    listen_to: Literal["microphone", "call", "both"] = setting(
        "microphone",
        "What it listens to: the microphone, what a video call plays (call), or both. A call needs "
        '`output = "virtual-microphone"` or `"both"` under [voice].',
    )
    call_sink: str = setting(
        "",
        "Part of the name of the loudspeaker that the call plays on, as `pactl list sinks` shows "
        'it; "" is the system\'s default.',
    )
    echo: Literal["cancel", "half-duplex", "off"] = setting(
        "cancel",
        "Its own voice in the microphone. cancel: remove it; half-duplex: do not listen while "
        "speaking; off: for headphones, or where the sound server cancels the echo.",
    )
    noise_suppression: bool = setting(
        False,
        "Remove steady noise, such as a fan's. The models were trained on noisy speech and rarely "
        "need it.",
    )
    gain_control: bool = setting(
        False, "Raise a quiet microphone to a usual level. It raises any residual echo, too."
    )
    listen: Literal["always", "push-to-talk", "wake-word"] = setting(
        "always",
        "When it listens. push-to-talk: only between `digital-life talk start` and `talk stop`, "
        "for a hotkey; wake-word: from the wake word until nobody has spoken for follow_up_s.",
    )
    wake_word: str = setting(
        "okay_nabu",
        "okay_nabu, hey_jarvis, hey_mycroft or alexa, or the path of a microWakeWord model's "
        ".json. To use its own name instead, see answer_when under [dialogue].",
    )
    kind: SpeechKind = setting(
        "local",
        "What recognises speech. local: this machine; openai, wyoming: the server of "
        "[ears_server], and this machine while that server does not work.",
    )
    model: str = setting(
        "whisper-base",
        "The speech recogniser, as `digital-life models list` names it: whisper-base, "
        "whisper-tiny-en (English only, faster) or a larger one; another faster-whisper model as "
        "hub:OWNER/REPOSITORY[@REVISION], once `digital-life models pull` has fetched it, or as "
        "its folder; or auto: the largest of the list that is installed and quick enough here.",
    )
    languages: tuple[Language, ...] = setting(
        ("en", "zh"),
        "The languages it may hear, and answers in: en, zh, de, es, fr, hi, it, ja, pt, ru or uk. "
        "Each needs a voice. With a single one, detection is skipped and answers come sooner.",
        live=True,
        label="Languages it hears",
        min_length=1,
        strict=False,
    )
    engine: EarsEngine = setting(
        "auto",
        "The library that Whisper runs in on the processor: openvino, ctranslate2, or auto for "
        "OpenVINO where the processor multiplies bfloat16. A graphics card always has CTranslate2.",
    )
    threads: int = setting(
        0,
        "Processor threads for Whisper; 0 takes at most 8: the physical cores for "
        "OpenVINO, half of the processors for CTranslate2.",
        ge=0,
        le=256,
    )
    gate: int = setting(
        2,
        "How strict webrtcvad is: 3 lets the least noise through to the neural detector.",
        ge=0,
        le=3,
    )
    speech_threshold: float = setting(
        0.5, "Silero's probability above which a moment counts as speech.", ge=0, le=1
    )
    min_speech_s: float = setting(
        0.2,
        "Seconds of speech before a turn begins, so that a click or a cough is not a question.",
        ge=0.05,
        le=2,
    )
    pause_s: float = setting(
        0.25,
        "Seconds of silence after which Smart Turn is asked whether you have finished.",
        ge=0.1,
        le=3,
    )
    turn_threshold: float = setting(
        0.5, "Smart Turn's probability above which you have finished.", ge=0, le=1
    )
    max_pause_s: float = setting(
        0.8,
        "Seconds of silence after which your words alone decide whether you have finished, "
        "whatever Smart Turn says. Where they make no sentence, or the brain cannot tell, you have "
        "1.6 s to go on.",
        ge=0.2,
        le=10,
    )
    pre_roll_s: float = setting(
        0.4,
        "Seconds of sound kept from before speech was noticed, so that no first consonant is lost.",
        ge=0,
        le=2,
    )
    max_utterance_s: float = setting(
        30.0,
        "Seconds; Whisper's window. A longer turn is answered from what was said by then.",
        ge=2,
        le=30,
    )

    @model_validator(mode="after")
    def _pauses(self) -> "EarsSettings":
        if self.max_pause_s < self.pause_s:
            raise ValueError(tr("max_pause_s must not be shorter than pause_s"))
        return self


class DialogueSettings(Section):
    """``[dialogue]``: taking turns."""

    barge_in_s: float = setting(
        0.2,
        "Seconds of speech over the answer that silence it. After a “yeah” or a cough it goes on; "
        "words end it.",
        live=True,
        ge=0.1,
        le=5,
    )
    openers: bool = setting(
        True,
        "Where an answer begins with a few words and a comma, such as “Sure,”, say them while the "
        "rest is still being written.",
        live=True,
    )
    answer_when: Literal["always", "addressed"] = setting(
        "always",
        "always, or addressed: only when its name or a wake phrase is said, as among several "
        "people in a call.",
        label="Answers",
    )
    answer_whom: Literal["everyone", "known", "owner"] = setting(
        "everyone",
        "Whom it answers: everyone; only those it knows by voice (known), as beside a television; "
        "or only the owner. `digital-life people add` introduces somebody; until then everyone is "
        "answered. What is typed always is.",
        live=True,
        label="Whom it answers",
    )
    name: Spoken = setting(
        "Digital Life",
        "The name it listens for when it answers only if addressed. Likely misspellings of the "
        "recogniser are understood.",
        live=True,
    )
    wake_phrases: tuple[Spoken, ...] = setting(
        ("数字生命",), "More names it listens for, in any language.", live=True, strict=False
    )
    follow_up_s: float = setting(
        8.0,
        "Seconds after an answer in which a question needs no name or wake word.",
        live=True,
        ge=0,
        le=600,
    )
    place: str = setting(
        "",
        'Where it is, such as "Berlin", so that answers can fit the place; "" is unknown. It is '
        "told to the brain with the persona.",
        live=True,
        label="Place",
        max_length=100,
    )


class MemorySettings(Section):
    """``[memory]``: what is kept of conversations."""

    keep: bool = setting(
        False,
        "Keep what you said and heard in ~/.local/share/digital-life/memory.db, readable by you "
        "only; `digital-life memory` shows, searches, exports and forgets it.",
        live=True,
        label="Memory",
    )
    days: int = setting(
        0,
        "Days after which a conversation is forgotten; 0 keeps it until you forget it. What you "
        "asked it to remember stays.",
        live=True,
        ge=0,
        le=36_500,
    )
    ask: bool = setting(
        True,
        'When you first say "Remember that …", ask whether that may be kept. A "no" sets this to '
        "false.",
        live=True,
    )
    recall_tokens: int = setting(
        300,
        "Tokens of the prompt for what you asked it to remember and what you said lately, and as "
        "many again for what answers each question; 0 recalls nothing.",
        live=True,
        ge=0,
        le=8192,
    )


class PersonaSettings(Section):
    """``[persona]``: who answers."""

    name: str = setting(
        "",
        'Who answers at the start, as `digital-life persona` lists them; "" is the persona under '
        "[brain].",
        live=True,
    )
