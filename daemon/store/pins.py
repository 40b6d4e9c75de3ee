"""What a hub said of a file whose checksum is not in the manifest: remembered from the first use.

Beside such a weight stands ``.hub.json``: which commit its reference meant, and the size and sha256
that the hub gave. From then on they count like those of the manifest: only that file is taken, and
``models verify`` compares with it.
"""

import hashlib
import re
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from daemon.errors import InputError, SetupError
from daemon.files import atomic_write, make_folder
from daemon.i18n import tr
from daemon.store.manifest import Hub, Manifest, Sha256, Text, Weight, WeightFile

PIN = ".hub.json"
MODEL = "model.gguf"
MAX_PIN_BYTES = 10_000  # of a pin's file; one holds a few hundred
MAX_NAME_CHARS = 100  # of a weight's folder; a file system takes 255 bytes

_REFERENCE = re.compile(
    r"hub:([\w][\w.-]*/[\w][\w.-]*)/([\w][\w. -]*(?:/[\w][\w. -]*)*\.gguf)(?:@([\w][\w./-]*))?",
    re.ASCII,
)
_ONE_OF_SEVERAL = re.compile(r"-\d{5}-of-\d{5}\.gguf$")


class Pin(BaseModel):
    """What the hub said."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    hub: Hub
    """As it was asked for; its revision may be a branch."""
    commit: str
    """What that revision meant."""
    size: int
    sha256: Sha256

    @property
    def file(self) -> WeightFile:
        """Return the file to be had."""
        place = self.hub.model_copy(update={"revision": self.commit})
        return WeightFile(name=MODEL, size=self.size, sha256=self.sha256, hub=place)


def parse_reference(text: str) -> Hub:
    """Read ``hub:OWNER/REPOSITORY/FILE.gguf[@REVISION]``; raises ``InputError``."""
    match = _REFERENCE.fullmatch(text)
    if match is None or ".." in text:
        raise InputError(
            tr("{text} is not of the form hub:OWNER/REPOSITORY/FILE.gguf[@REVISION].").format(
                text=text
            )
        )
    if _ONE_OF_SEVERAL.search(match[2]):
        raise InputError(
            tr("{text} is one file of several; choose a model that is one file.").format(text=text)
        )
    return Hub(repository=match[1], path=match[2], revision=match[3] or "main")


def name_of(hub: Hub) -> str:
    """Return the name, and folder, of a file on the hub that the manifest does not know."""
    words = [hub.repository, hub.path.removesuffix(".gguf")]
    words += [hub.revision] * (hub.revision != "main")
    name = re.sub(r"[^\w.-]+", "-", "--".join(word.replace("/", "--") for word in words))
    if len(name) <= MAX_NAME_CHARS:
        return name
    return name[: MAX_NAME_CHARS - 9] + "-" + hashlib.sha256(name.encode()).hexdigest()[:8]


def read_pin(place: Path) -> Pin | None:
    """Return what is remembered in a weight's folder; ``None`` for nothing that can be read."""
    try:
        with (place / PIN).open("rb") as file:
            return Pin.model_validate_json(file.read(MAX_PIN_BYTES))
    except (OSError, ValidationError):
        return None


def write_pin(place: Path, pin: Pin) -> None:
    """Remember it; raises ``StorageError``."""
    make_folder(place)
    with atomic_write(place / PIN) as part:
        part.write_text(pin.model_dump_json(indent=2) + "\n", encoding="utf-8")


def require_same(name: str, known: Pin, told: Pin) -> None:
    """Raise ``SetupError`` where the hub has another file at a reference than at its first use."""
    if (known.size, known.sha256) == (told.size, told.sha256):
        return
    raise SetupError(
        tr(
            "The hub's file for {name} is another one than at its first use: sha256 {new} "
            "instead of {old}. It is not taken."
        ).format(name=name, new=told.sha256, old=known.sha256),
        tr("if its makers changed it, forget the old one first: {command}").format(
            command=f"digital-life models remove {name}"
        ),
    )


def with_pin(weight: Weight, pin: Pin) -> Weight:
    """Return a weight with the file that is remembered."""
    return weight.model_copy(update={"files": (pin.file,)})


def hub_weight(pin: Pin) -> Weight:
    """Return the weight that a file on the hub makes."""
    place = f"{pin.hub.repository} {pin.hub.path}"
    return Weight(
        name=name_of(pin.hub),
        description=Text(en=f"From the hub: {place}", zh=f"来自模型仓库：{place}"),
        licence="?",
        files=(pin.file,),
    )


def with_pins(manifest: Manifest, directory: Path) -> Manifest:
    """Add what is remembered below the models' directory to what the manifest knows."""
    weights = dict(manifest.weights)
    for path in sorted(directory.glob(f"*/{PIN}")):
        name, pin = path.parent.name, read_pin(path.parent)
        known = manifest.weights.get(name)
        if pin is None:
            continue
        if known is None and name == name_of(pin.hub):
            weights[name] = hub_weight(pin)
        elif known and known.unpinned and known.unpinned.hub == pin.hub:
            weights[name] = with_pin(known, pin)
    return manifest.model_copy(update={"weights": weights})
