"""Which converted voices there are.

A voice is a folder with a ``voice.toml`` and the files of its kind: ``timbre.npz`` of a WORLD
voice, or ``config.json``, ``G_*.pth`` and perhaps ``cluster.pt`` of a so-vits-svc one. Voices are
the user's own data and lie in the data directory of the XDG specification; that of a double lies in
the double's folder, and has its name.
"""

import difflib
import json
import os
import re
import shutil
import tomllib
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from daemon.errors import SetupError
from daemon.files import fsync_rename, make_folder, unwritable
from daemon.folders import data_folder, part_of_double, parts_of_doubles
from daemon.i18n import tr

SETTINGS = "voice.toml"
TIMBRE = "timbre.npz"
CONFIG = "config.json"
CLUSTER = "cluster.pt"

_NAME = re.compile(r"\w[\w-]{0,39}")

F0Method = Literal["dio", "harvest", "parselmouth", "crepe", "crepe-tiny"]


class ConvertedVoiceSettings(BaseModel):
    """What ``voice.toml`` holds."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    kind: Literal["world", "sovits"]
    consent: str
    """The day on which somebody stated that the voice may be used."""
    speaker: str = ""
    """A name in the model's config; "" is its first."""
    transpose: Annotated[float, Field(ge=-36, le=36)] = 0
    """Semitones."""
    auto_f0: bool = False
    """Whether the model makes the melody; for speech, not for singing."""
    f0_method: F0Method = "dio"
    cluster_ratio: Annotated[float, Field(ge=0, le=1)] = 0
    noise_scale: Annotated[float, Field(ge=0, le=2)] = 0.4
    silence_db: Annotated[float, Field(ge=-90, le=-10)] = -40
    """Pauses further below the loudest moment than this stay silent."""


@dataclass(frozen=True, slots=True)
class Voice:
    """A voice that can be used."""

    name: str
    directory: Path
    settings: ConvertedVoiceSettings

    @property
    def statement(self) -> str:
        """What a file that was made with it says of it."""
        return (
            f"Synthetic speech in the voice “{self.name}”, made by Digital Life. Whoever added the "
            f"voice stated on {self.settings.consent} that it is their own or used with permission."
        )

    def checkpoint(self) -> Path:
        """Return the newest ``G_*.pth``. Raises ``SetupError`` when there is none."""
        found = checkpoints(self.directory)
        if not found:
            raise SetupError(
                tr("The voice “{name}” has no checkpoint G_*.pth.").format(name=self.name),
                f"digital-life voices train {self.name}",
            )
        return found[-1]


def voices_directory() -> Path:
    """Return ``digital-life/voices`` in the data directory of the XDG specification."""
    return data_folder() / "voices"


def voice_directory(name: str) -> Path:
    """Return where the voice of that name is, or belongs; ``SetupError`` where it can be none."""
    check_name(name)
    return part_of_double(name, "voice") or voices_directory() / name


def check_name(name: str) -> None:
    """Raise ``SetupError`` if a voice cannot be called so."""
    if not _NAME.fullmatch(name):
        raise SetupError(
            tr("A voice cannot be called “{name}”: use letters, digits, - and _.").format(name=name)
        )


def checkpoints(folder: Path) -> list[Path]:
    """Return the generators in a folder, the newest (by its number of steps) last."""
    found = [path for path in folder.glob("G*.pth") if path.is_file()]
    return sorted(found, key=lambda path: (_number(path), path.stat().st_mtime_ns))


def _number(path: Path) -> int:
    digits = re.search(r"(\d+)$", path.stem)
    return int(digits[1]) if digits else 0


def list_voices() -> tuple[list[Voice], list[SetupError]]:
    """Return all voices by name, and what is wrong with those that cannot be read."""
    good, bad = [], []
    own = ((path.parent.name, path.parent) for path in voices_directory().glob(f"*/{SETTINGS}"))
    for name, directory in sorted([*own, *parts_of_doubles("voice", SETTINGS)]):
        try:
            good.append(read_voice(name, directory))
        except SetupError as error:
            bad.append(error)
    return good, bad


def is_voice(name: str) -> bool:
    """Whether there is a voice of that name, good or bad."""
    return bool(_NAME.fullmatch(name)) and (voice_directory(name) / SETTINGS).exists()


def find_voice(name: str) -> Voice:
    """Return the voice of that name. Raises ``SetupError`` with a suggestion."""
    directory = voice_directory(name)
    if (directory / SETTINGS).exists():
        return read_voice(name, directory)
    known = [voice.name for voice in list_voices()[0]]
    message = tr("There is no voice called “{name}”.").format(name=name)
    if near := difflib.get_close_matches(name, known, 1, 0.5):
        raise SetupError(message, tr("Did you mean “{name}”?").format(name=near[0]))
    raise SetupError(message, "digital-life voices list")


def read_voice(name: str, directory: Path) -> Voice:
    """Read the voice in a folder; ``SetupError`` where it is none."""
    path = directory / SETTINGS
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
        return Voice(name, directory, ConvertedVoiceSettings.model_validate(values))
    except ValidationError as error:
        problem = error.errors()[0]
        reason = f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}"
    except (OSError, ValueError, RecursionError) as error:
        reason = str(error)
    raise SetupError(tr("{path} cannot be used: {reason}").format(path=path, reason=reason))


class NewVoice:
    """A voice in the making: a folder beside the others that gets its name when it is whole.

    Raises ``SetupError`` when there is one of that name, ``StorageError`` when the disk refuses.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._place = voice_directory(name)
        if self._place.exists():
            raise SetupError(
                tr("There is a voice called “{name}” already.").format(name=name),
                f"digital-life voices remove {name}",
            )
        self.directory = self._place.with_name(f".{self._place.name}.{os.getpid()}.part")

    def __enter__(self) -> "NewVoice":
        try:
            make_folder(self.directory)
        except OSError as error:
            raise unwritable(self.directory, error) from error
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        shutil.rmtree(self.directory, ignore_errors=True)
        if isinstance(error, OSError):
            raise unwritable(self.directory, error) from error

    def finish(self, settings: ConvertedVoiceSettings) -> Voice:
        """Write ``voice.toml`` and give the folder its name."""
        write_settings(self.directory, settings)
        fsync_rename(self.directory, self._place)
        return Voice(self.name, self._place, settings)


def write_settings(directory: Path, settings: ConvertedVoiceSettings) -> None:
    """Write ``voice.toml``, with the settings of its kind that a person may want to change."""
    lines = [f'kind = "{settings.kind}"', f'consent = "{settings.consent}"']
    if settings.kind == "sovits":
        speaker = json.dumps(settings.speaker, ensure_ascii=False)  # TOML's strings are JSON's
        lines += [
            f"speaker = {speaker}  # a name in config.json",
            f"transpose = {settings.transpose:g}  # semitones, -36 to 36",
            f"auto_f0 = {str(settings.auto_f0).lower()}  # true: the model makes the melody",
            f'f0_method = "{settings.f0_method}"  # dio, harvest, parselmouth, crepe, crepe-tiny',
            f"cluster_ratio = {settings.cluster_ratio:g}  # 0 to 1; wants a {CLUSTER}",
            f"noise_scale = {settings.noise_scale:g}  # 0 to 2; more is livelier and rougher",
            f"silence_db = {settings.silence_db:g}  # pauses below the loudest by this stay silent",
        ]
    (directory / SETTINGS).write_text("\n".join(lines) + "\n", encoding="utf-8")


def today() -> str:
    """Return the day for ``consent``."""
    return date.today().isoformat()
