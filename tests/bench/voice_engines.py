"""How long each engine takes for a clause of a second, in turn, alone and beside a working brain.

``python -m tests.bench.voice_engines``. Beside other work only the ratios mean something.
"""

import statistics
from contextlib import AbstractContextManager, nullcontext

from daemon.commands.console import out
from daemon.commands.voice_speed import brain_at_work
from daemon.config import load, packaged_config
from daemon.stages import Synthesizer
from daemon.store.model_store import open_store
from daemon.voice.plain_factory import PlainFactory
from daemon.voice.plain_voices import find_plain, is_there
from daemon.voice.voice_speeds import CLAUSES, speak_timed

NAMES = ("piper-joe", "af_heart", "mandarin-baker", "zf_xiaoxiao")
ROUNDS = 7


def main() -> None:
    """Measure the voices that are there."""
    settings = load(packaged_config()).settings
    store = open_store(settings.models.directory)
    factory = PlainFactory(settings, store)
    found = [find_plain(name, store) for name in NAMES]
    voices = {voice.name: factory.make(voice) for voice in found if is_there(voice, store)}
    languages = {voice.name: voice.language for voice in found}
    for voice in voices.values():
        voice.warm_up()
    in_turn("alone", voices, languages, nullcontext())
    in_turn("beside the brain", voices, languages, brain_at_work(settings, store))


def in_turn(
    when: str,
    voices: dict[str, Synthesizer],
    languages: dict[str, str],
    beside: AbstractContextManager[object],
) -> None:
    """Have each speak a clause, then each the next, and tell the medians."""
    took: dict[str, list[float]] = {name: [] for name in voices}
    lasts: dict[str, list[float]] = {name: [] for name in voices}
    with beside:
        for number in range(ROUNDS):
            for name, voice in voices.items():
                clauses = CLAUSES[languages[name]]
                seconds, heard = speak_timed(voice, clauses[number % len(clauses)])
                took[name].append(seconds)
                lasts[name].append(heard)
    first = statistics.median(took[next(iter(voices))])
    for name in voices:
        median, heard = statistics.median(took[name]), statistics.median(lasts[name])
        out.print(
            f"{when:17} {name:15} {median:.3f} s for {heard:.2f} s, real-time factor "
            f"{median / heard:.2f}, {median / first:.1f} times the first"
        )


if __name__ == "__main__":
    main()
