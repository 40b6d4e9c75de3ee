"""Which doubles there are, and what is written down about each.

A double is a folder. ``double.toml`` says whose it is, by whose leave, made when and from what (the
sources' names and checksums, never their contents); ``persona.toml`` says who the brain is to be;
``voice/`` and ``face/`` are a voice and a face like any other; ``style.json`` is its way of
talking. Each part is there whole or not at all, and may be missing.
"""

import difflib
import fcntl
import json
import os
import re
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from daemon import __version__
from daemon.config import Settings
from daemon.dialogue.personas import PERSONA, STYLE, list_personas
from daemon.errors import InputError, SetupError
from daemon.face.catalogue import FACE, list_faces
from daemon.files import atomic_folder, atomic_write
from daemon.folders import doubles_folder
from daemon.i18n import tr
from daemon.store.verify import sha256
from daemon.voice.catalogue import SETTINGS as VOICE
from daemon.voice.catalogue import is_voice

RECORD = "double.toml"
VERSION = 1  # of what is in the folder
MAX_CONSENT_CHARS = 500
PROMPT = (
    "You are {name}, talking aloud with a person. Answer as {name} does, in the first person, in "
    "the language of the last question, in one to three short spoken sentences. No lists, no "
    "Markdown, no code. You are {name}'s digital double, made by a computer: whoever asks whether "
    "you are real, or human, is told so."
)

Part = Literal["chats", "voice", "face"]
PARTS: tuple[Part, ...] = ("chats", "voice", "face")
PLACES = {"chats": STYLE, "voice": f"voice/{VOICE}", "face": f"face/{FACE}"}
"""The file that is there once a part is whole."""

_Day = Annotated[str, Field(pattern=r"\A\d{4}-\d\d-\d\d\z")]
_NAME = re.compile(r"\w[\w-]{0,39}")


class Source(BaseModel):
    """A file that something was learnt from."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    part: Part
    name: str
    """Of the file, without its folder."""
    sha256: Annotated[str, Field(pattern=r"\A[0-9a-f]{64}\z")]


class DoubleRecord(BaseModel):
    """What ``double.toml`` holds."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    version: int
    program: str
    """The version of the program that wrote it."""
    made: _Day
    """The day, as in 2026-05-01."""
    consent: str
    """Whose it is and by whose leave, in the words of whoever made it."""
    consented: _Day
    """The day on which that was stated."""
    sources: Annotated[tuple[Source, ...], Field(strict=False)] = ()


@dataclass(frozen=True, slots=True)
class Double:
    """A double that can be used."""

    name: str
    folder: Path
    record: DoubleRecord

    def has(self, part: Part) -> bool:
        """Whether that part was made."""
        return (self.folder / PLACES[part]).is_file()

    @property
    def parts(self) -> tuple[Part, ...]:
        """The parts that were made."""
        return tuple(part for part in PARTS if self.has(part))


def list_doubles() -> tuple[list[Double], list[SetupError]]:
    """Return all by name, and what is wrong with those that cannot be read."""
    good, bad = [], []
    for path in sorted(doubles_folder().glob(f"[!.]*/{RECORD}")):
        try:
            good.append(read_double(path.parent))
        except SetupError as error:
            bad.append(error)
    return good, bad


def is_double(name: str) -> bool:
    """Whether there is a double of that name, good or bad."""
    return bool(_NAME.fullmatch(name)) and (doubles_folder() / name).is_dir()


def find_double(name: str) -> Double:
    """Return the double of that name; ``SetupError`` with a suggestion where there is none."""
    check_name(name)
    if (doubles_folder() / name).is_dir():
        return read_double(doubles_folder() / name)
    known = [double.name for double in list_doubles()[0]]
    message = tr("There is no double called “{name}”.").format(name=name)
    if near := difflib.get_close_matches(name, known, 1, 0.5):
        raise SetupError(message, tr("Did you mean “{name}”?").format(name=near[0]))
    raise SetupError(message, f"digital-life double create {name}")


@contextmanager
def only_command(name: str) -> Iterator[None]:
    """Be the only command that works on a double; ``InputError`` while another does."""
    check_name(name)
    try:
        handle = os.open(doubles_folder() / name, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:  # there is none, and whoever looks for it says so
        yield
        return
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise InputError(
                tr("Another command is at work on the double “{name}”.").format(name=name),
                tr("wait until it has ended, then try again"),
            ) from error
        except OSError:  # a file system without locks
            pass
        yield
    finally:
        os.close(handle)


def check_name(name: str) -> None:
    """Raise ``InputError`` if a double cannot be called so."""
    if not _NAME.fullmatch(name) or sum(map(str.isalpha, name)) < 2:
        raise InputError(
            tr(
                "A double cannot be called “{name}”: use letters, two at least, digits, - and _."
            ).format(name=name[:80])
        )


def require_free(name: str, settings: Settings) -> None:
    """Raise ``InputError`` where another double, or what is none, is called so already."""
    check_name(name)
    if is_double(name):
        raise InputError(
            tr("There is a double called “{name}” already.").format(name=name),
            f"digital-life double remove {name}",
        )
    wanted = name.casefold()
    taken = {
        tr("a persona"): any(
            wanted in (one.id.casefold(), one.name.casefold()) for one in list_personas(settings)
        ),
        tr("a voice"): is_voice(name),
        tr("a face"): any(face.name == name for face in list_faces()),
    }
    for what, is_taken in taken.items():
        if is_taken:
            raise InputError(
                tr("{what} is called “{name}” already.").format(what=what, name=name),
                tr("choose another name"),
            )


def begin_double(name: str, consent: str, settings: Settings) -> Double:
    """Make a double that has nothing yet but a name and leave; ``InputError``, ``StorageError``."""
    require_free(name, settings)
    said = printable(consent)
    if not said:
        raise InputError(
            tr("A double is made only of a person who has agreed."), '--consent "It is me."'
        )
    today = date.today().isoformat()
    record = DoubleRecord(
        version=VERSION,
        program=__version__,
        made=today,
        consent=said[:MAX_CONSENT_CHARS],
        consented=today,
    )
    with atomic_folder(doubles_folder() / name, replace=False) as making:
        _write_record(making, record)
        persona = f"name = {_text(name)}\nprompt = {_text(PROMPT.format(name=name))}\n"
        (making / PERSONA).write_text(persona, encoding="utf-8")
    return find_double(name)


def sources_of(part: Part, paths: Iterable[Path]) -> list[Source]:
    """Return what is noted of files; reads all of them."""
    return [Source(part=part, name=printable(path.name), sha256=sha256(path)) for path in paths]


def note_sources(double: Double, part: Part, sources: Sequence[Source]) -> Double:
    """Note from what a part was made, in the place of what was noted of it; ``StorageError``."""
    others = [source for source in double.record.sources if source.part != part]
    record = double.record.model_copy(update={"sources": (*others, *sources)})
    _write_record(double.folder, record)
    return Double(double.name, double.folder, record)


def read_double(folder: Path) -> Double:
    """Read a double; ``SetupError`` where it is damaged, or a newer version made it."""
    path = folder / RECORD
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
        version = values.get("version")
        if isinstance(version, int) and version > VERSION:
            raise newer(str(values.get("program")))
        return Double(folder.name, folder, DoubleRecord.model_validate(values))
    except ValidationError as error:
        problem = error.errors()[0]
        reason = f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}"
    except (OSError, ValueError, RecursionError) as error:
        reason = str(error)
    raise SetupError(
        tr("{path} cannot be used: {reason}").format(path=path, reason=reason),
        f"digital-life double remove {folder.name}",
    )


def newer(program: str) -> SetupError:
    """Return what is said of a double that a later version wrote."""
    return SetupError(
        tr("This double was made by version {version}; this is {own}.").format(
            version=program[:20], own=__version__
        ),
        tr("update Digital Life"),
    )


def _write_record(folder: Path, record: DoubleRecord) -> None:
    lines = [
        f"{key} = {json.dumps(value, ensure_ascii=False)}"
        for key, value in record.model_dump(exclude={"sources"}).items()
    ]
    for source in record.sources:
        lines += ["", "[[sources]]"]
        lines += [f"{key} = {_text(value)}" for key, value in source.model_dump().items()]
    with atomic_write(folder / RECORD, private=True) as part:
        part.write_text("\n".join(lines) + "\n", encoding="utf-8")


def printable(text: str) -> str:
    """Return ``text`` on one line, without what no file of text can hold."""
    return "".join(filter(str.isprintable, " ".join(text.split())))


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)  # a JSON string is a TOML string, too
