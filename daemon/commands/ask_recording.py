"""The answer to a recorded question, in words, sound and picture, without a daemon."""

import argparse
import asyncio
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from rich.table import Table

from daemon.audio.loudspeaker import Loudspeaker
from daemon.audio.player import MemoryPlayer, Player
from daemon.audio.virtual_microphone import local_loudspeaker
from daemon.commands.console import (
    err,
    out,
    write_json,
)
from daemon.commands.film import write_film
from daemon.commands.without_daemon import daemon_runs
from daemon.components import Components
from daemon.dialogue.filters import DialogueContext
from daemon.dialogue.parts import Parts
from daemon.dialogue.reply import Reply
from daemon.dialogue.trace import Trace
from daemon.dialogue.turn import SpokenTurn
from daemon.ears.endpointing import Endpointer
from daemon.ears.events import SpeechEnded
from daemon.errors import InputError
from daemon.face.film import Film
from daemon.i18n import tr
from daemon.media import LISTEN_RATE, SPEAK_RATE, Audio, JsonObject, Utterance
from daemon.terminal import styled
from daemon.worker import CancelToken

if TYPE_CHECKING:
    from daemon.config import Settings

# What a film shows of its thinking: less is only a twitch, and nobody waits to see more.
MIN_THINKING_S, MAX_THINKING_S = 1.0, 3.0
MAX_RECORDING_S = 120.0  # of a recording, silence included; the question itself is at most 30 s
CHUNK = 512  # samples: what the microphone hands over at a time
TIMINGS = (
    "turn_end",
    "transcript",
    "first_token",
    "first_sentence",
    "first_audio",
    "first_frame",
    "reply_end",
)


@dataclass(frozen=True, slots=True)
class Heard:
    """A question found in a recording."""

    utterance: Utterance
    turn_end_s: float
    """Seconds from the end of its speech until the turn was known to be over."""


async def answer_recording(
    arguments: argparse.Namespace, settings: "Settings", recording: Audio
) -> None:
    """Answer the question in it, and show how long each step took."""
    async with Components(settings) as components:
        player = _player(arguments, settings, components)
        drawing = components.worker("lips")
        with err.status(tr("Loading models…")):
            face = await components.make(drawing, components.face) if arguments.out else None
            parts = await components.parts(face, drawing)
            if parts.skills is not None:
                parts.skills.will_ring = daemon_runs()
            ears = components.worker("ears")
            endpointer = await ears.run(lambda _: components.endpointer())
        heard = await ears.run(find_question, endpointer, recording, arguments.audio)
        film = Film(settings.face.expressiveness)
        with err.status(tr("Answering…")):
            reply = await _answer(heard, parts, player, film if face else None)
        if face and arguments.out:
            sound = np.concatenate([speech.audio.samples for speech in reply.spoken])
            comment = parts.conversion.statement if parts.conversion else ""
            await drawing.run(
                write_film, arguments.out, face, film, sound, comment, thinking_s(reply)
            )
        report = _report(settings, reply, film)
        _show(report, arguments.out)
        if arguments.json:
            write_json(arguments.json, report)
        if arguments.trace:
            with Trace(arguments.trace) as trace:
                trace.add(reply.turn.number, reply.timings)


def _player(arguments: argparse.Namespace, settings: "Settings", components: Components) -> Player:
    if not arguments.play:
        return MemoryPlayer()
    player = Loudspeaker(local_loudspeaker(settings.voice))
    components.on_close_async(player.close)
    player.open()
    return player


def find_question(
    endpointer: Endpointer, recording: Audio, source: Path, cancel: CancelToken
) -> Heard:
    """Listen to a recording as to a microphone, only faster, and return the question in it.

    Everything said in the recording is one question. The time it takes to notice its end is what
    it would take live: the silence listened to, by the samples' own clock, plus the work.
    """
    silence = np.zeros(LISTEN_RATE * 3, np.float32)  # a microphone would go on; the end needs it
    samples = np.concatenate((recording.samples, silence))
    found: list[tuple[Utterance, float]] = []
    for begin in range(0, len(samples), CHUNK):
        cancel.check()
        started = time.perf_counter()
        events = endpointer.feed(samples[begin : begin + CHUNK])
        work = time.perf_counter() - started
        position = min(begin + CHUNK, len(samples))
        for event in events:
            if isinstance(event, SpeechEnded):
                waited = (position - event.utterance.end) / LISTEN_RATE
                found.append((event.utterance, waited + work))
    if not found:
        raise InputError(tr("Nobody speaks in {path}").format(path=source))
    first, (last, turn_end_s) = found[0][0], found[-1]
    spoken = recording.samples[first.start : last.start + len(last.audio.samples)]
    if len(spoken) > 30 * LISTEN_RATE:
        raise InputError(
            tr(
                "The question in {path} is {seconds:.0f} s long; at most 30 s can be answered"
            ).format(path=source, seconds=len(spoken) / LISTEN_RATE)
        )
    return Heard(Utterance(1, Audio(spoken, LISTEN_RATE), first.start, last.end), turn_end_s)


async def _answer(heard: Heard, parts: Parts, player: Player, film: Film | None) -> Reply:
    speech_end = asyncio.get_running_loop().time() - heard.turn_end_s
    turn = SpokenTurn(heard.utterance, speech_end, parts, DialogueContext())
    turn.timings.mark("turn_end")
    turn.gate.set_endpoint()
    reply = Reply(turn, parts, player, film)
    await reply.run()
    if reply.error is not None:
        raise reply.error
    if turn.words is None or not turn.words.text:
        raise InputError(tr("No words were understood in the recording"))
    if not reply.spoken:
        raise InputError(tr("The brain had no answer to: {text}").format(text=turn.words.text))
    return reply


def thinking_s(reply: Reply) -> float:
    """Return for how many seconds its film shows that it thinks: as long as it did, in reason."""
    marks = reply.timings.marks
    took = marks.get("first_audio", 0.0) - marks["turn_end"]
    return min(max(took, MIN_THINKING_S), MAX_THINKING_S)


def _report(settings: "Settings", reply: Reply, film: Film) -> dict[str, object]:
    words = reply.turn.words
    assert words is not None
    from daemon.store.model_store import open_store
    from daemon.voice.plain_factory import speaking_names

    marks, work = reply.timings.marks, reply.timings.work
    length = sum(len(speech.audio.samples) for speech in reply.spoken)
    return {
        "transcript": words.text,
        "language": words.language,
        "reply": reply.heard(length),
        "timings": {name: round(marks[name], 3) for name in TIMINGS if name in marks}
        | {"work": {stage: round(seconds, 3) for stage, seconds in work.items()}},
        "models": {
            "ears": settings.ears.model,
            "brain": settings.brain.model,
            "voice": speaking_names(settings, open_store(settings.models.directory)),
            "converted": settings.voice.name,
            "face": settings.face.name,
        },
        "frames": len(film.frames),
        "audio_seconds": round(length / SPEAK_RATE, 3),
    }


def _show(report: JsonObject, film: Path | None) -> None:
    out.print(styled((tr("heard"), "bold"), f" ({report['language']}): {report['transcript']}"))
    out.print(styled((tr("answered"), "bold"), f": {report['reply']}"))
    names = {
        "turn_end": tr("knew that you had finished"),
        "transcript": tr("had your words"),
        "first_token": tr("first piece of the answer"),
        "first_sentence": tr("first clause of the answer"),
        "first_audio": tr("first sound ready"),
        "first_frame": tr("first mouth ready"),
        "reply_end": tr("whole answer ready"),
    }
    table = Table(tr("after the end of your speech"), tr("seconds"))
    for name, text in names.items():
        if name in report["timings"]:
            table.add_row(text, f"{report['timings'][name]:.2f}")
    out.print(table)
    work = ", ".join(f"{stage} {s:.2f} s" for stage, s in report["timings"]["work"].items())
    out.print(f"{tr('work')}: {work}; {tr('speech')} {report['audio_seconds']:.1f} s")
    if film:
        out.print(f"→ {film}", markup=False)
