"""``digital-life brain use``: a model is fetched, tried, and kept only if it answers."""

import sys
import time
from dataclasses import dataclass
from pathlib import Path

from rich.filesize import decimal

from daemon.api.client import Client, NotRunning
from daemon.brain.choice import make_brain
from daemon.brain.hardware import look_at_hardware, memory_need
from daemon.brain.sentences import SentenceSplitter
from daemon.brain.survey import MAX_FIRST_CLAUSE_S, Brain, best, is_brain, require_room, survey
from daemon.commands.brain import calibrated_engine, tell_measuring
from daemon.commands.console import err, out, show_error
from daemon.commands.questions import confirm
from daemon.config import BrainSettings, Settings
from daemon.config.keep import keep
from daemon.errors import DigitalLifeError, InputError, SetupError, StageError
from daemon.i18n import tr
from daemon.media import Message
from daemon.store import pull
from daemon.store.hub_lookup import reachable
from daemon.store.model_store import ModelStore, WeightState, open_store
from daemon.store.pins import PIN, name_of, parse_reference
from daemon.store.progress import Report
from daemon.worker import CancelToken

DEFAULT = str(BrainSettings.model_fields["model"].default)
KEPT = ("brain.kind", "brain.model")


@dataclass(frozen=True, slots=True)
class BrainTrial:
    """What a model answered."""

    first_clause_s: float
    answer: str


def use(word: str, settings: Settings, config: Path | None, *, yes: bool) -> None:
    """Fetch the model that ``word`` means, try it, and keep it in the settings' file.

    Whatever goes wrong, the settings stay as they are. Raises ``DigitalLifeError``.
    """
    store = open_store(settings.models.directory)
    name = _name(word, store, settings)
    try:
        _require_room(name, store, settings)
    except SetupError:
        _forget(name, store)
        raise
    if not name.endswith(".gguf"):
        _fetch(name, store, yes)
    wanted = _with_model(settings, name)
    calibrated_engine(wanted, store)
    with err.status(tr("Trying it …")):
        trial = try_out(wanted, store)
    err.print(
        tr("The first clause came after {seconds:.1f} s: {answer}").format(
            seconds=trial.first_clause_s, answer=trial.answer
        ),
        markup=False,
        highlight=False,
    )
    if trial.first_clause_s > MAX_FIRST_CLAUSE_S:
        told = tr("That is slow for talking; {command} returns to the default.")
        err.print(told.format(command="digital-life brain use default"), markup=False)
    path = keep(wanted, KEPT, config)
    out.print(tr("{name} answers from now on: {path}").format(name=name, path=path), markup=False)
    _tell_daemon()


def propose(settings: Settings, config: Path | None, *, yes: bool) -> None:
    """Name the best model if that is not the one in use; take it with ``yes``, or if told to.

    What goes wrong is told, and the present one stays.
    """
    if settings.brain.kind != "llamacpp":
        return
    store, machine = open_store(settings.models.directory), look_at_hardware(settings.brain)
    calibrated_engine(settings, store)
    brains = survey(store, settings.brain, machine, tell_measuring)
    found = best(brains, settings.ears.languages)
    if found is None or found.in_use:
        return
    assert found.speed is not None
    command = f"digital-life brain use {found.name}"
    told = tr("A better brain fits this machine: {name}, {size}, about {seconds:.1f} s: {command}")
    out.print(
        told.format(
            name=found.name,
            size=decimal(found.size),
            seconds=found.speed.first_clause_s,
            command=command,
        ),
        markup=False,
        highlight=False,
    )
    try:
        if _is_wanted(found, yes):
            use(found.name, settings, config, yes=True)
    except DigitalLifeError as error:
        show_error(error)
        err.print(tr("The present brain stays."))


def _is_wanted(found: Brain, yes: bool) -> bool:
    """Whether it is to be taken now: nobody who was not asked gets gigabytes."""
    if not yes and not sys.stdin.isatty():
        return False
    if not found.installed and not reachable():
        err.print(tr("The model hub does not answer; the present brain stays."))
        return False
    if not yes:
        restriction = found.weight.restriction if found.weight else None
        confirm(" ".join(filter(None, (tr("Take it?"), str(restriction or "")))), yes)
    return True


def try_out(settings: Settings, store: ModelStore) -> BrainTrial:
    """Load the model of the settings and ask it something; ``StageError`` for no answer."""
    model = make_brain(settings, store)
    try:
        model.warm_up()
        splitter, said, first = SentenceSplitter(), "", 0.0
        question = [
            Message("system", settings.brain.persona),
            Message("user", tr("What is a rainbow?")),
        ]
        begin = time.perf_counter()
        for piece in model.reply(question[not settings.brain.persona :], CancelToken()):
            said += piece
            if not first and splitter.feed(piece):
                first = time.perf_counter() - begin
        first = first or time.perf_counter() - begin
    finally:
        model.close()
    if not said.strip():
        raise StageError("brain", tr("It said nothing."))
    return BrainTrial(first, " ".join(said.split()))


def _name(word: str, store: ModelStore, settings: Settings) -> str:
    """Return the name, or the path, of what a word means; a file of the hub is looked up."""
    if word == "default":
        return DEFAULT
    if word == "best":
        return _best(store, settings)
    if word.startswith("hub:"):
        hub = parse_reference(word)
        name = name_of(hub)
        if name not in store.manifest.weights or not _is_there(store, name):
            pull.identify(store, name, hub)
        return name
    if word.endswith(".gguf"):
        path = Path(word).expanduser().absolute()
        if not path.is_file():
            raise InputError(tr("{path} does not exist.").format(path=path))
        return str(path)
    if not is_brain(store, store.manifest.weight(word)):
        told = tr("{name} is not a language model.").format(name=word)
        raise SetupError(told, "digital-life brain")
    return word


def _best(store: ModelStore, settings: Settings) -> str:
    machine = look_at_hardware(settings.brain)
    brains = survey(store, settings.brain, machine, tell_measuring)
    if found := best(brains, settings.ears.languages):
        return found.name
    raise SetupError(
        tr("None is quick enough here for talking, and speaks all of your languages."),
        "digital-life brain",
    )


def _require_room(name: str, store: ModelStore, settings: Settings) -> None:
    """Refuse what does not fit the memory, before it is fetched."""
    facts = None
    if name.endswith(".gguf"):
        size = Path(name).stat().st_size
    else:
        weight = store.manifest.weight(name)
        if not weight.files:
            pull.identify(store, name)
            weight = store.manifest.weight(name)
        size, facts = weight.size, weight.brain
    need = memory_need(size, settings.brain.context_tokens, facts)
    require_room(name, need, look_at_hardware(settings.brain))


def _forget(name: str, store: ModelStore) -> None:
    """Leave no trace of what the hub was only asked about."""
    place = store.directory / name
    if place.is_dir() and [path.name for path in place.iterdir()] == [PIN]:
        store.remove(name)


def _fetch(name: str, store: ModelStore, yes: bool) -> None:
    """Have the licence accepted where it restricts use, and fetch what is missing."""
    weight = store.manifest.weight(name)
    if _is_there(store, name):
        return
    if weight.restriction:
        told = tr("Licence of {name}: {restriction}")
        confirm(told.format(name=name, restriction=weight.restriction), yes)
    elif weight.brain is None and weight.files[0].hub:
        told = tr("Its licence is on its page on the hub: {repository}")
        err.print(told.format(repository=weight.files[0].hub.repository), markup=False)
    pull.pull(store, [name], Report(), accept_license=True)


def _is_there(store: ModelStore, name: str) -> bool:
    return store.status(name).state is WeightState.READY


def _with_model(settings: Settings, name: str) -> Settings:
    brain = settings.brain.model_copy(update={"kind": "llamacpp", "model": name})
    return settings.model_copy(update={"brain": brain})


def _tell_daemon() -> None:
    """Have a running daemon begin anew with it, if those are its settings."""
    try:
        client = Client()
    except NotRunning:
        return
    try:
        waiting = client.post("settings/reload")["needs_restart"]
        if set(waiting) & set(KEPT):
            client.post("restart")
            out.print(tr("The running daemon loads it now."))
    except DigitalLifeError as error:  # what was asked for is done: it is in the settings
        show_error(error)
        err.print(tr("The running daemon takes it with its next start."))
