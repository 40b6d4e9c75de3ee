"""The plain voices that are known, and how each sounds."""

import io
import wave

import numpy as np
from fastapi import APIRouter
from starlette.responses import Response

from daemon.api.known_answers import KnownVoice, PlainVoiceList
from daemon.api.services import Served
from daemon.config import Settings
from daemon.errors import BusyError
from daemon.i18n import tr
from daemon.media import Audio
from daemon.store.model_store import ModelStore
from daemon.voice.plain_factory import speaking_names
from daemon.voice.plain_voices import is_there, no_such_voice, plain_voices
from daemon.voice.voice_speeds import known_speed
from daemon.worker import CancelToken

router = APIRouter(prefix="/voices", tags=["voices"])

SAMPLE_RATE = 24_000  # Hz: as much as the voices have


@router.get("")
async def voices(services: Served) -> PlainVoiceList:
    """Return all plain voices, and which of them speaks each language."""
    running = services.daemon.require_running()
    settings, store = running.components.settings, running.components.store
    return PlainVoiceList(voices=await services.worker.run(lambda _: _voices(settings, store)))


@router.get("/{name}/sample", response_class=Response)
async def sample(services: Served, name: str) -> Response:
    """Return a sentence in a voice's own language, as a WAV file; it is loaded for that alone."""
    running = services.daemon.require_running()
    settings, store = running.components.settings, running.components.store
    if services.sampling.locked():
        raise BusyError(tr("Too many voices are being tried at once."))
    async with services.sampling:
        sound = await services.worker.run(lambda cancel: _sample(name, settings, store, cancel))
    return Response(sound, media_type="audio/wav")


def _voices(settings: Settings, store: ModelStore) -> list[KnownVoice]:
    speaking = set(speaking_names(settings, store).values())
    found = []
    for voice in plain_voices(store):
        speed = known_speed(voice, store)
        found.append(
            KnownVoice(
                name=voice.name,
                engine=voice.engine,
                language=voice.language,
                sex=voice.sex,
                licence=voice.licence,
                restriction=voice.restriction,
                there=is_there(voice, store),
                in_use=voice.name in speaking,
                real_time_factor=round(speed.factor, 3) if speed else None,
            )
        )
    return found


def _sample(name: str, settings: Settings, store: ModelStore, cancel: CancelToken) -> bytes:
    from daemon.voice.samples import sample  # with the engines' libraries

    known = {voice.name: voice for voice in plain_voices(store)}
    if name not in known:  # and no file: a path is no business of a request
        raise no_such_voice(name, list(known))
    return wav(sample(known[name], "", settings, store, cancel).at_rate(SAMPLE_RATE))


def wav(audio: Audio) -> bytes:
    """Return a sound as a WAV file with 16 bits a sample."""
    made = io.BytesIO()
    with wave.open(made, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(audio.rate)
        file.writeframes((np.clip(audio.samples, -1, 1) * 32767).astype("<i2").tobytes())
    return made.getvalue()
