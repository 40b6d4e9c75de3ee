"""Measures how quick the plain voices are on this machine, beside a working brain."""

import contextlib
import threading
from collections.abc import Callable, Iterator
from functools import partial

from daemon.commands.console import err
from daemon.config import Settings
from daemon.errors import DigitalLifeError
from daemon.i18n import tr
from daemon.store.model_store import ModelStore
from daemon.voice.plain_factory import PlainFactory
from daemon.voice.plain_voices import PlainVoice, is_there, plain_voices
from daemon.voice.voice_speeds import KnownVoiceSpeeds, VoiceSpeed, known_speed, measure, speed_key
from daemon.worker import CancelToken

STOP_S = 30.0  # how long the brain may take to notice that it is to stop


def measure_all(settings: Settings, store: ModelStore, *, again: bool = True) -> None:
    """Measure one voice of each engine that is there; what goes wrong is told and left out.

    Without ``again``, only those that were not measured yet.
    """
    for voice in _one_of_each_engine(store):
        if not again and known_speed(voice, store):
            continue
        with err.status(tr("Measuring {name} …").format(name=voice.name)):
            try:
                speed = measure_voice(voice, settings, store)
            except DigitalLifeError as error:
                err.print(f"{voice.name}: {error}", markup=False)
                continue
        told = tr("{name}: {seconds:.2f} s for a clause of {lasts:.1f} s")
        err.print(
            told.format(name=voice.name, seconds=speed.clause_s, lasts=speed.lasts_s), markup=False
        )


def measure_voice(voice: PlainVoice, settings: Settings, store: ModelStore) -> VoiceSpeed:
    """Measure a voice and remember it."""
    made = PlainFactory(settings, store).make(voice)
    try:
        made.warm_up()
        speed = measure(made, voice.language, partial(brain_at_work, settings, store))
    finally:
        made.close()
    KnownVoiceSpeeds().keep(speed_key(voice, store), speed)
    return speed


def _one_of_each_engine(store: ModelStore) -> list[PlainVoice]:
    found: dict[str, PlainVoice] = {}
    for voice in plain_voices(store):
        if voice.engine != "espeak" and is_there(voice, store):
            found.setdefault(voice.weight, voice)
    return list(found.values())


@contextlib.contextmanager
def brain_at_work(settings: Settings, store: ModelStore) -> Iterator[None]:
    """Have the language model of the settings write meanwhile, if it computes on this machine."""
    stop = CancelToken()
    write = _writing(settings, store)
    if write is None:
        yield
        return
    thread = threading.Thread(target=write, args=(stop,), name="brain at work", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.cancel()
        thread.join(STOP_S)


def _writing(settings: Settings, store: ModelStore) -> Callable[[CancelToken], None] | None:
    """Return what has the language model write until it is told to stop."""
    from daemon.brain.choice import make_brain
    from daemon.media import Message

    if settings.brain.kind != "llamacpp":
        return None
    try:
        brain = make_brain(settings, store)
        brain.warm_up()
    except DigitalLifeError:
        return None

    def write(stop: CancelToken) -> None:
        try:
            question = [
                Message("user", "Tell me a very long story about the sea. 讲一个很长的故事。")
            ]
            while not stop.cancelled:
                for _ in brain.reply(question, stop):
                    pass
        except DigitalLifeError:
            return
        finally:
            brain.close()

    return write
