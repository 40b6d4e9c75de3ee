"""``digital-life voices list`` and ``use``."""

import argparse
import json
from typing import TYPE_CHECKING

from rich.table import Table

from daemon.commands.console import Subcommands, err, out, show_error
from daemon.config import Settings
from daemon.errors import DigitalLifeError, SetupError
from daemon.i18n import tr
from daemon.json_object import JsonObject

if TYPE_CHECKING:
    from daemon.store.model_store import ModelStore
    from daemon.voice.plain_voices import PlainVoice
    from daemon.voice.voice_speeds import VoiceSpeed

ENGINES = {
    "kokoro": "Kokoro",
    "piper": "Piper",
    "fastspeech2": "FastSpeech 2",
    "espeak": "eSpeak NG",
}


def register(leaves: Subcommands) -> None:
    """Add the commands."""
    listing = leaves.add_parser("list", help=tr("list all voices"))
    listing.add_argument(
        "--language", metavar="CODE", help=tr("only voices of this language, such as en, zh or es")
    )
    listing.add_argument(
        "--measure",
        action="store_true",
        help=tr("measure how quick each engine speaks here, beside a working brain"),
    )
    listing.add_argument("--json", action="store_true", help=tr("print JSON, for programs"))
    listing.set_defaults(run=list_all)
    using = leaves.add_parser(
        "use",
        help=tr("speak in this voice from now on"),
        description=tr(
            "Writes the voice into the settings' file: a plain one for its language, or one that "
            "the plain one is converted to."
        ),
        epilog="digital-life voices use af_bella",
    )
    using.add_argument("name", metavar="NAME")
    using.set_defaults(run=use)


def list_all(arguments: argparse.Namespace, settings: Settings) -> int:
    """Show the plain voices and the converted ones."""
    from daemon.store.model_store import open_store
    from daemon.voice.catalogue import list_voices, voices_directory
    from daemon.voice.plain_voices import plain_voices

    store = open_store(settings.models.directory)
    if arguments.measure:
        from daemon.commands.voice_speed import measure_all

        measure_all(settings, store)
    wanted = arguments.language
    plain = [v for v in plain_voices(store) if wanted in (None, v.language)]
    speaking = _speaking(settings, store)
    good, bad = list_voices()
    if arguments.json:
        entries = [plain_entry(voice, store, speaking) for voice in plain]
        entries += [
            {"name": voice.name, "directory": str(voice.directory)} | voice.settings.model_dump()
            for voice in good
        ]
        out.print(json.dumps(entries, ensure_ascii=False, indent=2), markup=False)
        return 0
    _show_plain(plain, store, speaking)
    if good:
        table = Table(tr("voice"), tr("kind"), tr("permission stated on"), tr("folder"))
        for voice in good:
            mark = " *" if voice.name == settings.voice.name else ""
            kind = "WORLD" if voice.settings.kind == "world" else "so-vits-svc"
            consent = voice.settings.consent
            table.add_row(voice.name + mark, kind, consent, str(voice.directory))
        out.print(table)
    else:
        err.print(tr("No voice of your own yet. To add one:"))
        err.print("  digital-life voices add NAME --from PATH", markup=False)
    for error in bad:
        err.print(f"{voices_directory()}: {error}", markup=False)
    return 0


def plain_entry(voice: "PlainVoice", store: "ModelStore", speaking: dict[str, str]) -> JsonObject:
    """Return what programs are told of a plain voice."""
    from daemon.voice.plain_voices import is_there
    from daemon.voice.voice_speeds import known_speed

    speed = known_speed(voice, store)
    return {
        "name": voice.name,
        "kind": "plain",
        "engine": voice.engine,
        "language": voice.language,
        "sex": voice.sex,
        "licence": voice.licence,
        "restriction": voice.restriction,
        "weight": voice.weight,
        "there": is_there(voice, store),
        "in_use": speaking.get(voice.language) == voice.name,
        "real_time_factor": round(speed.factor, 3) if speed else None,
    }


def _speaking(settings: Settings, store: "ModelStore") -> dict[str, str]:
    """Return the name of the voice of each language; a setting that is wrong is told."""
    from daemon.voice.voice_choice import speaking_voices
    from daemon.voice.voice_speeds import kokoro_is_quick

    try:
        found = speaking_voices(settings.voice, store, kokoro_is_quick(store))
    except SetupError as error:
        show_error(error)
        return {}
    return {code: voice.name for code, voice in found.items()}


def _show_plain(voices: "list[PlainVoice]", store: "ModelStore", speaking: dict[str, str]) -> None:
    from daemon.languages import codes, language
    from daemon.voice.voice_speeds import known_speed

    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False)  # 80 columns are enough
    for title in (tr("voice"), tr("language"), tr("sex"), tr("engine"), tr("licence")):
        table.add_column(title, no_wrap=True)
    table.add_column(tr("speed"), justify="right")
    table.add_column(tr("state"))
    sexes = {"female": tr("female"), "male": tr("male"), "": ""}
    for voice in voices:
        entry = plain_entry(voice, store, speaking)
        known = voice.language in codes()
        table.add_row(
            voice.name + " *" * bool(entry["in_use"]),
            language(voice.language).name if known else voice.language,
            sexes[voice.sex],
            ENGINES[voice.engine],
            voice.licence + "†" * bool(voice.restriction),
            _shown(known_speed(voice, store)),
            tr("ready") if entry["there"] else tr("missing"),
        )
    out.print(table)
    out.print(tr("* speaks its language now; † restricts use; speed: seconds for one of speech"))
    if not any(known_speed(voice, store) for voice in voices):
        out.print(
            tr("To measure the speeds: {command}").format(
                command="digital-life voices list --measure"
            )
        )
    missing = sorted(
        {v.weight for v in voices if v.weight and not plain_entry(v, store, {})["there"]}
    )
    for weight in missing:
        more = " --accept-license" * bool(store.manifest.weight(weight).restriction)
        out.print(f"  digital-life models pull {weight}{more}", markup=False)


def _shown(speed: "VoiceSpeed | None") -> str:
    return f"{speed.factor:.2f}" if speed else "–"


def use(arguments: argparse.Namespace, settings: Settings) -> int:
    """Keep a voice in the settings' file, and tell a running daemon."""
    from daemon.config.keep import keep
    from daemon.config.state import with_values
    from daemon.store.model_store import open_store
    from daemon.voice.catalogue import find_voice, is_voice
    from daemon.voice.named import plain_named, values_for

    store = open_store(settings.models.directory)
    found = None
    if is_voice(arguments.name):
        find_voice(arguments.name)  # says what is wrong with it
    else:
        found = plain_named(arguments.name, store)
        if found.weight:
            store.path(found.weight)  # says how to fetch it
    values = values_for(arguments.name, settings, store)
    wanted = with_values(settings, values)
    path = keep(wanted, values, arguments.config)
    told = tr("{name} speaks from now on: {path}")
    out.print(told.format(name=arguments.name, path=path), markup=False)
    if found is not None and found.language not in wanted.ears.languages:
        _tell_unheard(found.language, wanted)
    _tell_daemon()
    return 0


def _tell_unheard(code: str, settings: Settings) -> None:
    """Say that a voice's language is spoken but not understood, and what would change that."""
    languages = json.dumps([*settings.ears.languages, code])
    out.print(tr("To be understood in its language as well, write under [ears]:"), markup=False)
    out.print(f"  languages = {languages}", markup=False)


def _tell_daemon() -> None:
    from daemon.api.client import Client, NotRunning

    try:
        Client().post("settings/reload")
    except NotRunning:
        return
    except DigitalLifeError as error:  # what was asked for is done: it is in the settings
        show_error(error)
        err.print(tr("The running daemon takes it with its next start."))
