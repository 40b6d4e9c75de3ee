"""Which Whisper hears: one by name, of the hub, in a folder, or the best that is quick enough."""

import logging
from collections.abc import Callable
from pathlib import Path

from daemon.config import EarsSettings
from daemon.errors import SetupError
from daemon.i18n import tr
from daemon.processor_load import PROCESSORS, physical_cores, processor
from daemon.remembered import RememberedNumbers, package_version, path_key
from daemon.store.model_store import ModelStore, WeightState
from daemon.store.repository_pins import REFERENCE

AUTO = "auto"
QUICK_S = 0.4  # in which four seconds of speech have to be read
BUSY_SHARE = 0.5  # of the cores: with so much other work a measurement is not remembered
_NAMED, _ENGLISH, _MODEL = "whisper-", "-en", "model.bin"

log = logging.getLogger(__name__)

Measure = Callable[[Path, EarsSettings], float]


def is_folder(model: str) -> bool:
    """Whether a setting names a folder, and neither a weight nor a repository of the hub."""
    return not model.startswith(REFERENCE) and ("/" in model or model.startswith("~"))


def model_folder(ears: EarsSettings, store: ModelStore, measure: Measure | None = None) -> Path:
    """Return the folder of the model that is to hear. Raises ``SetupError`` where there is none.

    ``auto`` takes the largest of those that are installed which reads four seconds of speech
    within ``QUICK_S``, else the smallest. How quick one is, is measured once on each machine.
    """
    if is_folder(ears.model):
        return Path(ears.model).expanduser()
    if ears.model != AUTO:
        return store.path(ears.model)
    known = RememberedNumbers("ears-seconds.json")
    *larger, smallest = installed(ears, store)
    for folder in larger:
        key = _key(folder, ears)
        seconds = known.get(key)
        if not isinstance(seconds, float):
            log.info("%s", tr("Measuring how fast {name} is, once.").format(name=folder.name))
            try:
                seconds = (measure or _measure)(folder, ears)
            except SetupError as error:
                log.warning("%s", error)
                continue
            if PROCESSORS.others() < BUSY_SHARE * physical_cores():
                known.keep(key, seconds)
        if seconds <= QUICK_S:
            return folder
        text = tr("{name} is not used: it needs {seconds:.2f} s for four seconds of speech.")
        log.info("%s", text.format(name=folder.name, seconds=seconds))
    return smallest


def installed(ears: EarsSettings, store: ModelStore) -> list[Path]:
    """Return the folders of those that know the languages, the largest first; at least one.

    Raises ``SetupError`` where there is none.
    """
    wanted = set(ears.languages)
    names = [
        name
        for name in store.manifest.weights
        if name.startswith(_NAMED)
        and (wanted == {"en"} or not name.endswith(_ENGLISH))
        and store.status(name).state is WeightState.READY
    ]
    if not names:
        raise SetupError(
            tr("No speech recogniser for these languages has been downloaded: {languages}.").format(
                languages=", ".join(ears.languages)
            ),
            "digital-life models pull whisper-base",
        )
    folders = [store.place(name) for name in names]
    return sorted(folders, key=lambda folder: (folder / _MODEL).stat().st_size, reverse=True)


def _measure(folder: Path, ears: EarsSettings) -> float:
    from daemon.ears.whisper import Whisper

    part = Whisper(folder, ears.languages, ears.threads, ears.engine)
    try:
        return part.reading_s()
    finally:
        part.close()


def _key(folder: Path, ears: EarsSettings) -> str:
    """Return what a speed depends on: file, processor, threads, engine and its versions."""
    versions = "|".join(map(package_version, ("ctranslate2", "openvino")))
    threads = ears.threads or physical_cores()
    return f"{path_key(folder / _MODEL)}|{processor()}|{threads}|{ears.engine}|{versions}"
