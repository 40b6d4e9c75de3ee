"""``make bench``: this machine's figures in one table.

Every stage by itself, medians of several runs; then a conversation in real time, and the lips.
``make bench JSON=FILE`` also writes the rows for machines.
"""

import argparse
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TypeVar

from daemon.audio.files import read_recording
from daemon.bench import av, live, results
from daemon.bench.figures import Row, table
from daemon.bench.sound_server import missing_programs
from daemon.commands.bench import ended_by_signals, shown_progress
from daemon.commands.console import check_writable, err, out, write_json
from daemon.components import Components
from daemon.config import Settings, load, packaged_config
from daemon.media import LISTEN_RATE, Audio, Message
from daemon.stages import ChatModel, LipSync, Part, Recognizer, Synthesizer
from daemon.system_packages import SOUND_SERVER, install_line
from daemon.worker import CancelToken
from tests.bench import (
    chatglm,
    faces,
    memory,
    original_room,
    panel,
    pipecat_baseline,
    voices,
    words,
)

AUDIO = Path(__file__).parent.parent / "audio"
RUNS = 5
SENTENCES = {
    "en": "The quick brown fox jumps over the lazy dog.",
    "zh": "今天天气很好，我们一起去公园散步吧。",
}
PICTURES = 100

QUESTIONS, ECHO_MINUTES, AV_S = 20, 1.0, 40.0

P = TypeVar("P", bound=Part)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the rows as JSON")
    path = parser.parse_args().json
    if path:
        check_writable(path)
    settings = load(packaged_config()).settings
    with ended_by_signals():
        rows = [*stages(settings), *real_time(settings)]
    machine = f"{platform.processor() or platform.machine()}, {os.cpu_count()} processors"
    if path:
        write_json(path, {"machine": machine, "rows": [asdict(row) for row in rows]})
    out.print(machine)
    out.print(table(rows))


def stages(settings: Settings) -> list[Row]:
    """Measure every part by itself."""
    components = Components(settings)
    with err.status("Measuring every stage…"):
        return [
            *stage("hearing", components.recognizer, hearing),
            *stage("thinking", components.brain, thinking),
            *stage("speaking", components.voice, speaking),
            *stage("drawing", components.face, drawing),
            *words.rows(settings),
            *faces.rows(),
            *chatglm.rows(),
            *voices.rows(),
            *memory.rows(),
        ]


def real_time(settings: Settings) -> list[Row]:
    """Measure what needs a sound server, or say why not."""
    if missing := missing_programs():
        skipped = f"skipped, not installed: {missing} ({install_line(*SOUND_SERVER)})"
        return [Row("conversation and lips", skipped)]
    with shown_progress() as progress:
        conversation = live.measure(settings, QUESTIONS, ECHO_MINUTES, progress)
        lips = av.measure(settings, AV_S, progress)
        beside = [
            *pipecat_baseline.rows(settings, QUESTIONS, progress),
            *original_room.rows(settings, QUESTIONS, progress),
        ]
    ours = results.rows(conversation, settings.face.fps)
    return [*ours, *beside, *av.rows(lips), *panel.rows()]


def stage(name: str, make: Callable[[], P], measure: Callable[[P], list[Row]]) -> list[Row]:
    """Load a part, measure it, free it."""
    begin = time.perf_counter()
    part = make()
    part.warm_up()
    took = time.perf_counter() - begin
    try:
        return [Row(f"{name}: load and warm up, once", f"{took:.2f} s"), *measure(part)]
    finally:
        part.close()


def median(measure: Callable[[], float]) -> float:
    """Call it ``RUNS`` times."""
    return statistics.median(measure() for _ in range(RUNS))


def hearing(recognizer: Recognizer) -> list[Row]:
    """Speech to text."""
    rows = []
    for name in ("question-en.wav", "question-zh.wav"):
        audio = read_recording(AUDIO / name, 60)

        def once(audio: Audio = audio) -> float:
            begin = time.perf_counter()
            recognizer.transcribe(audio, CancelToken())
            return time.perf_counter() - begin

        length = len(audio.samples) / LISTEN_RATE
        rows.append(Row(f"hearing: {name}, {length:.1f} s", f"{median(once):.2f} s"))
    return rows


def thinking(model: ChatModel) -> list[Row]:
    """The language model."""
    question = [Message("user", "Tell me something about the sea.")]
    first: list[float] = []
    rates: list[float] = []
    for _ in range(RUNS):
        begin = time.perf_counter()
        pieces = [time.perf_counter() for _ in model.reply(question, CancelToken())]
        first.append(pieces[0] - begin)
        rates.append((len(pieces) - 1) / (pieces[-1] - pieces[0]))
    return [
        Row("thinking: first token", f"{statistics.median(first):.2f} s"),
        Row("thinking: speed", f"{statistics.median(rates):.0f} tokens/s"),
    ]


def speaking(voice: Synthesizer) -> list[Row]:
    """Text to speech."""
    rows = []
    for language, text in SENTENCES.items():
        factors: list[float] = []

        def once(text: str = text, factors: list[float] = factors) -> float:
            begin = time.perf_counter()
            length = sum(piece.seconds for piece in voice.synthesize(text, CancelToken()))
            took = time.perf_counter() - begin
            factors.append(took / length)
            return took

        took = median(once)
        factor = f"real-time factor {statistics.median(factors):.2f}"
        rows.append(Row(f"speaking: a sentence, {language}", f"{took:.2f} s, {factor}"))
    return rows


def drawing(face: LipSync) -> list[Row]:
    """Mouths and pictures."""
    speech = read_recording(AUDIO / "question-en.wav", 60)

    def mouths() -> float:
        face.begin()
        begin = time.perf_counter()
        list(face.render(speech, CancelToken()))
        return (time.perf_counter() - begin) / speech.seconds

    def pictures() -> float:
        face.begin()
        shapes = list(face.render(speech, CancelToken()))
        begin = time.process_time()
        for tick in range(PICTURES):
            face.picture(tick, shapes[tick % len(shapes)])
        return (time.process_time() - begin) / PICTURES

    size = "×".join(map(str, face.size))
    return [
        Row("drawing: mouths", f"real-time factor {median(mouths):.3f}"),
        Row(f"drawing: a picture, {size}", f"{median(pictures) * 1000:.1f} ms of processor"),
    ]


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
