"""What can be chosen on the page, and what is chosen."""

from collections.abc import Sequence
from pathlib import Path

from daemon.api.answers import Choices, Option, SettingEntry
from daemon.api.bodies import Value
from daemon.brain.choice import candidates
from daemon.config import SettingInfo, Settings, catalogue
from daemon.config.state import differences
from daemon.dialogue.personas import find_persona, with_persona
from daemon.errors import DigitalLifeError, InputError
from daemon.face import loopback
from daemon.face.catalogue import list_faces
from daemon.i18n import tr
from daemon.languages import codes, language
from daemon.running import Running
from daemon.server import Daemon
from daemon.store.model_store import ModelStore
from daemon.voice.catalogue import list_voices
from daemon.voice.plain_factory import speaking_names
from daemon.voice.plain_voices import is_there, plain_voices
from daemon.voice.voice_choice import AUTO

SETTABLE = tuple(name for name, info in catalogue().items() if info.label)
"""Settings that the panel offers; ``brain.model`` also sets ``brain.kind``."""


def option(value: str, label: str = "") -> Option:
    """Return an entry of a list."""
    return Option(value=value, label=label or value)


async def choices(daemon: Daemon) -> Choices:
    """Return the settings that the panel offers."""
    running, wanted = daemon.require_running(), daemon.settings.wanted
    persona = find_persona(wanted.persona.name, wanted)
    seen = with_persona(wanted, persona)
    options = _options(wanted, running.components.store, await _devices(running))
    owned = differences(wanted, seen)
    return Choices(
        settings=[
            _entry(info, _value(seen, name), options, name in owned)
            for name, info in catalogue().items()
            if name in SETTABLE
        ],
        persona=persona.name,
        waiting=daemon.settings.waiting,
        unkept=daemon.settings.unkept,
    )


def _entry(
    info: SettingInfo, value: Value, options: dict[str, list[Option]], owned: bool
) -> SettingEntry:
    known = options.get(info.name, [option(choice, tr(choice)) for choice in info.choices])
    current = ",".join(sorted(value)) if isinstance(value, list) else value
    if known and current not in [entry.value for entry in known]:  # what is set is a choice
        known.append(option(str(value), Path(str(value)).name))
    return SettingEntry(
        name=info.name,
        label=tr(info.label),
        value=current,
        options=known,
        least=info.least,
        most=info.most,
        whole=info.whole,
        live=info.live,
        persona_sets=owned,
    )


def _options(
    wanted: Settings, store: ModelStore, devices: dict[str, list[Option]]
) -> dict[str, list[Option]]:
    """Return what a setting can be where its declaration does not tell."""
    cameras = [option(it.path, it.name) for it in loopback.devices()]
    faces = (face.name for face in list_faces())
    spoken = {"en", "zh", *speaking_names(wanted, store)}
    return {
        "ears.languages": [
            option("en,zh", tr("English and Chinese")),
            *(option(code, _language_name(code)) for code in codes() if code in spoken),
            *_several(wanted.ears.languages),
        ],
        "dialogue.answer_when": [
            option("always", tr("always")),
            option("addressed", tr("only when its name is said")),
        ],
        "dialogue.answer_whom": [
            option("everyone", tr("everyone")),
            option("known", tr("people it knows by voice")),
            option("owner", tr("only the owner")),
        ],
        "face.name": [
            option(name, tr("the drawn one") if name == "default" else name) for name in faces
        ],
        "face.background": [
            option("own", tr("its own")),
            option("blur", tr("blurred")),
            option("#00b140", tr("green, for keying")),
        ],
        "voice.name": [
            option("", tr("its own")),
            *(option(voice.name) for voice in list_voices()[0]),
        ],
        "voice.english": _voices(store, wanted.voice.english, "en"),
        "voice.mandarin": _voices(store, wanted.voice.mandarin, "zh"),
        "brain.model": _brains(wanted, store),
        "ears.microphone": devices["input"],
        "voice.loudspeaker": devices["output"],
        "camera.device": [option("", tr("the first that is free")), *cameras],
    }


def _language_name(code: str) -> str:
    """Name a language to the user, or, where no text of the program is in it, in itself."""
    known = {"en": tr("English"), "zh": tr("Chinese")}
    return known.get(code) or language(code).name


def _several(languages: Sequence[str]) -> list[Option]:
    """Offer the languages that are set, where they are several others."""
    if len(languages) < 2 or tuple(languages) == ("en", "zh"):
        return []
    return [option(",".join(languages), ", ".join(map(_language_name, languages)))]


def chosen(name: str, value: object) -> dict[str, object]:
    """Return the settings that a choice means; ``InputError`` for one that is not offered."""
    if name not in SETTABLE:
        raise InputError(tr("{name} is not among what can be set here.").format(name=name))
    if name == "brain.model" and isinstance(value, str):
        kind, _, model = value.partition(":")
        return {"brain.kind": kind, **({"brain.model": model} if model else {})}
    if name == "ears.languages" and isinstance(value, str):
        return {name: value.split(",")}
    return {name: value}


def _value(settings: Settings, name: str) -> Value:
    if name == "brain.model":
        brain = settings.brain
        return brain.kind + (f":{brain.model}" if brain.kind in ("llamacpp", "chatglm") else "")
    section, key = name.split(".")
    value: Value = settings.model_dump(mode="json")[section][key]
    return value


async def _devices(running: Running) -> dict[str, list[Option]]:
    found: dict[str, list[Option]] = {
        way: [option("", tr("the system's"))] for way in ("input", "output")
    }
    try:
        devices = await running.sound.devices()
    except DigitalLifeError:
        return found
    found["input"] += map(option, dict.fromkeys(it.name for it in devices if it.inputs))
    found["output"] += map(option, dict.fromkeys(it.name for it in devices if it.outputs))
    return found


def _voices(store: ModelStore, current: str, language: str) -> list[Option]:
    """Return the plain voices of a language that are there."""
    found = [option(AUTO, tr("the best that fits"))]
    for voice in plain_voices(store):
        if voice.language == language and (voice.name == current or is_there(voice, store)):
            label = voice.name if voice.engine != "espeak" else "eSpeak NG"
            found.append(option(voice.name, label))
    return found


def _brains(settings: Settings, store: ModelStore) -> list[Option]:
    known = store.manifest.weights
    found = [option("auto", tr("the best that fits"))]
    for candidate in candidates(settings.brain, store):
        name = candidate.model
        text = str(known[name].description) if name in known else Path(name).parent.name
        label = f"{name} · {text}" if name in known else f"{Path(name).name} · {text}"
        found.append(option(f"{candidate.kind}:{name}", label))
    if settings.server.url:
        found.append(option("openai", settings.server.url))
    return found
