"""Who can answer: personas, each a small TOML file; some come with the program.

::

    name = "Luna"                 # what it is called
    also = ["露娜"]               # other names by which it may be called
    description = "…"             # for those who choose
    prompt = "You are Luna, …"    # who the model is to be
    languages = ["en", "zh"]      # what it listens for; without this, those of the settings
    face = "default"              # without this, the face of the settings
    greeting = { en = "…", zh = "…" }   # said when it comes
    [voice]                       # each optional, as under [voice] in the settings
    name = ""; english = ""; mandarin = ""; speed = 1.0

A double is a persona, too: the file ``persona.toml`` in its folder, which also holds its voice, its
face and its way of talking, as far as it has them.
"""

import difflib
import logging
import os
import tomllib
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from daemon.config import Language, Settings, Spoken, user_config
from daemon.errors import SetupError
from daemon.face.catalogue import FACE
from daemon.folders import doubles_folder
from daemon.i18n import tr
from daemon.voice.catalogue import SETTINGS as VOICE

_PACKAGE = Path(__file__).parents[1]
DEFAULT = "default"  # the persona that the settings describe
PERSONA, STYLE = "persona.toml", "style.json"  # of a double, in its folder

log = logging.getLogger(__name__)


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class PersonaVoice(_Table):
    """What of ``[voice]`` in the settings is otherwise."""

    name: str | None = None
    english: str | None = None
    mandarin: str | None = None
    speed: Annotated[float, Field(ge=0.5, le=2)] | None = None


class Persona(_Table):
    """Somebody who can answer."""

    id: str
    """The name of its file."""
    name: Spoken
    also: Annotated[tuple[Spoken, ...], Field(strict=False)] = ()
    description: str = ""
    prompt: Annotated[str, Field(min_length=1, max_length=8000)]
    languages: Annotated[tuple[Language, ...], Field(strict=False)] = ()
    face: str = ""
    greeting: dict[Language, str] = {}
    voice: PersonaVoice = PersonaVoice()
    style: str = ""
    """The file of its way of talking."""
    double: bool = False
    """Whether it is made after a real person."""


def own_personas() -> Path:
    """Where the user's personas belong."""
    return user_config().parent / "personas"


def list_personas(settings: Settings) -> list[Persona]:
    """Return all: that of the settings, then by name; the user's go before those of the program.

    Among them are the doubles.

    What cannot be read is left out, and the log says why.
    """
    found: dict[str, Persona] = {}
    for folder in (_PACKAGE / "personas", _PACKAGE.parent / "personas", own_personas()):
        for path in sorted(folder.glob("*.toml")):
            try:
                found[path.stem] = _read(path)
            except SetupError as error:
                log.warning("%s", error)
    for path in sorted(doubles_folder().glob(f"[!.]*/{PERSONA}")):
        try:
            found[path.parent.name] = _read_double(path.parent)
        except SetupError as error:
            log.warning("%s", error)
    found.pop(DEFAULT, None)
    return [_of_settings(settings), *sorted(found.values(), key=lambda one: one.name.casefold())]


def find_persona(name: str, settings: Settings) -> Persona:
    """Return the one with this name, or this file; "" is that of the settings. ``SetupError``."""
    wanted = (name or DEFAULT).casefold()
    if (own := own_personas() / f"{os.path.basename(name)}.toml").is_file():
        return _read(own)  # if something is wrong with it, its owner wants to know
    if (folder := doubles_folder() / os.path.basename(name or DEFAULT) / PERSONA).is_file():
        return _read_double(folder.parent)
    personas = list_personas(settings)
    for persona in personas:
        if wanted in (persona.id.casefold(), *map(str.casefold, (persona.name, *persona.also))):
            return persona
    known = [one for persona in personas for one in (persona.id, persona.name)]
    message = tr("There is no persona called “{name}”.").format(name=name)
    if near := difflib.get_close_matches(name, known, 1, 0.5):
        raise SetupError(message, tr("Did you mean “{name}”?").format(name=near[0]))
    raise SetupError(message, tr("`digital-life persona` lists those there are."))


def with_persona(settings: Settings, persona: Persona) -> Settings:
    """Return the settings as they are while this one answers."""
    voice = {key: value for key, value in persona.voice.model_dump().items() if value is not None}
    changes: dict[str, dict[str, object]] = {"voice": voice, "persona": {"name": persona.id}}
    if persona.id != DEFAULT:
        changes["brain"] = {"persona": persona.prompt}
        if persona.style:
            changes["brain"]["style"] = persona.style
        changes["dialogue"] = {"name": persona.name}
        changes["dialogue"]["wake_phrases"] = (*persona.also, *settings.dialogue.wake_phrases)
    else:
        changes["persona"] = {"name": ""}
    if persona.face:
        changes["face"] = {"name": persona.face}
    if persona.languages:
        changes["ears"] = {"languages": persona.languages}
    values = settings.model_dump()
    return Settings.model_validate(
        {section: {**values[section], **changes.get(section, {})} for section in values}
    )


def _of_settings(settings: Settings) -> Persona:
    dialogue = settings.dialogue
    return Persona(
        id=DEFAULT,
        name=dialogue.name,
        also=dialogue.wake_phrases,
        description=tr("as your settings describe it"),
        prompt=settings.brain.persona or " ",
    )


def check_double(folder: Path) -> None:
    """Raise ``SetupError`` where a double's persona cannot be used, or names files elsewhere."""
    persona = _read(folder / PERSONA, folder.name)
    if persona.style or persona.face or (persona.voice.name or "") != "":
        raise _unusable(folder / PERSONA, "style, face, voice.name")


def _read_double(folder: Path) -> Persona:
    """Read a double, with what lies beside its persona."""
    persona = _read(folder / PERSONA, folder.name)
    voice, has_voice = persona.voice, (folder / "voice" / VOICE).is_file()
    if voice.name is None and has_voice:
        voice = voice.model_copy(update={"name": folder.name})
    face = folder.name if (folder / "face" / FACE).is_file() else ""
    style = folder / STYLE
    return persona.model_copy(
        update={
            "voice": voice,
            "face": persona.face or face,
            "style": persona.style or (str(style) if style.is_file() else ""),
            "double": True,
        }
    )


def _read(path: Path, name: str = "") -> Persona:
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
        return Persona.model_validate({**values, "id": name or path.stem})
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False)[0]
        reason = f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}"
    except (OSError, ValueError, RecursionError) as error:
        reason = str(error)
    raise _unusable(path, reason)


def _unusable(path: Path, reason: str) -> SetupError:
    return SetupError(
        tr("The persona {path} cannot be used: {reason}").format(path=path, reason=reason)
    )
