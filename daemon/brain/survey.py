"""All language models that are known, and how each would do on this machine; the best first."""

import math
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from daemon.brain.hardware import GB, Hardware, memory_need
from daemon.brain.speed import BrainSpeed, CalibratedBrain, KnownSpeeds, estimate
from daemon.config import BrainSettings
from daemon.errors import SetupError, StageError
from daemon.i18n import tr
from daemon.remembered import path_key
from daemon.store.manifest import BrainFacts, Weight
from daemon.store.model_store import ModelStore, WeightState
from daemon.store.pins import MODEL, PIN

# In talk a gap of more than a second is heard as trouble (Stivers and others, 2009); hearing and
# speaking take half a second beside this.
MAX_FIRST_CLAUSE_S = 1.5
MANY = 100  # more languages than a model names ("zh en +117"): ours are among them
UNKNOWN_QUALITY = -1  # of a model that the manifest does not know: it is never proposed


@dataclass(frozen=True, slots=True)
class Brain:
    """A language model, and how it would do here."""

    name: str
    """As ``brain.model`` would have it."""
    weight: Weight | None
    """``None`` for a file outside of the store."""
    size: int
    """Bytes on disk."""
    need: float
    """Bytes of memory."""
    installed: bool
    in_use: bool
    speed: BrainSpeed | None
    """``None`` if nothing could be measured."""
    measured: bool
    """Whether this very model was measured, and its speed is not an estimate."""
    refusal: str
    """Why it cannot run here, in numbers; empty if it can."""

    @property
    def facts(self) -> BrainFacts | None:
        """What is known of it besides its file."""
        return self.weight.brain if self.weight else None

    @property
    def quality(self) -> int:
        """The class of how well it talks."""
        return self.facts.quality if self.facts else UNKNOWN_QUALITY

    @property
    def quick(self) -> bool:
        """Whether its first clause comes soon enough for talking."""
        return self.speed is not None and self.speed.first_clause_s <= MAX_FIRST_CLAUSE_S

    def speaks(self, languages: Sequence[str]) -> bool:
        """Whether it speaks all of them, as far as is known."""
        if self.facts is None:
            return False
        named = set(self.facts.languages.split())
        many = any(int(word) >= MANY for word in named if word.startswith("+"))
        return many or set(languages) <= named


def require_room(name: str, need: float, machine: Hardware) -> None:
    """Raise ``SetupError`` with the numbers for a model that does not fit the memory."""
    if reason := _refusal(need, machine):
        raise SetupError(
            tr("{name} cannot run here: it {reason}.").format(name=name, reason=reason),
            "digital-life brain",
        )


def survey(
    store: ModelStore,
    brain: BrainSettings,
    machine: Hardware,
    measuring: Callable[[str], object] = lambda _name: None,
) -> list[Brain]:
    """Return all of them, the best first; ``measuring`` is told which is being measured."""
    speeds = KnownSpeeds(brain)
    used = brain.model if brain.kind == "llamacpp" else ""
    files = installed_files(store, used)
    measured: dict[str, BrainSpeed] = {}
    for name, path in files.items():
        if speed := _measured(name, path, store, speeds, machine, brain, measuring):
            measured[name] = speed
    base = _calibration(store, measured)
    found = [
        _brain(name, store, files.get(name), brain, machine, measured.get(name), base)
        for name in _names(store, files)
    ]
    return sorted(found, key=_place)


def best(brains: Sequence[Brain], languages: Sequence[str]) -> Brain | None:
    """Return the one to propose: it fits, is quick, and speaks ``languages``."""
    fitting = (it for it in brains if not it.refusal and it.quick and it.speaks(languages))
    return next(fitting, None)


def installed_files(store: ModelStore, used: str) -> dict[str, Path]:
    """Return the files of the models that are there, by name; ``used`` may be a path."""
    found = {}
    for name, weight in store.manifest.weights.items():
        if is_brain(store, weight) and store.status(name).state is WeightState.READY:
            found[name] = store.place(name) / MODEL
    path = Path(used).expanduser()
    if used.endswith(".gguf") and path.is_file():
        found[used] = path
    return found


def is_brain(store: ModelStore, weight: Weight) -> bool:
    """Whether a weight is a language model: one of the manifest's, or a file of the hub."""
    return weight.brain is not None or (store.directory / weight.name / PIN).is_file()


def fingerprint(name: str, path: Path, store: ModelStore) -> str:
    """Return what tells a file from others: its checksum, or else where and from when it is."""
    weight = store.manifest.weights.get(name)
    if weight and weight.files:
        return weight.files[0].sha256
    return path_key(path)


def _names(store: ModelStore, files: dict[str, Path]) -> list[str]:
    known = [name for name, weight in store.manifest.weights.items() if is_brain(store, weight)]
    return known + [name for name in files if name not in known]


def _measured(
    name: str,
    path: Path,
    store: ModelStore,
    speeds: KnownSpeeds,
    machine: Hardware,
    brain: BrainSettings,
    measuring: Callable[[str], object],
) -> BrainSpeed | None:
    """Return the speed of a model that is there; ``None`` if it does not fit or does not load."""
    file = fingerprint(name, path, store)
    if speed := speeds.get(file):
        return speed
    weight = store.manifest.weights.get(name)
    facts = weight.brain if weight else None
    if _refusal(memory_need(path.stat().st_size, brain.context_tokens, facts), machine):
        return None
    measuring(name)
    with suppress(SetupError, StageError):
        return speeds.measure(file, path)
    return None


def _calibration(store: ModelStore, measured: dict[str, BrainSpeed]) -> CalibratedBrain | None:
    """Return the largest that was measured: the nearest to those that are not there."""
    known = [
        CalibratedBrain(weight.brain, weight.size, speed)
        for name, speed in measured.items()
        if (weight := store.manifest.weights.get(name)) and weight.brain
    ]
    return max(known, key=lambda one: one.size, default=None)


def _brain(
    name: str,
    store: ModelStore,
    path: Path | None,
    brain: BrainSettings,
    machine: Hardware,
    speed: BrainSpeed | None,
    base: CalibratedBrain | None,
) -> Brain:
    weight = store.manifest.weights.get(name)
    facts = weight.brain if weight else None
    size = path.stat().st_size if path else weight.size if weight else 0
    need = memory_need(size, brain.context_tokens, facts)
    guessed = estimate(facts, size, base) if facts and base and not path else None
    return Brain(
        name=name,
        weight=weight,
        size=size,
        need=need,
        installed=path is not None,
        in_use=brain.kind == "llamacpp" and name == brain.model,
        speed=speed or guessed,
        measured=speed is not None,
        refusal=_refusal(need, machine),
    )


def _refusal(need: float, machine: Hardware) -> str:
    if need <= machine.budget:
        return ""
    return tr("needs {need:.1f} GB of memory, {budget:.1f} GB can be used").format(
        need=math.ceil(round(10 * need / GB, 3)) / 10,
        budget=math.floor(10 * machine.budget / GB) / 10,
    )


def _place(brain: Brain) -> tuple[bool, bool, float]:
    """Sort by what can run, and how well it talks; what is too slow for that, by its speed.

    What comes out alike stays in the manifest's order.
    """
    seconds = brain.speed.first_clause_s if brain.speed else math.inf
    return bool(brain.refusal), not brain.quick, -brain.quality if brain.quick else seconds
