"""What ``bench live`` measured, and how it is told."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field

from rich.filesize import decimal

from daemon.bench.answers import Answer, slow_answers, stage_name, stages
from daemon.bench.figures import Row, Spread, spread
from daemon.i18n import tr
from daemon.media import JsonObject

MEDIAN_S, P95_S = 0.5, 0.9  # end of speech to first audible sample
SILENCE_S = 0.45  # onset to silence
MOUTH_FRAMES = 2
BACKCHANNELS = 0.1  # share that may stop it
SPEAKERS = 0.9  # share that it must notice in its echo
IDLE, IDLE_WITH_FACE = 0.03, 0.10  # share of a core
CUT_OFF = 0.025  # share of questions
MOUTH_S = 0.045  # between the first sound and the first movement
START_S = 3.0
MEMORY = 1.3e9  # bytes
SLOW_SHOWN = 6  # slow answers that are told one by one


@dataclass(frozen=True, slots=True)
class Interruption:
    """What became of speaking over an answer."""

    stopped: bool
    """The answer was given up."""
    held: bool
    """The daemon fell silent, for good or for a moment."""
    silence_s: float | None = None
    """From the person's onset to the last audible sample; ``None`` if it went on, or happened to
    pause between two sentences."""
    mouth_s: float | None = None
    """From that sample to the picture with the mouth at rest; ``None`` where there is no face."""


@dataclass(slots=True)
class Results:
    """Everything measured."""

    idle_share: float | None = None
    """Of one core, while nobody speaks, without a camera."""
    idle_share_with_face: float | None = None
    """Likewise, while the face at rest goes to a camera."""
    listen_s: float = 0.0
    """From the start of the process to an open microphone: the longest."""
    start_s: float = 0.0
    """From the start of the process to all models warm: the longest."""
    memory_bytes: int = 0
    """Of the whole process, after a conversation: the most."""
    answers: list[Answer] = field(default_factory=list)
    answers_with_face: list[Answer] = field(default_factory=list)
    """Those while the face was drawn as well, in an echo or not."""
    barge_ins: list[Interruption] = field(default_factory=list)
    backchannels: list[Interruption] = field(default_factory=list)
    echo_speech_s: float = 0.0
    """Seconds of its own voice that came back into its microphone while nobody spoke over it."""
    self_interruptions: int = 0
    self_hesitations: int = 0
    """Silent for a moment, though nobody spoke."""
    over_echo: list[Interruption] = field(default_factory=list)
    devices: list[str] = field(default_factory=list)
    """Where each part computes, with the section of its settings before it: ``ears: CUDA``."""
    lost: int = 0
    """Times the machine was too busy to play something whole."""


def rows(results: Results, fps: int) -> list[Row]:
    """Hold the figures against the goals."""
    return [
        *_latency(results),
        *_stages(results),
        *slow_rows(results.answers),
        *_cut_off(results),
        *_first_mouth(results),
        *_barge_in(tr("speaking over it"), results.barge_ins, fps),
        *_backchannels(results),
        *_echo(results),
        *_idle(results),
        *_devices(results),
        *_doubts(results),
    ]


def as_json(results: Results) -> JsonObject:
    """Return all single measurements and their spreads."""
    spreads = {
        "latency_s": _latencies(results.answers),
        "latency_en_s": _latencies(results.answers, "en"),
        "latency_zh_s": _latencies(results.answers, "zh"),
        "latency_with_face_s": _latencies(results.answers_with_face),
        "barge_in_silence_s": _silences(results.barge_ins),
        "mouth_s": [i.mouth_s for i in results.barge_ins if i.mouth_s is not None],
        "echo_barge_in_silence_s": _silences(results.over_echo),
        **{f"stage_{name}_s": added for name, added in stages(results.answers).items()},
    }
    summed = {name: spread(values) for name, values in spreads.items()}
    return {
        "slow": [asdict(slow) for slow in slow_answers(results.answers)],
        "summary": {name: found and asdict(found) for name, found in summed.items()},
        **asdict(results),
    }


def _latencies(answers: Iterable[Answer], language: str = "") -> list[float]:
    wanted = (a for a in answers if not language or a.language == language)
    return [answer.latency_s for answer in wanted if answer.latency_s is not None]


def _silences(interruptions: Iterable[Interruption]) -> list[float]:
    return [i.silence_s for i in interruptions if i.silence_s is not None]


def _seconds(found: Spread) -> str:
    return tr("median {median:.2f}, p90 {p90:.2f}, p95 {p95:.2f} s (n = {n})").format(
        **asdict(found)
    )


def _latency(results: Results) -> Iterator[Row]:
    name = tr("end of speech → first sound")
    if found := spread(_latencies(results.answers)):
        goal = tr("median ≤ {median} s, p95 ≤ {p95} s").format(median=MEDIAN_S, p95=P95_S)
        met = found.median <= MEDIAN_S and found.p95 <= P95_S
        yield Row(name, _seconds(found), goal, met)
    parts = (
        ("English", _latencies(results.answers, "en")),
        ("中文", _latencies(results.answers, "zh")),
        (tr("with the face drawn"), _latencies(results.answers_with_face)),
    )
    for part, latencies in parts:
        if found := spread(latencies):
            yield Row(f"  {part}", _seconds(found))


def _stages(results: Results) -> Iterator[Row]:
    added = stages(results.answers)
    total = sum(map(sum, added.values()))
    for stage, seconds in added.items():
        found = spread(seconds)
        assert found is not None
        share = f"{100 * sum(seconds) / total:.0f} %"
        yield Row(f"  {stage_name(stage)}", f"{_seconds(found)}, {share}")


def slow_rows(answers: Sequence[Answer]) -> Iterator[Row]:
    """Tell of each slow answer what made it slow."""
    slow = slow_answers(answers)
    for answer in slow[:SLOW_SHOWN]:
        text = tr("{stage}: {late:.2f} s more than usual")
        why = text.format(stage=stage_name(answer.stage), late=answer.late_s)
        if answer.reread:
            why += tr(", and the words were read twice")
        name = tr("slow: question {number}").format(number=answer.number)
        yield Row(f"  {name} ({answer.language})", f"{answer.latency_s:.2f} s; {why}")
    if rest := len(slow) - SLOW_SHOWN if len(slow) > SLOW_SHOWN else 0:
        yield Row(f"  {tr('more slow answers')}", f"{rest}")


def _barge_in(name: str, interruptions: list[Interruption], fps: int) -> Iterator[Row]:
    if not interruptions:
        return
    noticed = sum(i.stopped for i in interruptions)
    yield Row(tr("{what}: noticed").format(what=name), f"{noticed} / {len(interruptions)}")
    if found := spread(_silences(interruptions)):
        yield Row(
            tr("{what}: onset → silence").format(what=name),
            _seconds(found),
            f"p95 ≤ {SILENCE_S} s",
            found.p95 <= SILENCE_S,
        )
    if found := spread([i.mouth_s * fps for i in interruptions if i.mouth_s is not None]):
        yield Row(
            tr("{what}: silence → mouth closed").format(what=name),
            tr("median {median:.1f}, p95 {p95:.1f} frames").format(**asdict(found)),
            tr("≤ {frames} frames").format(frames=MOUTH_FRAMES),
            found.p95 <= MOUTH_FRAMES,
        )


def _backchannels(results: Results) -> Iterator[Row]:
    sounds = results.backchannels
    if not sounds:
        return
    stopped = sum(i.stopped for i in sounds)
    yield Row(
        tr("“yeah” and coughs: stopped by"),
        f"{stopped} / {len(sounds)}",
        tr("at most 1 of 10"),
        stopped <= BACKCHANNELS * len(sounds),
    )
    held = sum(i.held and not i.stopped for i in sounds)
    yield Row(tr("“yeah” and coughs: silent for a moment"), f"{held} / {len(sounds)}")


def _echo(results: Results) -> Iterator[Row]:
    minutes = results.echo_speech_s / 60
    if minutes:
        found = results.self_interruptions
        yield Row(
            tr("interrupted by its own echo"),
            tr("{n} in {minutes:.1f} min of its voice: {rate:.0f} an hour").format(
                n=found, minutes=minutes, rate=found / minutes * 60
            ),
            "0",
            found == 0,
        )
        yield Row(tr("silent for a moment by its own echo"), f"{results.self_hesitations}")
    speakers = results.over_echo
    if speakers:
        noticed = sum(i.stopped for i in speakers)
        yield Row(
            tr("speakers noticed in its echo"),
            f"{noticed} / {len(speakers)}",
            tr("9 of 10"),
            noticed >= SPEAKERS * len(speakers),
        )
    if found_s := spread(_silences(speakers)):
        yield Row(f"  {tr('onset → silence')}", _seconds(found_s))


def _idle(results: Results) -> Iterator[Row]:
    for name, share, most in (
        (tr("listening while nobody speaks"), results.idle_share, IDLE),
        (tr("the same, with the face on a camera"), results.idle_share_with_face, IDLE_WITH_FACE),
    ):
        if share is not None:
            used = tr("{percent:.1f} % of a core").format(percent=100 * share)
            yield Row(name, used, f"< {most:.0%}", share < most)
    if results.listen_s:
        opened, goal = f"{results.listen_s:.1f} s", f"{START_S:.0f} s"
        yield Row(tr("start → listening"), opened, goal, results.listen_s <= START_S)
    if results.start_s:
        start = f"{results.start_s:.1f} s"
        goal = f"{START_S:.0f} s"
        yield Row(tr("start → all models warm"), start, goal, results.start_s <= START_S)
    if results.memory_bytes:
        used, goal = decimal(results.memory_bytes), f"< {decimal(round(MEMORY))}"
        yield Row(tr("memory"), used, goal, results.memory_bytes < MEMORY)


def _devices(results: Results) -> Iterator[Row]:
    if results.devices:
        yield Row(tr("where it computes"), "; ".join(results.devices))


def _cut_off(results: Results) -> Iterator[Row]:
    answers = results.answers
    if answers:
        early = sum(answer.early for answer in answers)
        yield Row(
            tr("answered before they had finished"),
            f"{early} / {len(answers)}",
            tr("at most 1 of 40"),
            early <= CUT_OFF * len(answers),
        )


def _first_mouth(results: Results) -> Iterator[Row]:
    moved = [answer.mouth_s for answer in results.answers_with_face if answer.mouth_s is not None]
    if (found := spread(moved)) and (off := spread([abs(late) for late in moved])):
        yield Row(
            tr("first sound → the mouth moves"),
            tr("median {median:.0f} ms, 95 % within ±{p95:.0f} ms (n = {n})").format(
                median=1000 * found.median, p95=1000 * off.p95, n=off.n
            ),
            f"±{1000 * MOUTH_S:.0f} ms",
            off.p95 <= MOUTH_S,
        )


def _doubts(results: Results) -> Iterator[Row]:
    """Yield what casts doubt on the rest, where there is any."""
    answers = results.answers + results.answers_with_face
    if count := sum(not answer.heard for answer in answers):
        yield Row(tr("questions without an answer"), f"{count} / {len(answers)}")
    if results.lost:
        yield Row(tr("recordings torn, the machine was too busy"), f"{results.lost}")
