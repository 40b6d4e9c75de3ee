"""Speaking a text without a daemon: aloud, or into a film."""

from pathlib import Path
from typing import TYPE_CHECKING

from daemon.audio.loudspeaker import Loudspeaker
from daemon.audio.player import wait_until_heard
from daemon.audio.virtual_microphone import local_loudspeaker
from daemon.commands.console import err
from daemon.commands.film import write_film
from daemon.components import Components
from daemon.errors import InputError
from daemon.face.cues import CueTrack
from daemon.face.film import Film
from daemon.i18n import tr
from daemon.media import SPEAK_RATE, FaceFrame, Sentence, Speech, joined

if TYPE_CHECKING:
    from daemon.config import Settings


async def speak(sentences: list[Sentence], path: Path | None, settings: "Settings") -> None:
    """Speak aloud, or into a film at ``path``."""
    async with Components(settings) as components:
        player = None
        if path is None:
            player = Loudspeaker(local_loudspeaker(settings.voice))
            components.on_close_async(player.close)
            player.open()
        speaking = components.worker("voice")
        with err.status(tr("Loading models…")):
            voice = await components.make(speaking, components.voice)
            conversion = await components.conversion(voice, speaking)
        total, said = 0, list[Speech]()
        for sentence in sentences:
            async for plain in speaking.stream(voice.synthesize, sentence.text):
                audio = await conversion.convert(plain) if conversion else plain
                audio = audio.at_rate(SPEAK_RATE)
                said.append(Speech(0, sentence, total, audio))
                total += len(audio.samples)
                if player:
                    await player.play(audio.samples)
        if not said:
            raise InputError(tr("There is nothing to say in this text"))
        if player:
            await wait_until_heard(player, total)
        if path:
            await _film(components, path, said, conversion.statement if conversion else "")


async def _film(components: Components, path: Path, said: list[Speech], comment: str) -> None:
    sound = joined([speech.audio for speech in said])
    drawing = components.worker("lips")
    film = Film(components.settings.face.expressiveness)
    face = await components.make(drawing, components.face)
    cues = CueTrack(face.fps)
    for speech in said:
        cues.feed(speech)
    await drawing.run(lambda _: face.begin())
    number = 0
    for work in ((face.render, sound), (face.finish,)):
        async for mouth in drawing.stream(*work):
            at = number * SPEAK_RATE // face.fps
            await film.put(FaceFrame(0, at, mouth, cues.take(at)))
            number += 1
    await drawing.run(write_film, path, face, film, sound.samples, comment, 0.0)
