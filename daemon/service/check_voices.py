"""Checks of what speaks: a voice for each language, and the better ones that could be there."""

import sys
from collections.abc import Iterator

from daemon import system_packages
from daemon.config import Settings
from daemon.errors import SetupError
from daemon.i18n import tr
from daemon.service.finding import Finding, Severity, ok
from daemon.service.steps import RunCommand
from daemon.store.model_store import ModelStore, WeightState, open_store
from daemon.system_packages import install_line
from daemon.voice.plain_factory import PlainFactory
from daemon.voice.plain_voices import ESPEAK, KOKORO, PlainVoice
from daemon.voice.voice_speeds import known_kokoro
from daemon.voice.voiced_languages import no_voice_for, voiceless

PULL = f"digital-life models pull {KOKORO}"


def speaking(settings: Settings) -> Iterator[Finding]:
    """Look for what speaks each language."""
    store = open_store(settings.models.directory)
    try:
        chosen = PlainFactory(settings, store).chosen()
    except SetupError as error:
        yield Finding(
            "voice",
            Severity.ERROR,
            error.message,
            tr("Without it the daemon does not start."),
            error.fix,
        )
        return
    yield from _mandarin(chosen.get("zh"), settings)
    for code in voiceless(settings, store):
        refused = no_voice_for(code)
        told = tr("Without it the daemon does not start.")
        yield Finding("voice", Severity.ERROR, refused.message, told, refused.fix)
    yield ok("voice", ", ".join(f"{code} {voice.name}" for code, voice in chosen.items()))


def _mandarin(found: PlainVoice | None, settings: Settings) -> Iterator[Finding]:
    if found is None:
        needed = "zh" in settings.ears.languages
        espeak = settings.voice.mandarin == ESPEAK
        yield Finding(
            "mandarin",
            Severity.ERROR if needed else Severity.NOTE,
            tr("Neither a Mandarin voice nor espeak-ng is installed."),
            tr("Without it the daemon does not start.")
            if needed
            else tr("Chinese words are left out."),
            install_line(system_packages.ESPEAK) if espeak else PULL,
        )
    elif found.engine == "espeak" and settings.voice.mandarin != ESPEAK:
        yield Finding(
            "mandarin",
            Severity.WARNING,
            tr("No Mandarin voice is installed."),
            tr("espeak-ng speaks Chinese instead."),
            PULL,
        )


def kokoro(settings: Settings) -> Iterator[Finding]:
    """Look for Kokoro's files, and whether it was measured here."""
    if settings.voice.engine == "piper":
        return
    store = open_store(settings.models.directory)
    status = store.verify(KOKORO)
    if status.state is WeightState.READY:
        yield from _measured(settings, store)
        return
    bad = status.damaged or (len(status.missing) < len(store.manifest.weight(KOKORO).files))
    yield Finding(
        "kokoro",
        Severity.WARNING if bad else Severity.NOTE,
        tr("Kokoro's files are not all there, or damaged: {files}.").format(
            files=", ".join((*status.missing, *status.damaged))
        )
        if bad
        else tr(
            "Kokoro's 54 voices in eight languages, free for any use, have not been downloaded."
        ),
        tr("Piper speaks instead."),
        PULL,
        RunCommand([sys.executable, "-m", "daemon", "models", "pull", KOKORO]),
    )


def _measured(settings: Settings, store: ModelStore) -> Iterator[Finding]:
    speed = known_kokoro(store)
    if speed is None:
        if settings.voice.engine == "auto":
            yield Finding(
                "kokoro",
                Severity.NOTE,
                tr("It has not been measured yet whether Kokoro is fast enough here."),
                tr("Piper speaks until then."),
                "digital-life voices list --measure",
            )
        return
    told = tr("{seconds:.2f} s for a clause of {lasts:.1f} s")
    shown = told.format(seconds=speed.clause_s, lasts=speed.lasts_s)
    if speed.is_quick or settings.voice.engine != "auto":
        yield ok("kokoro", shown)
    else:
        yield ok("kokoro", f"{shown}: {tr('too slow here; Piper speaks instead.')}")


CHECKS = (speaking, kokoro)
