"""``digital-life people add`` and ``test``: voices in recordings."""

import argparse
import json
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from daemon.commands.console import Subcommands, err, out
from daemon.commands.people_options import add_choices, add_yes, chosen, open_people, tell_daemon
from daemon.commands.questions import confirm
from daemon.errors import InputError
from daemon.i18n import tr
from daemon.people.names import checked_name

if TYPE_CHECKING:
    from daemon.config import Settings
    from daemon.people.person import Embeddings, Person
    from daemon.people.store import PeopleStore


def register_add(leaves: Subcommands) -> None:
    """Add ``add``."""
    adding = leaves.add_parser(
        "add",
        help=tr("introduce somebody by recordings of their voice"),
        description=tr(
            "Introduces somebody by recordings in which they alone speak: three sentences, ten "
            "seconds in all, are enough. Whoever is introduced first is the owner."
        ),
        epilog="digital-life people add Anna --from anna-1.wav anna-2.wav",
    )
    adding.add_argument("name", metavar="NAME")
    adding.add_argument(
        "--from",
        dest="recordings",
        type=Path,
        nargs="+",
        required=True,
        metavar="RECORDING",
        help=tr("a sound or video file"),
    )
    adding.add_argument(
        "--owner", action="store_true", default=None, help=tr("it is their computer")
    )
    add_choices(adding)
    adding.add_argument("--no-tools", action="store_true", help=tr("no tools are called for them"))
    add_yes(adding)
    adding.set_defaults(run=add)


def register_test(leaves: Subcommands) -> None:
    """Add ``test``."""
    testing = leaves.add_parser(
        "test",
        help=tr("tell who speaks in a recording"),
        epilog="digital-life people test question.wav --json",
    )
    testing.add_argument("recording", type=Path, metavar="RECORDING")
    testing.add_argument("--json", action="store_true", help=tr("print JSON, for programs"))
    testing.set_defaults(run=test)


def add(arguments: argparse.Namespace, settings: "Settings") -> int:
    """Introduce somebody, or add to what is known of their voice."""
    from daemon.ears.speaker_id import WEIGHT

    store, name = open_people(), checked_name(arguments.name)
    wanted = chosen(arguments, settings)
    if arguments.no_tools:
        wanted["tools"] = False
    known = _known(store, name)
    if known is not None:
        confirm(
            tr(
                "“{name}” is known already. Are these recordings of the same person? They are "
                "added to what is known of the voice."
            ).format(name=known.name),
            arguments.yes,
        )
    embeddings = _learn(arguments.recordings, settings)
    if known is None:
        person = store.add(name, embeddings, WEIGHT, **wanted)
    else:
        person = store.enrol(known.number, embeddings, WEIGHT)
        person = store.change(person.number, **wanted) if wanted else person
    tell_daemon()
    text = tr("{name} is the owner, and known by voice from now on.")
    if not person.owner:
        text = tr("{name} is known by voice from now on.")
    out.print(text.format(name=person.name))
    return 0


def test(arguments: argparse.Namespace, settings: "Settings") -> int:
    """Tell who speaks."""
    from daemon.audio.files import read_recording
    from daemon.ears.speaker_id import WEIGHT, voiced_s
    from daemon.people.encoder import open_encoder
    from daemon.people.identify import identify
    from daemon.people.person import Speaker
    from daemon.people.recordings import MAX_FILE_S
    from daemon.store.model_store import open_store

    speech = read_recording(arguments.recording, MAX_FILE_S).samples
    profiles = open_people().profiles(WEIGHT)
    encoder = open_encoder(open_store(settings.models.directory))
    speaker = Speaker()
    with suppress(ValueError):  # there is no voice in it
        speaker = identify(encoder.embed(speech), voiced_s(speech), profiles)
    name = speaker.person.name if speaker.person else None
    score = None if speaker.score is None else round(speaker.score, 2)
    if arguments.json:
        out.print(json.dumps({"name": name, "score": score}, ensure_ascii=False))
        return 0
    if not profiles:
        out.print(tr("Nobody is known by voice yet."))
    elif score is None:
        out.print(tr("There is too little speech to tell."))
    elif name is None:
        out.print(
            tr("A stranger; the most similar voice it knows scores {score:.2f}.").format(
                score=score
            )
        )
    else:
        out.print(tr("{name}, with a score of {score:.2f}.").format(name=name, score=score))
    return 0


def _known(store: "PeopleStore", name: str) -> "Person | None":
    with suppress(InputError):
        return store.find(name)
    return None


def _learn(paths: list[Path], settings: "Settings") -> "Embeddings":
    """Return what is known of the voice in recordings; raises what is wrong with them."""
    from daemon.audio.files import read_recording
    from daemon.people.encoder import open_encoder
    from daemon.people.recordings import MAX_FILE_S, voiceprints_of
    from daemon.store.model_store import open_store

    recordings = [read_recording(path, MAX_FILE_S) for path in paths]
    with err.status(tr("Listening to the recordings…")):
        return voiceprints_of(recordings, open_encoder(open_store(settings.models.directory)))
