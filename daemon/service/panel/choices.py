"""What can be chosen on the page, and what is chosen."""

from pathlib import Path
from typing import Any

from daemon import i18n
from daemon.app import Running
from daemon.apply import LIVE, differences
from daemon.brain.choice import candidates
from daemon.config import Settings
from daemon.dialogue.personas import find_persona, with_persona
from daemon.errors import DigitalLifeError
from daemon.face import loopback
from daemon.face.catalogue import list_faces
from daemon.service.desk import Desk
from daemon.service.panel.requests import SETTABLE
from daemon.store.manifest import Weight
from daemon.store.model_store import ModelStore, State
from daemon.voice.catalogue import list_voices

Option = dict[str, str]
MANDARIN = ("mandarin-baker", "piper-huayan")


def option(value: str, label: str = "") -> Option:
    """Return an entry of a list; the page words those without a label."""
    return {"value": value, "label": label or value}


async def choices(desk: Desk, running: Running) -> dict[str, Any]:
    """Return the settings that the page offers: their values, options, and which are live."""
    wanted = desk.settings.wanted
    persona = find_persona(wanted.persona.name, wanted)
    seen = with_persona(wanted, persona)
    sound = await _devices(running)
    options = {
        "face.name": [option(face.name) for face in list_faces()],
        "voice.name": [option(""), *(option(voice.name) for voice in list_voices()[0])],
        "voice.english": _voices(running.loader.store, wanted.voice.english, mandarin=False),
        "voice.mandarin": [
            *_voices(running.loader.store, wanted.voice.mandarin, mandarin=True),
            option("espeak", "eSpeak NG"),
        ],
        "brain.model": _brains(wanted, running.loader.store),
        "ears.microphone": sound["input"],
        "voice.loudspeaker": sound["output"],
        "camera.device": [option(""), *(option(it.path, it.name) for it in loopback.devices())],
    }
    values = {name: _value(seen, name) for name in SETTABLE}
    for name, known in options.items():  # what is set is a choice, whatever it is
        if values[name] not in [entry["value"] for entry in known]:
            known.append(option(str(values[name]), Path(str(values[name])).name))
    return {
        "values": values,
        "options": options,
        "live": [name for name in SETTABLE if name in LIVE],
        "persona": persona.name,
        "persona_sets": [name for name in differences(wanted, seen) if name in SETTABLE],
        "waiting": desk.settings.waiting,
        "unkept": desk.settings.unkept,
    }


def chosen(name: str, value: object) -> dict[str, object]:
    """Return the settings that a choice on the page means."""
    if name == "brain.model" and isinstance(value, str):
        kind, _, model = value.partition(":")
        return {"brain.kind": kind, **({"brain.model": model} if model else {})}
    return {name: value}


def models(store: ModelStore, language: str) -> list[dict[str, Any]]:
    """Return all known models and whether they are there; described in ``language``."""
    with i18n.speaking(language):
        return [_model(store, name) for name in store.manifest.weights]


def _model(store: ModelStore, name: str) -> dict[str, Any]:
    weight = store.manifest.weight(name)
    return {
        "name": name,
        "description": str(weight.description),
        "licence": weight.licence,
        "restriction": str(weight.restriction or ""),
        "size": weight.size,
        "state": store.status(name).state.value,
        "fetchable": all(file.members or file.hub for file in weight.files),
    }


def _value(settings: Settings, name: str) -> Any:
    if name == "brain.model":
        brain = settings.brain
        return brain.kind + (f":{brain.model}" if brain.kind in ("llamacpp", "chatglm") else "")
    room, key = name.split(".")
    return getattr(getattr(settings, room), key)


async def _devices(running: Running) -> dict[str, list[Option]]:
    found: dict[str, list[Option]] = {"input": [option("")], "output": [option("")]}
    try:
        devices = await running.sound.devices()
    except DigitalLifeError:
        return found
    found["input"] += map(option, dict.fromkeys(it.name for it in devices if it.inputs))
    found["output"] += map(option, dict.fromkeys(it.name for it in devices if it.outputs))
    return found


def _voices(store: ModelStore, current: str, *, mandarin: bool) -> list[Option]:
    """Return the weights that are voices and are there."""
    return [
        option(name, str(weight.description))
        for name, weight in store.manifest.weights.items()
        if _is_voice(weight)
        and (name in MANDARIN) is mandarin
        and (name == current or store.status(name).state is State.READY)
    ]


def _is_voice(weight: Weight) -> bool:
    files = {file.name for file in weight.files}
    return bool(files & {"voice.onnx", "fastspeech2.tflite"})


def _brains(settings: Settings, store: ModelStore) -> list[Option]:
    known = store.manifest.weights
    found = [option("auto")]
    for candidate in candidates(settings.brain, store):
        name = candidate.model
        text = str(known[name].description) if name in known else Path(name).parent.name
        label = f"{name} · {text}" if name in known else f"{Path(name).name} · {text}"
        found.append(option(f"{candidate.kind}:{name}", label))
    if settings.server.url:
        found.append(option("openai", settings.server.url))
    return found
